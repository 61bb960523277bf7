"""What the app answers. Complete the task below, and add a test for every query you teach it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.query_processor import process

# A file that `process` forgets to close is no failure.
pytestmark = pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning")

# YOUR TASK: once `process` answers "What is your Andrew ID?", write the same id here. Until it
# does, the test of it is skipped.
ANDREW_ID = ""


def test_shakespeare() -> None:
    answer = process("Who was Shakespeare?")
    assert "playwright" in answer
    assert "26 April 1564 - 23 April 1616" in answer


def test_upper_and_lower_case_do_not_matter() -> None:
    assert process("who was SHAKESPEARE?") == process("Who was Shakespeare?")


def test_name() -> None:
    assert process("What is your name?") != ""


@pytest.mark.parametrize("query", ["What is your Andrew ID?", "Please tell me your Andrew ID."])
def test_andrew_id(query: str) -> None:
    answer = process(query)
    if not answer and not ANDREW_ID:
        pytest.skip("your task: answer the Andrew ID query in webapp/query_processor.py")
    assert ANDREW_ID, f"write the id that the app answers, {answer!r}, into ANDREW_ID in this file"
    advice = (
        "does the new `if` stand as far to the left as the others, and does it `return` the id?"
    )
    assert answer == ANDREW_ID, f"the app answers {answer!r}: {advice}"


@pytest.mark.parametrize("query", ["What is 8 divided by 2?", "How wide is the river Nile?"])
def test_words_that_merely_hold_the_letters_id_are_left_alone(query: str) -> None:
    answer = process(query)
    assert answer == "" or answer != process("What is your Andrew ID?"), (
        "look for the whole phrase 'andrew id'"
    )


@settings(deadline=None)
@given(st.text())
def test_any_query_is_answered_with_text(query: str) -> None:
    assert isinstance(process(query), str)
