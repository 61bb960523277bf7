"""What a student's code may do to its tests: not start, never end, lack a library."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.forks import (
    BRANCH,
    NAME,
    PROCESSOR,
    TEST,
    change,
    complete_test,
    implement,
    make_fork,
    run_tests,
)
from tests.servers import PATIENCE

pytestmark = pytest.mark.slow


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    return make_fork(tmp_path)


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


def test_what_is_missing_is_told_with_its_line(fork: Path) -> None:
    change(fork, "def process", "import no_such_library\n\n\ndef process")
    output = run_tests(fork)
    assert "1 error" in output
    assert "No module named 'no_such_library'\nThis came of webapp/query_processor.py, l" in output


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


LOOPS = {
    "that catches everything": (
        "while True:\n            try:\n                query += 'x'\n"
        "            except BaseException:\n                pass"
    ),
    "that sleeps": "import time\n        time.sleep(3600)",
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_loop_that_never_ends_is_told_and_ended(fork: Path, loop: str) -> None:
    implement(fork, BRANCH.replace('return "abc123"', loop))
    complete_test(fork)
    output = run_tests(fork, TEST.parent)
    assert "process('What is your Andrew ID?') never returned: after 5 seconds" in output
    assert re.search(r"still at webapp/query_processor.py, line \d\d:\n", output)
    assert "1 failed" in output
    assert "mend that first" in output
    assert "test_main.py" not in output  # the student's own test comes first


def test_a_loop_in_a_branch_for_the_game_is_found(fork: Path) -> None:
    change(fork, NAME, f'    while "prime" in question:\n        pass\n\n{NAME}')
    output = run_tests(fork)
    assert "process('Which of the following numbers are primes: 11, 12, 13?') never" in output


def test_a_loop_that_lets_nothing_else_run_is_ended(fork: Path) -> None:
    change(fork, NAME, f"    sum(iter(int, 1))\n{NAME}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(TEST)],
        cwd=fork,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert 'query_processor.py", line 21 in process' in done.stderr


def test_a_loop_outside_of_process_is_told_and_ended(fork: Path) -> None:
    change(fork, "def process", "while True:\n    pass\n\n\ndef process")
    output = run_tests(fork, TEST.parent)
    assert "webapp/query_processor.py was not read to its end within 5 seconds" in output
    assert "1 error" in output


def needed_by(*names: str) -> Iterator[str]:
    """Distributions with all that they need."""
    for name in names:
        yield name
        for line in distribution(name).requires or []:
            if "extra ==" not in line and "python_version" not in line and "platform" not in line:
                yield from needed_by(re.split(r"[^\w.-]", line)[0])


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but what the app needs, and pytest."""
    packages = tmp_path_factory.mktemp("packages")
    for name in set(needed_by("flask", "pytest")):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or [] if file.parts[0] != ".."}:
            if top != "__pycache__" and not (packages / top).exists():
                (packages / top).symlink_to(Path(str(found.locate_file(top))))
    return packages


def test_pytest_alone_is_enough(fork: Path, packages: Path) -> None:
    (fork / "tests/test_docs.py").write_text("import psutil\n")  # one for contributors
    implement(fork)
    complete_test(fork)
    output = run_tests(fork, TEST.parent, "-S", PYTHONPATH=str(packages))
    assert "passed" in output
    assert not set(output.split()) & {"failed", "skipped", "error"}


def test_a_forgotten_folder_is_told_in_one_line(fork: Path, packages: Path) -> None:
    (fork / "tests/test_docs.py").write_text("import psutil\n")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=fork,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 4
    told = "Your tests: python -m pytest tests/webapp (contributors: make test)"
    assert (done.stdout + done.stderr).count(told) == 1
    assert "psutil" not in done.stdout + done.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "latin-1", "utf-8"])
def test_requirements_in_another_encoding_are_told(fork: Path, encoding: str) -> None:
    text = "flask>=3.1\ngunicorn>=23  # für Render\n"
    (fork / "requirements.txt").write_text(text, encoding=encoding)
    output = run_tests(fork, TEST.parent / "test_requirements.py")
    assert ("requirements.txt is not saved as UTF-8" in output) == ("utf-8" not in encoding)
    assert "UnicodeDecodeError" not in output


def test_a_warning_of_the_language_is_no_failure(fork: Path) -> None:
    implement(fork)
    path = fork / PROCESSOR
    path.write_text(path.read_text() + '\n\nNUMBER = "\\d+"\nopen(__file__).read()\n')
    complete_test(fork)
    output = run_tests(fork)
    assert "6 passed" in output
    assert "error" not in output
