"""The types of options and arguments: numbers, text and paths, with words for bad ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

_LARGEST = 2**63 - 1  # what the store can hold


class Number(click.ParamType[float]):
    """A finite number from `least`, or `above` it, to `most`."""

    name = "number"

    def __init__(self, least: float, most: float = math.inf, *, above: bool = False) -> None:
        self._least = least
        self._most = most
        self._above = above

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the number."""
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
    """Text that can be sent and stored: every character of it is valid Unicode."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the text, and leave it as it is."""
        text: str = super().convert(value, param, ctx)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail("this is not text in the terminal's encoding", param, ctx)
        return text


class Address(Text):
    """The address of an app; if it is missing, the message says how to give it."""

    def get_missing_message(
        self,
        param: click.Parameter,
        ctx: click.Context | None,  # noqa: ARG002 - click's own name for it
    ) -> str:
        """What to write, with an example."""
        example = "grader check http://localhost:3000 --andrew-id your-andrew-id"
        return f"Write it (or set {param.envvar}), such as: {example}"


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
RUN_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
NEW_FOLDER = click.Path(file_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
TEXT = Text()
ADDRESS = Address()
SECONDS = Number(0, 3600, above=True)
SEED = Whole(0, _LARGEST)
