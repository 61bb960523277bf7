"""Makes commands: the fields of a dataclass are the options, and `__call__` does the work."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from grader.cli.exit_codes import BAD_INPUT, EXIT_CODES, INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ALWAYS = {code: EXIT_CODES[code] for code in (BAD_INPUT, INTERRUPTED)}


class Command(click.Command):
    """A command whose help tells its exit codes, too."""

    def __init__(self, *args: Any, codes: Mapping[int, str], **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.codes = dict(sorted({**_ALWAYS, **codes}.items()))

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - the list wraps
        """The first sentence of the help, never cut."""
        return super().get_short_help_str(limit=1000)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes below the options."""
        write_codes(formatter, self.codes)
        super().format_epilog(ctx, formatter)


def option(*flags: str, read: Callable[[Any], Any] | None = None, **attrs: Any) -> Any:
    """A field that an option gives.

    `read` turns the option's value into the field's; it raises ValueError with advice.
    """
    return lambda name: click.Option([name, *flags], **_reading(read), **attrs)


def argument(*, read: Callable[[Any], Any] | None = None, **attrs: Any) -> Any:
    """A field that an argument gives; see `option`."""
    return lambda name: click.Argument([name], **_reading(read), **attrs)


def group(values: type) -> Any:
    """A field that holds another dataclass of options, which several commands share."""
    return values


def command(name: str, values: type, codes: Mapping[int, str]) -> Command:
    """Make a command of a dataclass, whose docstring is the help.

    `codes` are its exit codes besides `BAD_INPUT` and `INTERRUPTED`, with their meaning.
    """
    return Command(
        name,
        codes=codes,
        params=list(_parameters(values)),
        help=values.__doc__,
        callback=lambda **given: _filled(values, given)(),
    )


def commands(name: str, words: str, *members: Command) -> click.Group:
    """Make a command that only holds others, as in `grader releases list`."""
    return _Commands(name, commands={each.name or "": each for each in members}, help=words)


class _Commands(click.Group):
    """Lists its commands in their own order."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own name
        return list(self.commands)

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - the list wraps
        """The first sentence of the help, never cut."""
        return super().get_short_help_str(limit=1000)


def write_codes(formatter: click.HelpFormatter, codes: Mapping[int, str]) -> None:
    """Write exit codes as a section of a help text."""
    with formatter.section("Exit codes"):
        formatter.write_dl([(str(code), words) for code, words in codes.items()])


def _parameters(values: Any) -> Iterator[click.Parameter]:
    for name, made_of in _fields(values):
        if isinstance(made_of, type):
            yield from _parameters(made_of)
        else:
            yield made_of(name)


def _filled(values: Any, given: Mapping[str, Any]) -> Any:
    filled = {
        name: _filled(made_of, given) if isinstance(made_of, type) else given[name]
        for name, made_of in _fields(values)
    }
    return values(**filled)


def _fields(values: Any) -> Iterator[tuple[str, Any]]:
    """The name and the default of each field: a function that makes its parameter, or a group."""
    return ((field.name, field.default) for field in fields(values))


def _reading(read: Callable[[Any], Any] | None) -> dict[str, Any]:
    if read is None:
        return {}

    def callback(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        try:
            return None if value is None else read(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return {"callback": callback}
