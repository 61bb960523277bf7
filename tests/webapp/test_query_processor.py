"""What the app answers. Complete the task below, and add a test for every query you teach it."""

import warnings

import pytest

from tests.webapp.hints import is_untouched, tells, why_not
from webapp.query_processor import process

# A file that `process` forgets to close is no failure, nor is more than the id alone.
pytestmark = pytest.mark.filterwarnings(
    "default::pytest.PytestUnraisableExceptionWarning", "default:.*counts in full:UserWarning"
)

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


def test_andrew_id() -> None:
    for query in ("What is your Andrew ID?", "Please tell me your Andrew ID."):
        answer = process(query)
        if answer == ANDREW_ID == "" and is_untouched():
            pytest.skip("your task: answer the Andrew ID query in webapp/query_processor.py")
        if ANDREW_ID == "your-andrew-id" or not tells(answer, ANDREW_ID):
            pytest.fail(why_not(query, answer, ANDREW_ID), pytrace=False)
        if answer != ANDREW_ID:
            warnings.warn(f"{answer!r} counts in full; the id alone is safer", stacklevel=1)


def test_words_that_merely_hold_the_letters_id_are_left_alone() -> None:
    for query in ("What is 8 divided by 2?", "How wide is the river Nile?"):
        assert not tells(process(query), ANDREW_ID), (
            f"{query!r} is answered like a question for your id. Look for the whole phrase: "
            'if "andrew id" in question:'
        )


QUERIES = [
    # What the game asks, one of each kind.
    "What is 3 plus 4?",
    "What is 3 minus 4?",
    "What is 3 multiplied by 4?",
    "What is 3 to the power of 4?",
    "What is 3 plus 4 plus 5?",
    "What is 3 plus 4 multiplied by 5?",
    "What is 3 multiplied by 4 plus 5?",
    "Which of the following numbers is the largest: 5, 12, 7?",
    "Which of the following numbers is both a square and a cube: 64, 25, 8?",
    "Which of the following numbers are primes: 11, 12, 13?",
    "Which of the following is an anagram of listen: enlists, google, silent?",
    "What is the scrabble score of cloud?",
    "What is the 10th number in the Fibonacci sequence?",
    "Which city is the Eiffel Tower located in?",
    # What nobody plans for.
    "",
    " ",
    "?",
    "What is plus?",
    "\x00\r\n<script>",
    "é \N{EARTH GLOBE AMERICAS} +%26",
    "9" * 500,
]


def test_any_query_is_answered_with_text() -> None:
    for query in QUERIES:
        answer = process(query)
        assert isinstance(answer, str), (
            f"process({query!r}) gives {answer!r}, which is no text: each way through process() "
            'must end with `return` and a text, such as return ""'
        )
