"""Copies of what a student forks: changed as students change it, and tested as they test it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers import PATIENCE

ROOT = Path(__file__).parents[2]
TEST = Path("tests/webapp/test_query_processor.py")
PROCESSOR = Path("webapp/query_processor.py")
# What pytest reads beside the tests: it must need no more than they do.
SHARED = (
    "pyproject.toml",
    "requirements.txt",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/components.py",
    "tests/servers.py",
)
BRANCH = '    if "andrew id" in question:\n        return "abc123"\n'
NAME = '    if "your name" in question:\n'


def make_fork(folder: Path) -> Path:
    """Make a copy of the app and its tests, as a student has them before any change."""
    for name in ("webapp", "tests/webapp"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in SHARED:
        shutil.copy(ROOT / name, folder / name)
    return folder


def change(fork: Path, before: str, after: str) -> None:
    path = fork / PROCESSOR
    code = path.read_text()
    assert before in code
    path.write_text(code.replace(before, after))


def implement(fork: Path, branch: str = BRANCH) -> None:
    """Take the lines of the task out of their comment, as an editor does, and change them."""
    path = fork / PROCESSOR
    code, taken_out = re.subn(r'# (?=if "andrew id"|    return "your-)', "", path.read_text())
    assert taken_out == 2
    path.write_text(code.replace("your-andrew-id", "abc123"))
    change(fork, BRANCH, branch)


def complete_test(fork: Path, andrew_id: str = "abc123") -> None:
    path = fork / TEST
    code = path.read_text()
    assert 'ANDREW_ID = ""\n' in code
    path.write_text(code.replace('ANDREW_ID = ""', f'ANDREW_ID = "{andrew_id}"'))


# In a build's log, pytest would say each failure once more, at the end.
_SAID_ONCE = {
    name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")
}


def run_tests(fork: Path, what: Path = TEST, *python: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, *python, "-m", "pytest", "-p", "no:cacheprovider", str(what)],
        cwd=fork,
        # A student may have no plugins at all, and loading ours takes longer than the tests.
        env={**_SAID_ONCE, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert bool(done.returncode) == bool(re.search(r"\b\d+ (failed|error)", done.stdout))
    return done.stdout + done.stderr
