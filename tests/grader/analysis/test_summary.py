from dataclasses import replace

import pytest

from grader.analysis.summary import summarize
from grader.model import Question, State
from grader.outcomes import Outcome
from tests.grader.formats.classes import QUESTIONS, LargeClass, scorecard, small_class

R = Outcome.RIGHT


def worded(query: str) -> Question:
    return replace(QUESTIONS[3], query=query)


def test_counts_a_class() -> None:
    summary = summarize(small_class())
    assert summary.students == 9
    assert summary.states == {
        State.GRADED: 5,
        State.UNREACHABLE: 1,
        State.REFUSED: 1,
        State.INVALID: 1,
        State.NOT_GRADED: 1,
    }
    assert [each.entry for each in summary.questions] == [
        "page",
        "api",
        "shakespeare",
        "andrew id",
        "sum",
    ]
    assert [each.name for each in summary.questions] == [
        "the page",
        "the API",
        "Shakespeare",
        "andrew id",
        "sum",
    ]
    # 100, 20, 20, 10, 20 and three zeros; the student who is not graded counts nowhere.
    assert list(summary.percents) == [0, 0, 0, 10, 20, 20, 20, 100]
    assert summary.mean == pytest.approx(170 / 8)
    assert summary.quartiles == pytest.approx((0, 15, 20))
    assert [count for _, count in summary.distribution] == [3, 1, 3, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_question_not_checked_counts_neither_way() -> None:
    shakespeare = summarize(small_class()).questions[2]
    assert (shakespeare.right, shakespeare.checked) == (1, 8)
    assert shakespeare.pass_rate == pytest.approx(12.5)
    assert shakespeare.shares[0] == (Outcome.RIGHT, 1)
    unchecked = [scorecard("abc", [Outcome.NOT_CHECKED] * 5, State.NOT_GRADED)]
    assert summarize(unchecked).questions[0].pass_rate is None


def test_a_question_in_several_wordings_shows_them_all() -> None:
    asked = ("Who are you? Say 1.", "Who are you? Say 2.", "Your id, please.")
    [id_] = summarize(
        [scorecard(f"s{n}", [R], questions=[worded(asked[n])]) for n in range(3)]
    ).questions
    assert id_.examples == ("Who are you? Say 1.", "Your id, please.")


def test_queries_that_all_differ_are_no_wordings() -> None:
    letters = "abcdefghijklm"
    cards = [scorecard(each, [R], questions=[worded(f"Spell {each}.")]) for each in letters]
    assert summarize(cards).questions[0].examples == ("Spell a.",)


def test_tells_which_columns_anybody_filled() -> None:
    nobody = scorecard("abc", [R] * 5, name="")
    nobody = replace(nobody, verdicts=tuple(replace(v, replies=()) for v in nobody.verdicts))
    assert summarize([nobody]).filled == frozenset()
    assert summarize(small_class()).filled == {"name", "section", "median", "look"}


def test_a_class_without_students_or_with_one() -> None:
    nobody = summarize([])
    assert (nobody.students, nobody.mean, nobody.quartiles) == (0, None, None)
    one = summarize([scorecard("abc", [Outcome.RIGHT] * 5)])
    assert one.quartiles == pytest.approx((100, 100, 100))


def test_reads_a_class_once() -> None:
    large = LargeClass(200)
    assert summarize(large).students == 200
    assert large.passes == 1


def test_whom_the_roster_no_longer_has_is_no_part_of_the_class() -> None:
    here, gone = (scorecard(andrew_id, [Outcome.RIGHT] * 5) for andrew_id in ("ada", "ben"))
    gone = replace(gone, submission=replace(gone.submission, url=here.submission.url, listed=False))
    summary = summarize([here, gone])
    assert (summary.students, summary.flags) == (1, ())
