"""The student's task itself: the starter's test is skipped, fails and passes when it should."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import IdKey
from grader.outcomes import Outcome
from tests.grader.judging.asking import outcome
from tests.student.forks import (
    BRANCH,
    NAME,
    PROCESSOR,
    change,
    complete_test,
    implement,
    run_tests,
)
from tests.webapp.hints import tells


def test_untouched_starter_is_green_and_says_what_is_left(fork: Path) -> None:
    output = run_tests(fork)
    assert "failed" not in output
    assert "1 skipped" in output
    assert "your task: answer the Andrew ID query in webapp/query_processor.py" in output


def test_done_as_told_it_is_green(fork: Path) -> None:
    implement(fork)
    complete_test(fork)
    output = run_tests(fork)
    assert "failed" not in output
    assert "skipped" not in output


@pytest.mark.parametrize(
    "sentence",
    ["My Andrew ID is abc123.", "abc123 is my Andrew ID", "Andrew ID: abc123", "ABC123"],
)
def test_a_sentence_that_counts_passes_with_a_warning(fork: Path, sentence: str) -> None:
    implement(fork, BRANCH.replace("abc123", sentence))
    complete_test(fork)
    output = run_tests(fork)
    assert "6 passed, 1 warning" in output
    assert f"'{sentence}' counts in full; the id alone is safer" in output


def test_an_answer_that_comes_too_often_is_told_of_a_sentence_too(fork: Path) -> None:
    implement(fork, BRANCH.replace("abc123", "It is abc123").replace("andrew id", "id"))
    complete_test(fork)
    assert 'Look for the whole phrase: if "andrew id" in question:' in run_tests(fork)


PARTS = ["abc123", "abc123.", "xyz789", "abc123x", "is", "is:", "am", "Andrew\n", "not", ",", "or"]


@given(st.lists(st.sampled_from(PARTS)))
def test_nothing_passes_that_the_grader_refuses(words: list[str]) -> None:
    answer = " ".join(words)
    assert not tells(answer, "abc123") or outcome(IdKey("abc123"), answer) is Outcome.RIGHT


@pytest.mark.parametrize(
    "answer",
    [
        "abc123 xyz789",
        "xyz789 abc123",
        "My Andrew ID is xyz789 or abc123",
        "My Andrew ID is abc1234",
        "It is not abc123",
        "xabc123 is my Andrew ID",
        None,
        123,
    ],
)
def test_several_ids_and_longer_ones_do_not_pass(answer: object) -> None:
    assert not tells(answer, "abc123")


def test_forgotten_test_is_told(fork: Path) -> None:
    implement(fork)
    output = run_tests(fork)
    assert "1 failed" in output
    assert "gives 'abc123'" in output
    assert "If this is your id, write it as ANDREW_ID in tests/webapp/test_query_pro" in output


def test_forgotten_answer_is_told(fork: Path) -> None:
    complete_test(fork)
    output = run_tests(fork)
    assert "1 failed" in output
    assert "two lines of the task are still a comment: in webapp/query_processor.py" in output


@pytest.mark.parametrize(
    ("branch", "words"),
    [
        (BRANCH.replace("return ", ""), '(`"abc123"`) does not give the id back: it must begin'),
        (BRANCH.replace("return ", "answer = "), '(`answer = "abc123"`) does not give the id back'),
        (BRANCH.replace('return "abc123"', 'print("abc123")'), "write `return` in place of `pri"),
        (BRANCH.replace('return "abc123"', 'return print("abc123")'), "gives None.\nIt comes from"),
        (BRANCH.replace('"abc123"', '""'), "gives ''.\nIt comes from line 29 of webapp/query_pro"),
        (BRANCH.replace('"abc123"', "123"), "gives 123.\nIt comes from"),
        (BRANCH.replace("abc123", "your-andrew-id"), "Write your own id in place of your-andrew"),
        (BRANCH.replace("abc123", "abc123xyz"), "is more than your id: give the id alone"),
        (BRANCH.replace("abc123", "xyz789 abc123"), "is more than your id: give the id alone"),
        (
            BRANCH.replace("abc123", "xyz789"),
            "ANDREW_ID in tests/webapp/test_query_processor.py is",
        ),
        (BRANCH.replace("andrew id", "Andrew ID"), "looks for capital letters, and `question` has"),
        (BRANCH.replace("andrew id", "andrew id?"), "does not fit this query. Write `if"),
        (BRANCH.replace("question", "query"), "does not fit this query. Write `if"),
        (BRANCH.replace("andrew id", "andew id"), "looks for the words: write `if"),
        (BRANCH.replace('    if "a', '    return ""\n\n    if "a'), '(`return ""`) answers first'),
    ],
    ids=str.strip,
)
def test_each_mistake_is_named(fork: Path, branch: str, words: str) -> None:
    implement(fork, branch)
    complete_test(fork)
    output = run_tests(fork)
    assert words in output
    assert output.count(words) == 1
    assert "1 failed" in output


@pytest.mark.parametrize("andrew_id", ["", "abc123"])
def test_a_branch_inside_another_is_told(fork: Path, andrew_id: str) -> None:
    implement(fork, "".join(f"    {line}\n" for line in BRANCH.splitlines()))
    complete_test(fork, andrew_id)
    output = run_tests(fork)
    assert 'stands too far to the right: it belongs to line 21 (`if "your name" in' in output


def test_a_mark_of_windows_editors_changes_nothing(fork: Path) -> None:
    implement(fork, BRANCH.replace("return ", ""))
    path = fork / PROCESSOR
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert "it must begin with `return`" in run_tests(fork)


def test_an_earlier_branch_that_answers_is_told(fork: Path) -> None:
    implement(fork)
    change(fork, NAME, NAME.replace("your name", "your"))
    complete_test(fork)
    output = run_tests(fork)
    assert "1 failed" in output
    assert 'is never reached, because line 22 (`return "Prospero"' in output


def test_one_return_at_the_end_is_as_good(fork: Path) -> None:
    implement(fork, BRANCH.replace("return ", "answer = "))
    change(
        fork, "    question = query.lower()\n", '    question = query.lower()\n    answer = ""\n'
    )
    change(fork, '    return ""\n', "    return answer\n")
    assert "If this is your id, write it as ANDREW_ID" in run_tests(fork)
    complete_test(fork)
    assert "6 passed" in run_tests(fork)


def test_an_answer_from_another_file_is_told(fork: Path) -> None:
    complete_test(fork)
    path = fork / PROCESSOR
    path.rename(path.with_name("moved.py"))
    path.write_text("from webapp.moved import process\n")
    assert "It comes from another file than webapp/query_processor.py" in run_tests(fork)


def test_a_query_that_is_no_longer_in_small_letters_is_told(fork: Path) -> None:
    implement(fork)
    change(fork, "query.lower()", "query")
    complete_test(fork)
    assert "is right, but `question` must be the query in small letters" in run_tests(fork)


def test_the_trap_is_told(fork: Path) -> None:
    implement(fork, BRANCH.replace("andrew id", "id"))
    complete_test(fork)
    output = run_tests(fork)
    assert "1 failed" in output
    assert 'Look for the whole phrase: if "andrew id" in question:' in output


def test_a_way_without_an_answer_is_told(fork: Path) -> None:
    implement(fork)
    change(fork, '    return ""\n', "")
    complete_test(fork)
    output = run_tests(fork)
    assert "process('What is 3 plus 4?') gives None, which is no text" in output
