"""How every command shows itself: what it does, what it takes, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from grader.cli.options import BAD_INPUT, DONE, FALLS_SHORT, INTERRUPTED, NOT_GRADED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXIT_CODES: Mapping[int, str] = {
    DONE: "Done.",
    FALLS_SHORT: "The app falls short; check and ask alone say that.",
    BAD_INPUT: "An option or a file is wrong, or this machine lacks a program: the text says what.",
    NOT_GRADED: "Something could not be graded, through no fault of a student's.",
    INTERRUPTED: "Stopped by Ctrl-C.",
}
"""What the exit codes mean in general; a command may say more of its own."""


class Command(click.Command):
    """A command whose help tells its exit codes, too.

    Args:
        codes: what those mean that this command gives besides `BAD_INPUT` and `INTERRUPTED`.
        attrs: as click takes them.
    """

    def __init__(self, *args: Any, codes: Mapping[int, str], **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.codes = dict(sorted({**_ALWAYS, **codes}.items()))

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - the list wraps
        """The first sentence of the help, whole however long it is."""
        return super().get_short_help_str(limit=1000)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes below the options."""
        write_codes(formatter, self.codes)
        super().format_epilog(ctx, formatter)


_ALWAYS = {code: EXIT_CODES[code] for code in (BAD_INPUT, INTERRUPTED)}


def command(
    codes: Mapping[int, str], name: str | None = None
) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command that gives these exit codes; its docstring is its help."""
    return click.command(name, cls=Command, codes=codes)


def write_codes(formatter: click.HelpFormatter, codes: Mapping[int, str]) -> None:
    """Write exit codes as a section of a help text."""
    with formatter.section("Exit codes"):
        formatter.write_dl([(str(code), words) for code, words in codes.items()])
