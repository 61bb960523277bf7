from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from grader.cli import cli

Grader = Callable[..., Result]


@pytest.fixture
def grader() -> Grader:
    """The command line, run in this process; an unexpected exception fails the test."""

    def run(*arguments: object, code: int | None = 0) -> Result:
        # No line is wrapped, however wide the terminal of whoever runs the tests is.
        result = CliRunner(env={"COLUMNS": None}).invoke(
            cli, [str(argument) for argument in arguments], catch_exceptions=False
        )
        if code is not None:
            assert result.exit_code == code, result.output
        return result

    return run
