"""Rows that Moodle's grade import takes as a whole."""

import csv
from dataclasses import replace

import pytest

from grader.formats import moodle_csv
from grader.formats.gradebook import Filled, Gradebook, GradebookError
from grader.formats.moodle_csv import IdColumn
from grader.model import Scorecard, State
from grader.outcomes import Outcome
from tests.grader.formats.classes import RUN, scorecard

RIGHT, WRONG = [Outcome.RIGHT] * 5, [Outcome.WRONG] * 5


def render(cards: list[Scorecard], assignment: str, column: IdColumn = IdColumn.USERNAME) -> Filled:
    return moodle_csv.render(RUN, cards, Gradebook(assignment=assignment, id_column=column))


def rows(cards: list[Scorecard], column: IdColumn = IdColumn.USERNAME) -> list[list[str]]:
    text = render(cards, "Deploy", column).content.decode()
    return list(csv.reader(text.splitlines()))


def test_a_percentage_for_each_student_and_a_blank_for_who_is_not_graded() -> None:
    cards = [
        scorecard("abc123", RIGHT),
        scorecard("bcd234", [Outcome.NOT_CHECKED] * 5, State.NOT_GRADED),
        scorecard("cde345", WRONG),
    ]
    assert rows(cards) == [
        ["username", "Deploy"],
        ["abc123", "100"],
        ["bcd234", ""],
        ["cde345", "0"],
    ]


@pytest.mark.parametrize(
    ("column", "identity"),
    [
        (IdColumn.USERNAME, "abc123"),
        (IdColumn.IDNUMBER, "abc123"),
        (IdColumn.EMAIL, "Ada@example.edu"),
    ],
)
def test_the_identity_is_the_one_asked_for(column: IdColumn, identity: str) -> None:
    card = scorecard("abc123", RIGHT, email="Ada@example.edu")
    assert rows([card], column) == [[column.value, "Deploy"], [identity, "100"]]


@pytest.mark.parametrize("email", ["", "ada", "=1+1@example.edu", "a\u202e@example.edu", "a\n@b"])
def test_who_cannot_be_named_is_left_out_and_does_not_stop_the_others(email: str) -> None:
    cards = [scorecard("abc123", RIGHT, email=email), scorecard("b", RIGHT, email="b@x.example")]
    done = render(cards, "Deploy", IdColumn.EMAIL)
    assert (done.filled, list(done.left_out)) == (1, ["abc123"])
    assert "b@x.example,100" in done.content.decode()


def test_nobody_gets_a_grade_into_the_row_of_another() -> None:
    victim = scorecard("abc123", RIGHT, email="ada@example.edu")
    other = scorecard("bcd234", WRONG, email="ADA@example.edu")
    done = render([victim, other], "Deploy", IdColumn.EMAIL)
    assert done.filled == 0
    assert set(done.left_out) == {"abc123", "bcd234"}


@pytest.mark.parametrize("assignment", ["", " \n", "username", "Username"])
def test_the_grades_need_a_header_of_their_own(assignment: str) -> None:
    with pytest.raises(GradebookError, match="--assignment"):
        render([scorecard("abc123", RIGHT)], assignment)


def test_a_grade_has_a_point_and_no_thousands() -> None:
    third = replace(scorecard("abc123", RIGHT).verdicts[0].question, points=20)
    card = scorecard("abc123", [Outcome.RIGHT, Outcome.WRONG, Outcome.WRONG], questions=[third] * 3)
    assert rows([card])[1] == ["abc123", "33.33"]


@pytest.mark.parametrize(
    "email", ["a@x.example; b@x.example", "a@x.example,b@x.example", "a@x.example b@x.example"]
)
def test_who_has_two_addresses_is_left_out_and_named(email: str) -> None:
    cards = [scorecard("abc123", RIGHT, email=email), scorecard("b", RIGHT, email="b@y.example")]
    done = render(cards, "Deploy", IdColumn.EMAIL)
    assert (done.filled, dict(done.left_out)) == (
        1,
        {"abc123": f"several addresses in one cell, {email}"},
    )
