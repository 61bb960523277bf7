"""What differs is a difference of the candidate's, and never what the baseline does by itself."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.replay.comparing import Kind, Replies, ReplyKind, compared, seen
from grader.model import Reply
from grader.outcomes import Outcome

REPLY = Reply("http://localhost:1/api?q=x", datetime(2026, 11, 26, tzinfo=UTC), 200, "4")
FOUR, FIVE = REPLY, replace(REPLY, text="5")
NOTHING = replace(REPLY, text=" \n")
BROKEN = replace(REPLY, status=500, text="at 10:00:01")
MISSING = replace(REPLY, status=404, text="no such page")
SLOW = replace(REPLY, status=None, text="", failure=Outcome.TOO_SLOW, detail="after 10 s")
OURS = replace(SLOW, failure=Outcome.NOT_CHECKED, detail="this machine was too busy")
LIMITED = replace(REPLY, status=429)
LOGIN = replace(REPLY, status=401)

replies = st.sampled_from([FOUR, FIVE, NOTHING, BROKEN, MISSING, SLOW, OURS, LIMITED, LOGIN])


def of(baseline: Reply, candidate: Reply, again: Reply | None = None) -> Replies:
    return Replies(seen(baseline), seen(candidate), seen(again or baseline))


def kind(*replies: Replies) -> Kind:
    return compared("x", 1, replies).kind


@pytest.mark.parametrize(
    ("baseline", "candidate", "expected"),
    [
        (FOUR, FOUR, Kind.SAME),
        (FOUR, FIVE, Kind.CHANGED),
        (FOUR, NOTHING, Kind.LOST),
        (FOUR, BROKEN, Kind.ERROR),
        (FOUR, SLOW, Kind.ERROR),
        (NOTHING, FOUR, Kind.NEW),
        (NOTHING, replace(NOTHING, text=""), Kind.SAME),
        (NOTHING, BROKEN, Kind.ERROR),
        (BROKEN, FOUR, Kind.NEW),
        (SLOW, FOUR, Kind.NEW),
        (BROKEN, NOTHING, Kind.CHANGED),
        (BROKEN, MISSING, Kind.CHANGED),
        # The text of an error tells a time or a number of its own.
        (BROKEN, replace(BROKEN, text="at 10:00:02"), Kind.SAME),
        (SLOW, replace(SLOW, detail="after 11 s"), Kind.SAME),
        (FOUR, OURS, Kind.UNTOLD),
        (OURS, FIVE, Kind.UNTOLD),
        (FOUR, LIMITED, Kind.UNTOLD),
        (FOUR, LOGIN, Kind.UNTOLD),
    ],
)
def test_the_kinds(baseline: Reply, candidate: Reply, expected: Kind) -> None:
    assert kind(of(baseline, candidate)) is expected
    assert kind(of(baseline, candidate), of(baseline, candidate)) is expected


@pytest.mark.parametrize("candidate", [FOUR, FIVE, replace(REPLY, text="6")])
def test_a_baseline_that_changes_its_words_measures_no_words(candidate: Reply) -> None:
    assert kind(of(FOUR, candidate, FIVE)) is Kind.NOISE


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [(BROKEN, Kind.ERROR), (NOTHING, Kind.LOST), (OURS, Kind.UNTOLD)],
)
def test_but_it_answers_and_that_can_be_lost(candidate: Reply, expected: Kind) -> None:
    assert kind(of(FOUR, candidate, FIVE)) is expected


@pytest.mark.parametrize("candidate", [FOUR, FIVE, NOTHING, MISSING, SLOW, BROKEN])
def test_a_baseline_that_fails_once_measures_nothing(candidate: Reply) -> None:
    found = compared("x", 1, [of(FOUR, candidate, BROKEN)])
    assert found.kind is Kind.NOISE
    assert "one of the baseline's two replies failed: the app answered with" in found.reason
    assert found.asks_again


def test_a_difference_counts_only_if_it_shows_again() -> None:
    first = compared("x", 1, [of(FOUR, BROKEN)])
    assert (first.kind, first.asks_again) == (Kind.ERROR, True)
    again = compared("x", 1, [of(FOUR, BROKEN), of(FOUR, FOUR)])
    assert (again.kind, again.reason) == (Kind.NOISE, "the difference did not show again")
    assert kind(of(FOUR, BROKEN), of(FOUR, NOTHING)) is Kind.LOST


def test_an_answer_that_changes_with_time_is_noise() -> None:
    later = (replace(REPLY, text="at noon"), replace(REPLY, text="after noon"))
    found = compared("x", 1, [of(FOUR, FIVE), of(*later)])
    assert (found.kind, "later" in found.reason) == (Kind.NOISE, True)
    # Even so, an error instead of an answer is no matter of time.
    assert kind(of(FOUR, BROKEN), of(later[0], BROKEN)) is Kind.ERROR


def test_a_baseline_that_stops_answering_is_no_measure() -> None:
    assert kind(of(FOUR, NOTHING), of(NOTHING, FOUR)) is Kind.NOISE


def test_what_could_not_be_told_may_be_told_the_second_time() -> None:
    assert compared("x", 1, [of(FOUR, OURS)]).asks_again
    assert kind(of(FOUR, OURS), of(FOUR, FOUR)) is Kind.SAME


@pytest.mark.parametrize("unsure", [of(FOUR, LIMITED), of(FOUR, FOUR, BROKEN)])
def test_what_shows_only_at_the_second_look_has_to_show_at_a_third_one(unsure: Replies) -> None:
    looks = [unsure, of(FOUR, SLOW)]
    assert compared("x", 1, looks).asks_again
    once = compared("x", 1, [*looks, of(FOUR, FOUR)])
    assert (once.kind, once.reason) == (Kind.NOISE, "the difference did not show again")
    twice = compared("x", 1, [*looks, of(FOUR, SLOW)])
    assert (twice.kind, once.asks_again, twice.asks_again) == (Kind.ERROR, False, False)
    assert kind(*looks, of(FOUR, LIMITED)) is Kind.UNTOLD


@given(baseline=replies, again=replies, turn=st.booleans())
def test_a_reply_of_the_baselines_own_is_never_a_difference(
    baseline: Reply, again: Reply, turn: bool
) -> None:
    candidate = baseline if turn else again
    assert not kind(of(baseline, candidate, again)).differs


@given(replies=st.lists(st.builds(of, replies, replies, replies), min_size=1, max_size=3))
def test_no_difference_is_final_that_was_seen_once(replies: list[Replies]) -> None:
    found = compared("x", 1, replies[:1])
    for looks in range(1, len(replies) + 1):
        found = compared("x", 1, replies[:looks])
        if not found.asks_again:
            break
    if found.kind.differs and not found.asks_again:
        assert sum(kind(each).differs for each in found.replies) >= 2


@given(replies=st.lists(st.builds(of, replies, replies, replies), min_size=1, max_size=3))
def test_a_difference_needs_a_steady_baseline_and_says_no_reason(replies: list[Replies]) -> None:
    found = compared("x", 3, replies)
    last = found.replies[-1]
    if found.kind.differs:
        assert last.baseline.kind is last.again.kind
        assert last.candidate.same_by not in (last.baseline.same_by, last.again.same_by)
        assert ReplyKind.UNTOLD not in {each.kind for each in last.seen}
    assert bool(found.reason) == (found.kind in (Kind.NOISE, Kind.UNTOLD))


def test_long_replies_are_compared_whole_and_kept_in_part() -> None:
    long = replace(REPLY, text="x" * 60_000 + "1")
    other = replace(REPLY, text="x" * 60_000 + "2")
    assert kind(of(long, other)) is Kind.CHANGED
    assert len(seen(long).text) == 2000
