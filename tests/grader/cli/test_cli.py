import subprocess
import sys

from click.testing import CliRunner

from grader.cli import cli
from tests.grader.cli.conftest import Grader

COMMANDS = ("ask", "batch", "check", "demo", "export", "gradescope-zip", "questions")


def test_help_names_every_command(grader: Grader) -> None:
    output = grader("--help").output
    assert all(f"  {command} " in output for command in COMMANDS)
    for command in COMMANDS:
        assert "Usage: " in grader(command, "--help").output


def test_the_command_line_imports_nothing_heavy_until_it_must() -> None:
    heavy = {
        "bs4", "flask", "jinja2", "lxml", "playwright", "pydantic", "requests", "rich",
        "sqlalchemy", "urllib3", "grader.model",
    }  # fmt: skip
    code = "import sys, grader.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "click" in loaded
    assert heavy.isdisjoint(loaded)


def test_an_unwritable_folder_is_said_in_words() -> None:
    result = CliRunner().invoke(cli, ["demo", "--students", "1", "--out", "/proc/nowhere"])
    assert result.exit_code == 2
    assert "/proc/nowhere" in result.output


def test_the_version_is_told(grader: Grader) -> None:
    assert grader("--version").output.startswith("grader, version ")
