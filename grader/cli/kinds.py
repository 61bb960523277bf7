"""What options and arguments take: numbers and text, refused in words where they are none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

_LARGEST = 2**63 - 1  # what the store can hold


class Number(click.ParamType[float]):
    """A number from `least` to `most`; neither "nan" nor "inf" is one.

    Args:
        least: the smallest one that is allowed.
        most: the largest one; none if it is infinite.
        above: whether it must be above `least`.
    """

    name = "number"

    def __init__(self, least: float, most: float = math.inf, *, above: bool = False) -> None:
        self._least = least
        self._most = most
        self._above = above

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number.

        Raises:
            click.BadParameter: if it is none, or is out of range.
        """
        try:
            number = self._read(value)
        except ValueError:
            self.fail(f"{value!r} is not {self._example}", param, ctx)
        in_range = self._least <= number <= self._most and math.isfinite(number)
        if not in_range or (self._above and number == self._least):
            self.fail(f"{value} is out of range: {self._range()}", param, ctx)
        return number

    _example = "a number, such as 80"

    def _read(self, value: Any) -> float:
        number = float(value)
        if math.isnan(number):
            raise ValueError(value)
        return number

    def _range(self) -> str:
        if math.isinf(self._most):
            return f"{self._least} or more"
        most = "2^63 - 1" if self._most == _LARGEST else self._most
        return f"above {self._least}, at most {most}" if self._above else f"{self._least} to {most}"


class Whole(Number):
    """A whole number from `least` to `most`."""

    _example = "a whole number, such as 8"

    def _read(self, value: Any) -> int:
        return int(value)


class Text(click.types.StringParamType):
    """Text that can be sent and stored: no bytes that are none in the terminal's encoding."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is.

        Raises:
            click.BadParameter: if it is none.
        """
        text: str = super().convert(value, param, ctx)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail("this is not text in the terminal's encoding", param, ctx)
        return text


class Address(Text):
    """The address of an app, of which it is said where it may come from if it is missing."""

    def get_missing_message(
        self,
        param: click.Parameter,
        ctx: click.Context | None,  # noqa: ARG002 - click's own name for it
    ) -> str:
        """What to write, with an example."""
        example = "grader check http://localhost:3000 --andrew-id your-andrew-id"
        return f"Write it (or set {param.envvar}), such as: {example}"


def own_id(context: click.Context, option: click.Parameter, value: str) -> str:
    """The student's id, which is not the placeholder that our guides have for it.

    Raises:
        click.BadParameter: if it is, or is empty.
    """
    from grader.formats.wrong_ids import PLACEHOLDER

    if value.strip().casefold() == PLACEHOLDER:
        raise click.BadParameter(f"write your own id in place of {PLACEHOLDER}")
    return not_empty(context, option, value)


def address_first(_context: click.Context, _argument: click.Parameter, value: str) -> str:
    """The address to ask; not a query without one, as `check` takes it from the environment.

    Raises:
        click.UsageError: if it is such a query, with the whole line to write.
    """
    import os

    from grader.formats.escaping import ask_command
    from grader.links import LinkError, read_link

    try:
        read_link(value, allow_private=True)
    except LinkError:
        is_query = " " in value.strip()
        if is_query or not set("./:") & set(value):
            address = os.environ.get("GRADER_URL", "").strip() or "http://localhost:3000"
            line = is_query and ask_command(address, value.strip())
            line = line or ask_command(address, "Who was Shakespeare?")
            raise click.UsageError(f"First the address: {line}") from None
    return value


def not_empty(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """The text, which is more than blanks.

    Raises:
        click.BadParameter: if it is not.
    """
    if not value.strip():
        raise click.BadParameter("it must not be empty")
    return value


def one_line(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """The text, which is some words on one line; None where it was not given.

    Raises:
        click.BadParameter: if it is not.
    """
    text = value.strip() if value is not None else None
    if text is not None and not (text and text.isprintable()):
        raise click.BadParameter("write it in words, on one line")
    return text


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
RUN_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
NEW_FOLDER = click.Path(file_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
TEXT = Text()
ADDRESS = Address()
SECONDS = Number(0, 3600, above=True)
SEED = Whole(0, _LARGEST)
