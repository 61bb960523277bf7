"""The command line: words in, exit code out.

A command imports what it needs when it runs, even the model, so that `--help` stays fast.
"""

import contextlib
import sys
from typing import Any

import click

from grader.cli import (
    batch,
    corrections,
    exports,
    gate,
    pipeline,
    releases,
    replay,
    student,
    watch,
)
from grader.cli.commands import write_codes
from grader.cli.exit_codes import BAD_INPUT, EXIT_CODES, INTERRUPTED
from grader.cli.output import say


class _Grader(click.Group):
    """Turns typed errors into words, in one place."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes below the commands."""
        write_codes(formatter, EXIT_CODES)
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # click's own exit code is 1; from our commands it means that the app falls short.
            say("\nStopped.", err=True)
            sys.exit(INTERRUPTED)
        except Exception as error:
            from grader.model import InputError

            match error:
                case InputError():
                    _fail(str(error))
                case OSError():
                    where = f"{error.filename}: " if error.filename else ""
                    _fail(f"{where}{error.strerror or error}")
                case _:
                    raise


def _fail(words: str) -> None:
    say(f"Error: {words}", err=True)
    sys.exit(BAD_INPUT)


_COMPLETION = "Tab completes commands and options once the shell is told: docs/student.md says how."


@click.group(
    cls=_Grader, epilog=_COMPLETION, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="continuous-delivery-activity", prog_name="grader")
def cli() -> None:
    """Score deployed query-answering web apps: one, or a whole class."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            # An old terminal may not know every character of a reply.
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


for room in (student, batch, exports, corrections, gate, replay, watch, releases, pipeline):
    for command in room.COMMANDS:
        cli.add_command(command)
