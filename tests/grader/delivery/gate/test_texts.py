"""Which questions are asked, and how replies that nobody can judge are compared."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from grader.delivery.gate.texts import ENOUGH, Grading, NoQuestionsError, Text, seen, texts_of
from grader.delivery.gate.values import Grade, Order, Sample, Seen
from grader.model import AnythingKey, IdKey, Judgement, Question, Reply, Verdict
from grader.outcomes import Outcome
from grader.questions import load_battery
from tests.grader.apps import ACTIVITY
from tests.grader.delivery.gate.sides import order

ORDER = order("http://localhost:1", "http://localhost:2")
NOBODYS = order("http://localhost:1", "http://localhost:2", andrew_id="")


def queries(order: Order, seed: int = 7) -> list[str]:
    return [text.question.query for text in texts_of(order, seed)]


@pytest.mark.parametrize("seed", range(20))
def test_there_are_at_least_seventy_different_texts(seed: int) -> None:
    asked = queries(ORDER, seed)
    assert len(asked) == len(set(asked)) >= ENOUGH


def test_one_query_of_ten_is_among_seventy_in_all_but_one_of_a_thousand_times() -> None:
    assert (9 / 10) ** ENOUGH <= 0.001


def test_the_first_pairs_meet_each_family() -> None:
    first = texts_of(ORDER, 7)[:31]
    every = {entry.family for entry in load_battery("extreme").entries}
    assert {text.question.family for text in first} == every


def test_a_battery_that_asks_always_the_same_is_asked_as_it_is() -> None:
    assert len(queries(replace(ORDER, battery=ACTIVITY))) == 4


def test_checks_and_pages_are_none_of_its_questions() -> None:
    with pytest.raises(NoQuestionsError, match="--battery"):
        texts_of(replace(ORDER, battery=load_battery("page")), 7)


def test_captured_queries_come_last_and_once() -> None:
    captured = ("what next", "What is your Andrew ID?", "what next")
    texts = texts_of(replace(ORDER, battery=ACTIVITY, captured=captured), 7)
    assert [text.question.query for text in texts if text.compared] == ["what next"]
    assert texts[-1].compared


def test_without_an_id_questions_about_it_are_compared() -> None:
    compared = [text.question for text in texts_of(NOBODYS, 7) if text.compared]
    assert {question.family for question in compared} == {"andrew_id"}
    judged = [text.question.key for text in texts_of(ORDER, 7) if not text.compared]
    assert IdKey("abc123") in judged


COMPARED = (Text(Question("captured", "q", AnythingKey("", 10**9), 0), compared=True),)


def side(text: str | None) -> Seen:
    """A reply with this text; None is a failure."""
    reply = Reply("http://x/api?q=q", datetime.now(UTC), status=200 if text else 500)
    outcome = Outcome.SERVER_ERROR if text is None else Outcome.RIGHT
    verdict = Verdict(
        COMPARED[0].question, Judgement(outcome, ""), (replace(reply, text=text or ""),)
    )
    return seen(verdict, on_time=True)


def grades(*pairs: tuple[str | None, str | None]) -> list[tuple[Grade, Grade]]:
    """The grades of replies of candidate and baseline, pair by pair."""
    grading = Grading(COMPARED)
    samples = [Sample(0, *grading.pair(0, side(here), side(there))) for here, there in pairs]
    return [(sample.candidate.grade, sample.baseline.grade) for sample in samples]


LONG = "x" * 2500
R, W, A, F = Grade.RIGHT, Grade.WRONG, Grade.ANSWERED, Grade.FAILED


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a", "a"), ("A. ", "a")], [(R, R), (R, R)]),
        ([("b", "a"), ("b", "a")], [(W, R), (W, R)]),
        # The baseline answers differently each time: its own wavering.
        ([("1", "2"), ("3", "4")], [(W, R), (W, W)]),
        # Until the baseline has answered, nobody knows what is right.
        ([("a", None), ("a", "a")], [(A, F), (R, R)]),
        ([(None, "a"), ("a", None)], [(F, R), (R, F)]),
        # Much longer than what is kept: the whole replies are compared.
        ([(LONG + "b", LONG + "a"), (LONG + "a", LONG + "a")], [(W, R), (R, R)]),
    ],
)
def test_replies_are_compared_with_the_baselines_first(
    pairs: list[tuple[str | None, str | None]], expected: list[tuple[Grade, Grade]]
) -> None:
    assert grades(*pairs) == expected


@pytest.mark.parametrize("compared", [True, False])
def test_of_a_long_reply_the_beginning_is_kept(compared: bool) -> None:
    grading = Grading((replace(COMPARED[0], compared=compared),))
    for seen_ in grading.pair(0, side("x" * 60_000), side("x" * 60_000)):
        assert seen_.verdict is not None
        assert seen_.verdict.reply is not None
        assert len(seen_.verdict.reply.text) == 2000


def test_replies_that_begin_alike_are_told_to_differ_later() -> None:
    here, there = Grading(COMPARED).pair(0, side(LONG + "b"), side(LONG + "a"))
    assert here.verdict is not None
    assert there.verdict is not None
    assert here.verdict.judgement.reason.endswith("…”, and the replies differ after that")
    assert "differ" not in there.verdict.judgement.reason


def test_a_reply_that_no_encoding_takes_is_compared_too() -> None:
    assert grades(("\ud800", "\ud800"), ("\ud801", "\ud800")) == [(R, R), (W, R)]
