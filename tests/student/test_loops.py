"""Code of a student that never ends is told, and ended."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import PATIENCE
from tests.student.forks import (
    BRANCH,
    NAME,
    TEST,
    change,
    complete_test,
    implement,
    run_tests,
)

pytestmark = pytest.mark.slow


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
