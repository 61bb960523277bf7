"""What fresh connections met, decided without asking anybody."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from grader.delivery.gate import Decision
from grader.delivery.gate.releases import (
    CONNECTIONS,
    Met,
    is_lost,
    met_answers,
    met_commits,
    one_answer,
    one_commit,
    remarks,
    seconds_kept,
)
from grader.model import Reply
from grader.outcomes import Outcome

PROMOTE, HOLD, REJECT = Decision.PROMOTE, Decision.HOLD, Decision.REJECT
OLD, NEW = "a" * 40, "b" * 40
ALL = CONNECTIONS


def seen(**counts: int) -> Met:
    """`new`, `old` and `none` are commits; anything else is an answer."""
    names = {"new": NEW, "old": OLD, "none": ""}
    return Met(Counter({names.get(name, name): count for name, count in counts.items()}))


@pytest.mark.parametrize(
    ("candidate", "baseline", "expected", "decision"),
    [
        (seen(new=ALL), None, "", PROMOTE),
        (seen(new=ALL), None, NEW, PROMOTE),
        (seen(new=ALL), None, NEW[:7], PROMOTE),
        (seen(bbbbbbb=ALL), None, NEW, PROMOTE),
        (seen(old=ALL), None, NEW, REJECT),
        (seen(new=ALL - 1, old=1), None, "", REJECT),
        (seen(new=ALL - 1, old=1), None, NEW, REJECT),
        # An old server that does not know /healthz yet.
        (seen(new=ALL - 1, none=1), None, "", REJECT),
        (seen(new=ALL - 1, none=1), seen(old=ALL), NEW, REJECT),
        (seen(none=ALL), None, "", PROMOTE),
        (seen(none=ALL), None, NEW, HOLD),
        (seen(), None, "", PROMOTE),
        (seen(), None, NEW, HOLD),
        (seen(new=40, old=12), seen(new=12, old=40), "", PROMOTE),
        (seen(new=40, old=12), seen(new=12, old=40), NEW, REJECT),
        (seen(new=ALL - 1), None, "", HOLD),
        # Nobody knows whether the baseline's servers differ as well.
        (seen(new=40, old=12), Met(Counter(), lost=10), "", HOLD),
        (seen(new=40, old=12), seen(old=ALL - 1), "", HOLD),
        (seen(new=40, old=12), Met(Counter(), lost=10), NEW, REJECT),
        # Only if all of them were opened is no commit known to be told.
        (replace(seen(), cut_off=True), None, "", HOLD),
        (replace(seen(), cut_off=True), None, NEW, HOLD),
        (replace(seen(new=3), cut_off=True), None, NEW, HOLD),
    ],
)
def test_one_commit(
    candidate: Met, baseline: Met | None, expected: str, decision: Decision
) -> None:
    found = one_commit(candidate, baseline, expected)
    assert found.decision is decision, found.words


def test_how_often_a_commit_was_met_is_told_if_there_are_several() -> None:
    assert one_commit(seen(new=ALL), None, "").words.endswith(f"one release: commit {NEW[:12]}")
    assert one_commit(seen(old=ALL), None, NEW).words.endswith(f"{OLD[:12]}, not {NEW[:12]}")
    stale = one_commit(seen(new=ALL - 1, old=1), None, NEW).words
    assert stale.endswith(f"met commit {OLD[:12]} (1), not {NEW[:12]} alone")
    mixed = one_commit(seen(new=ALL - 1, old=1), None, "").words
    assert f"commit {NEW[:12]} (51)" in mixed
    assert f"commit {OLD[:12]} (1)" in mixed


@pytest.mark.parametrize(
    ("candidate", "baseline", "decision"),
    [
        (seen(a=ALL), None, PROMOTE),
        (seen(a=ALL - 1, b=1), seen(a=ALL), REJECT),
        (seen(a=30, b=22), seen(c=30, d=22), PROMOTE),
        (seen(a=3), None, HOLD),
        (seen(), None, HOLD),
        (seen(a=30, b=22), Met(Counter(), lost=10), HOLD),
        (seen(a=30, b=22), seen(a=ALL - 1), HOLD),
    ],
)
def test_one_answer(candidate: Met, baseline: Met | None, decision: Decision) -> None:
    found = one_answer(candidate, baseline)
    assert found.decision is decision, found.words


def test_words_say_what_could_not_be_compared() -> None:
    mixed, lost = seen(a=30, b=22), Met(Counter(), lost=10)
    for found in (one_answer(mixed, lost), one_commit(mixed, lost, "")):
        assert found.words.endswith(
            "; the baseline could not be compared: only 0 of 52 fresh connections could be compared"
        )
    late = replace(seen(a=3), cut_off=True)
    for found in (one_answer(late, None), one_commit(late, None, "")):
        assert found.words == (
            "the time was over before the connections were compared (3 of 52); give more --minutes"
        )


@pytest.mark.parametrize(
    ("seconds", "took", "kept"), [(900, 26, 32.5), (900, 60, 75), (900, 10, 32.5), (30, 26, 10)]
)
def test_pairs_leave_time_to_the_connections_after_them(
    seconds: float, took: float, kept: float
) -> None:
    assert seconds_kept(seconds, per_second=2.0, took=took) == pytest.approx(kept)


def test_fifty_two_connections_miss_one_server_of_eight_once_in_a_thousand_times() -> None:
    assert (7 / 8) ** CONNECTIONS <= 0.001 < (7 / 8) ** (CONNECTIONS - 1)


def reply(path: str, status: int | None, text: str = "", failure: Outcome | None = None) -> Reply:
    return Reply(f"http://x{path}", datetime.now(UTC), status=status, text=text, failure=failure)


def test_replies_are_counted() -> None:
    healthz = '{"status": "ok", "release": {"commit": "%s"}}'
    told = [
        *[reply("/healthz", 200, healthz % NEW)] * 3,
        *[reply("/healthz", 404)] * 2,
        *[reply("/healthz", 500)] * 4,
    ]
    answered = [
        *[reply("/api?q=1", 200, " 83. ")] * 2,
        reply("/api?q=1", 200, "83"),
        reply("/api?q=1", 404),
        reply("/api?q=1", None, failure=Outcome.UNREACHABLE),
    ]
    assert met_commits(told) == Met(Counter({NEW: 3, "": 2}), lost=4)
    assert met_commits(told, cut_off=True).cut_off
    assert not met_commits(told[:1] * ALL, cut_off=True).cut_off
    assert met_answers(answered) == Met(Counter({"83": 3, "status 404": 1}), lost=1)
    assert [is_lost(each) for each in answered] == [False] * 4 + [True]


def test_remarks_say_what_nobody_can_know() -> None:
    assert list(remarks(seen(new=ALL), OLD)) == []
    assert list(remarks(seen(new=ALL), "")) == []
    assert "does not" in "".join(remarks(seen(none=ALL), OLD))
    assert "Neither side" in "".join(remarks(seen(none=ALL), ""))


def test_one_commit_on_both_sides_is_remarked_if_nobody_expects_it() -> None:
    (remark,) = remarks(seen(new=ALL), NEW[:7])
    assert remark.startswith(f"Both tell the same commit, {NEW[:7]}: ")
    assert list(remarks(seen(new=ALL), NEW, expected=NEW)) == []
    assert list(remarks(seen(new=40, old=12), NEW)) == []
