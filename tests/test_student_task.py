"""The student's task itself: the starter's test is skipped, fails and passes when it should."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEST = Path("tests/webapp/test_query_processor.py")
PROCESSOR = Path("webapp/query_processor.py")
# What pytest reads beside the test: it must need no more than the test does.
SHARED = ("pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/components.py")


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A copy of the app and its test, as a student has them before any change."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "webapp", tmp_path / "webapp", ignore=ignored)
    (tmp_path / TEST).parent.mkdir(parents=True)
    for name in (TEST, *SHARED):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def implement(fork: Path, condition: str = '"andrew id" in question') -> None:
    """Take the lines of the task out of their comment, as an editor does."""
    path = fork / PROCESSOR
    code, taken_out = re.subn(r'# (?=if "andrew id"|    return "your-)', "", path.read_text())
    assert taken_out == 2
    code = code.replace("your-andrew-id", "abc123").replace('"andrew id" in question', condition)
    path.write_text(code)


def complete_test(fork: Path, andrew_id: str) -> None:
    path = fork / TEST
    code = path.read_text()
    assert 'ANDREW_ID = ""\n' in code
    path.write_text(code.replace('ANDREW_ID = ""', f'ANDREW_ID = "{andrew_id}"'))


def run_tests(fork: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rsf", "-p", "no:cacheprovider", str(TEST)],
        cwd=fork,
        # A student may have no plugins at all, and loading ours takes longer than the tests.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


def test_untouched_starter_is_green_and_says_what_is_left(fork: Path) -> None:
    output = run_tests(fork)
    assert "failed" not in output
    assert "2 skipped" in output
    assert "your task: answer the Andrew ID query in webapp/query_processor.py" in output


def test_done_as_told_it_is_green(fork: Path) -> None:
    implement(fork)
    complete_test(fork, "abc123")
    output = run_tests(fork)
    assert "failed" not in output
    assert "skipped" not in output


def test_forgotten_test_is_told(fork: Path) -> None:
    implement(fork)
    output = run_tests(fork)
    assert "2 failed" in output
    assert "write the id that the app answers, 'abc123', into ANDREW_ID in this file" in output


def test_forgotten_or_other_answer_is_red(fork: Path) -> None:
    complete_test(fork, "xyz789")
    assert "2 failed" in run_tests(fork)
    implement(fork)
    assert "2 failed" in run_tests(fork)


def test_a_task_below_a_return_is_told(fork: Path) -> None:
    implement(fork)
    path = fork / PROCESSOR
    code = path.read_text().replace('    if "andrew id"', '        if "andrew id"')
    path.write_text(code.replace('        return "abc123"', '            return "abc123"'))
    complete_test(fork, "abc123")
    assert "stand as far to the left as the others" in run_tests(fork)


def test_a_warning_of_the_language_is_no_failure(fork: Path) -> None:
    implement(fork)
    path = fork / PROCESSOR
    path.write_text(path.read_text() + '\n\nNUMBER = "\\d+"\nopen(__file__).read()\n')
    complete_test(fork, "abc123")
    output = run_tests(fork)
    assert "8 passed" in output
    assert "error" not in output


def test_the_trap_is_red(fork: Path) -> None:
    implement(fork, condition='"id" in question')
    complete_test(fork, "abc123")
    output = run_tests(fork)
    assert "2 failed" in output
    assert "look for the whole phrase 'andrew id'" in output
