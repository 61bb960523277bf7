"""What a student's code may do to its tests: not start, fail, warn."""

import re
from pathlib import Path

import pytest

from tests.student.forks import (
    BRANCH,
    PROCESSOR,
    TEST,
    complete_test,
    implement,
    run_tests,
)


@pytest.mark.parametrize(
    ("branch", "words"),
    [
        (BRANCH.replace("    if", "     if"), "unindent does not match"),
        (BRANCH.replace("    if", "if").replace("        ret", "    ret"), "'return' outside func"),
        (BRANCH.replace("    return", "# return"), "expected an indented block after 'if'"),
    ],
    ids=["one space too many", "outside the function", "half a comment"],
)
def test_what_python_cannot_read_is_told_once(fork: Path, branch: str, words: str) -> None:
    implement(fork, branch)
    output = run_tests(fork, TEST.parent)
    assert "1 error" in output
    assert re.search(rf"Python cannot read webapp/query_processor.py, line \d+: {words}", output)
    assert "each `if` of process() stands exactly below the others" in output


def test_a_missing_colon_is_told_with_its_line(fork: Path) -> None:
    implement(fork, BRANCH.replace(":", ""))
    output = run_tests(fork)
    assert "1 error" in output
    assert "Python cannot read webapp/query_processor.py, line 28: expected ':'" in output
    assert "spaces" not in output


@pytest.mark.parametrize(
    ("code", "advised"),
    [
        (BRANCH.replace('"andrew id"', "“andrew id”"), True),
        (BRANCH.replace('"andrew id"', '"andrew id”'), True),
        (BRANCH.replace('"abc123"', "\u2018abc123\u2019"), True),
        (BRANCH.replace('"abc123"', '"abc123'), False),
        (BRANCH.replace(":", "").replace("andrew", "“andrew”"), False),
    ],
    ids=["both", "one", "single", "forgotten", "inside a text"],
)
def test_pasted_quotation_marks_are_told(fork: Path, code: str, advised: bool) -> None:
    implement(fork, code)
    output = run_tests(fork)
    assert "1 error" in output
    assert output.count('Type the quotation marks on your keyboard: ".') == advised


@pytest.mark.parametrize(
    ("answer", "error", "advice"),
    [
        (
            "return abc123",
            "NameError: name 'abc123' is not defined",
            'If it is a text, such as your id, write it in quotation marks: "abc123"',
        ),
        (
            "from flask import abort; abort(404)",
            "NotFound",
            'process() must return a text; for an unknown query return "".',
        ),
        ("return query[99]", "IndexError: string index out of range", ""),
        ("exit('bye')", "SystemExit: bye", ""),
    ],
)
def test_a_query_that_fails_is_told_in_short(
    fork: Path, answer: str, error: str, advice: str
) -> None:
    implement(fork, BRANCH.replace('return "abc123"', answer))
    complete_test(fork)
    output = run_tests(fork)
    assert (
        f"process('What is your Andrew ID?') failed: {error}\n"
        f"This came of webapp/query_processor.py, line 29:\n    {answer}\n{advice}"
    ) in output
    assert output.count("line 29") == 1
    assert "Traceback" not in output
    assert "During handling" not in output
    assert "1 failed" in output


def test_a_warning_of_the_language_is_no_failure(fork: Path) -> None:
    implement(fork)
    path = fork / PROCESSOR
    path.write_text(path.read_text() + '\n\nNUMBER = "\\d+"\nopen(__file__).read()\n')
    complete_test(fork)
    output = run_tests(fork)
    assert "6 passed" in output
    assert "error" not in output
