"""Judging stored replies by other questions: what stands, what changes, what cannot be said."""

from dataclasses import replace

import pytest

from grader.jobs.rejudging import rejudge
from grader.model import NumberKey, ProbeKind, ReleaseKey, Reply, Scorecard, State, Verdict
from grader.outcomes import Outcome
from tests.grader.formats.classes import QUESTIONS, START, scorecard, verdict

ALL_RIGHT = [Outcome.RIGHT] * 5
PAGE, API, SHAKESPEARE, ANDREW_ID, SUM = QUESTIONS


def asked(*verdicts: Verdict, state: State = State.GRADED) -> Scorecard:
    return replace(scorecard("abc123", ALL_RIGHT, state), verdicts=verdicts)


def outcomes(card: Scorecard | None) -> list[Outcome]:
    assert card is not None
    return [each.outcome for each in card.verdicts]


def test_the_same_battery_changes_nothing_where_the_replies_say_the_same() -> None:
    card = asked(verdict(SUM, Outcome.RIGHT, "168"))
    first = rejudge(card, [SUM])
    assert first is not None
    assert rejudge(first, [SUM]) == first
    assert first.verdicts[0].replies == card.verdicts[0].replies
    assert (first.started_at, first.finished_at) == (card.started_at, card.finished_at)


def test_a_corrected_key_and_points_count() -> None:
    card = asked(verdict(SUM, Outcome.RIGHT, "168"))
    assert outcomes(rejudge(card, [replace(SUM, key=NumberKey(169))])) == [Outcome.WRONG]
    more = rejudge(card, [replace(SUM, points=25)])
    assert more is not None
    assert (more.earned, more.max_score) == (25, 25)


def test_what_was_right_but_slow_stays_slow_as_long_as_it_is_right() -> None:
    card = asked(replace(verdict(SUM, Outcome.RIGHT, "168"), degraded=True))
    for key, slow in ((SUM.key, True), (NumberKey(169), False)):
        again = rejudge(card, [replace(SUM, key=key)])
        assert again is not None
        assert again.verdicts[0].degraded is slow


def test_another_query_or_probe_was_never_asked() -> None:
    card = asked(verdict(SUM, Outcome.RIGHT, "168"))
    assert rejudge(card, [replace(SUM, query="What is 1 plus 1?")]) is None
    assert rejudge(card, [replace(SUM, probe=ProbeKind.PAGE)]) is None
    assert rejudge(card, [replace(SUM, typing="letters")]) is None


def test_entries_that_ask_the_same_words_keep_their_own_replies() -> None:
    twice = [replace(SUM, name="first"), replace(SUM, name="second")]
    card = asked(verdict(twice[0], Outcome.WRONG, "7"), verdict(twice[1], Outcome.RIGHT, "168"))
    assert outcomes(rejudge(card, twice)) == [Outcome.WRONG, Outcome.RIGHT]
    assert outcomes(rejudge(card, twice[::-1])) == [Outcome.RIGHT, Outcome.WRONG]


def test_requirements_are_those_of_the_new_battery() -> None:
    base, builds_on = replace(SUM, name="base"), replace(ANDREW_ID, requires=("base",))
    card = asked(verdict(base, Outcome.RIGHT, "168"), verdict(builds_on, Outcome.RIGHT, "abc123"))
    stricter = [replace(base, key=NumberKey(1)), builds_on]
    skipped = rejudge(card, stricter)
    assert outcomes(skipped) == [Outcome.WRONG, Outcome.SKIPPED]
    # The reply is kept, so that the way back is open.
    assert skipped is not None
    assert outcomes(rejudge(skipped, [base, builds_on])) == [Outcome.RIGHT, Outcome.RIGHT]


def test_what_was_skipped_for_what_is_right_now_has_to_be_asked() -> None:
    base, builds_on = replace(SUM, name="base"), replace(ANDREW_ID, requires=("base",))
    card = asked(verdict(base, Outcome.WRONG, "7"), verdict(builds_on, Outcome.SKIPPED))
    assert outcomes(rejudge(card, [base, builds_on])) == [Outcome.WRONG, Outcome.SKIPPED]
    assert rejudge(card, [replace(base, key=NumberKey(7)), builds_on]) is None
    assert outcomes(rejudge(card, [base, replace(builds_on, hint="Look here.")])) == [
        Outcome.WRONG,
        Outcome.SKIPPED,
    ]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.UNREACHABLE, Outcome.UNREACHABLE),
        (State.REFUSED, Outcome.FORBIDDEN_ADDRESS),
        (State.INVALID, Outcome.SKIPPED),
        (State.NOT_GRADED, Outcome.NOT_CHECKED),
    ],
)
def test_who_could_not_be_asked_at_all_stays_so_for_any_question(
    state: State, outcome: Outcome
) -> None:
    card = scorecard("abc123", [outcome] * 5, state)
    card = replace(card, verdicts=tuple(replace(each, replies=()) for each in card.verdicts))
    now = rejudge(card, [replace(SUM, query="What is 1 plus 1?", points=7)])
    assert outcomes(now) == [outcome]
    assert now is not None
    assert (now.state, now.max_score, now.earned) == (state, 7, card.earned)


def test_a_release_that_was_never_asked_for_is_told_by_the_wake_up() -> None:
    told = '{"release": {"commit": "c0ffee1"}}'
    woken = Reply("https://x.example.com/healthz", START, 200, told, elapsed_ms=30_000)
    card = replace(asked(verdict(SUM, Outcome.RIGHT, "168")), wake_up=(woken,))
    latency = card.latency
    # Each time anew: the release expected may be corrected again.
    for commit, outcome in (("badbad1", Outcome.WRONG), ("c0ffee1", Outcome.RIGHT)) * 2:
        release = replace(API, query="", key=ReleaseKey(commit), points=0, requires=())
        now = rejudge(card, [SUM, release])
        assert outcomes(now) == [Outcome.RIGHT, outcome]
        assert now is not None
        # How long it took to wake up is no time of an answer.
        assert now.latency == latency
        card = now
    lost = replace(card, verdicts=card.verdicts[:1], wake_up=(replace(woken, url="https://x/"),))
    assert rejudge(lost, [SUM, release]) is None


def test_a_check_that_failed_on_our_side_keeps_it_without_a_score() -> None:
    lost = replace(verdict(SUM, Outcome.NOT_CHECKED), replies=())
    card = asked(verdict(ANDREW_ID, Outcome.RIGHT, "abc123"), lost, state=State.NOT_GRADED)
    assert rejudge(card, [ANDREW_ID, SUM]) is not None
    now = rejudge(card, [ANDREW_ID])
    assert now is not None
    assert (now.state, now.earned) == (State.GRADED, 60)


@pytest.mark.parametrize("crashed", [True, False])
def test_what_the_second_pass_could_not_see_stays_without_a_score(crashed: bool) -> None:
    down = Reply("https://x.example.com/healthz", START, failure=Outcome.NOT_CHECKED)
    failing = verdict(SUM, Outcome.SERVER_ERROR, "cold start")
    never = replace(verdict(ANDREW_ID, Outcome.NOT_CHECKED), replies=())
    card = asked(failing, *(() if crashed else (never,)), state=State.NOT_GRADED)
    card = replace(card, reason="why", wake_up=() if crashed else (down,))
    questions = [SUM, replace(ANDREW_ID, requires=(SUM.name,))]
    now = rejudge(card, questions[: len(card.verdicts)])
    assert now is not None
    assert (now.state, now.score, now.reason) == (State.NOT_GRADED, None, "why")
