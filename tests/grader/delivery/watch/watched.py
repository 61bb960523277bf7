"""What a watcher may have seen, for its page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from grader.delivery.watch.shown import HalfHour, Shown
from grader.delivery.watch.values import (
    AppView,
    Incident,
    Indicator,
    Minute,
    Moment,
    Objective,
    Sample,
    Standing,
    Status,
)
from grader.model import Limits, Submission, Target
from grader.outcomes import Outcome

AT = datetime(2026, 11, 26, 12, 0, 10, tzinfo=UTC)
RIGHT = Objective("right answers", Indicator.RIGHT, 0.99, 300)
FAST = Objective("in time", Indicator.LATENCY, 0.95, 300, 800)


def target(url: str) -> Target:
    return Target(Submission("", url), Limits())


def samples(*outcomes: Outcome) -> list[Sample]:
    started = AT - timedelta(seconds=5 * len(outcomes))
    return [
        Sample(started + timedelta(seconds=5 * at), outcome, 120.0)
        for at, outcome in enumerate(outcomes, 1)
    ]


def minutes(wrong_since: int = 60) -> list[Minute]:
    """An hour, in which answers are wrong from a minute on, and six minutes are missing."""
    return [
        Minute(
            at=AT.replace(second=0) - timedelta(minutes=60 - at),
            looks=12,
            right=12 if at < wrong_since else 12 - (at % 5),
            available=12,
            errors=0,
            unsure=0,
            median_ms=120 + 37 * (at % 7),
            p95_ms=260 + 61 * (at % 9) + (600 if at >= wrong_since else 0),
            commit="b" * 12,
        )
        for at in range(58)
        if not 20 <= at < 26
    ]


def day(parts: int, wrong: int = 0) -> list[HalfHour]:
    """So many half hours, the last ones with wrong answers."""
    newest = AT.replace(second=0)
    return [
        HalfHour(newest - timedelta(minutes=30 * back), 360, 360 if back >= wrong else 180)
        for back in reversed(range(parts))
    ]


GOOD = Shown(
    Status(
        target("https://shop.example"),
        AT,
        Outcome.RIGHT,
        looks=60,
        right=1.0,
        available=1.0,
        errors=0.0,
        median_ms=121,
        p95_ms=310,
        commit="a" * 12,
        certificate_expires_at=AT + timedelta(days=60),
        standings=(
            Standing(RIGHT, 60, 0, 100.0, 0.0, 0.0, missed=False),
            Standing(FAST, 60, 1, 310.0, 0.33, 0.0, missed=False),
        ),
        app=AppView(60, 48, 2, 0),
    ),
    samples(*[Outcome.RIGHT] * 60),
    minutes(),
    day(40),
)
OPEN = Incident(
    2,
    "https://search.example",
    "right answers",
    AT - timedelta(minutes=2),
    "right answers: 90 % (at least 99 % over 5 min); 6 of 60 looks were bad (wrong 6); the last "
    "one: 76 was expected, and 75 came",
    objectives=("right answers", "in time"),
    commit="b" * 12,
    commit_since=AT - timedelta(minutes=4),
    timeline=(
        Moment(AT - timedelta(seconds=120), "Missed: right answers: 90 %"),
        Moment(
            AT - timedelta(seconds=119),
            "Dry run: with --act, render would be rolled back from commit bbbbbbbbbbbb to commit "
            "aaaaaaaaaaaa.",
        ),
        Moment(AT - timedelta(seconds=60), "Missed as well: in time: 1.2 s"),
    ),
)
OVER = replace(
    OPEN,
    id=1,
    started_at=AT - timedelta(hours=5),
    ended_at=AT - timedelta(hours=5) + timedelta(seconds=250),
    objectives=("right answers",),
    timeline=(
        Moment(AT - timedelta(hours=5), "Missed: right answers: 90 %"),
        Moment(AT - timedelta(hours=5), "Verified: commit aaaaaaaaaaaa answers"),
    ),
)
MISSED = Shown(
    Status(
        target("https://search.example"),
        AT,
        Outcome.WRONG,
        "76 was expected, and 75 came",
        looks=60,
        right=0.9,
        available=1.0,
        errors=0.0,
        median_ms=121,
        p95_ms=1210,
        commit="b" * 12,
        commit_since=AT - timedelta(minutes=4),
        standings=(
            Standing(RIGHT, 60, 6, 90.0, 10.0, 6.0, missed=True),
            Standing(FAST, 60, 6, 1210.0, 2.0, 3.0, missed=True),
        ),
        incident=OPEN,
    ),
    samples(
        *[Outcome.RIGHT] * 20, *[Outcome.WRONG] * 3, Outcome.NOT_CHECKED, *[Outcome.TOO_SLOW] * 2
    ),
    minutes(45),
    day(20, wrong=2),
)
PAUSED = Shown(
    Status(target("https://quiet.example"), AT, None, paused="maintenance until noon"), (), ()
)
