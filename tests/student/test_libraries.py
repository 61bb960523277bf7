"""What a student's tests do where a library is missing, or the list of libraries is not read."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.servers import PATIENCE
from tests.student.forks import (
    TEST,
    change,
    complete_test,
    implement,
    run_tests,
)

pytestmark = pytest.mark.slow


def test_what_is_missing_is_told_with_its_line(fork: Path) -> None:
    change(fork, "def process", "import no_such_library\n\n\ndef process")
    output = run_tests(fork)
    assert "1 error" in output
    assert "No module named 'no_such_library'\nThis came of webapp/query_processor.py, l" in output


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
    for name in set(needed_by("flask", "prometheus-client", "pytest")):
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
