"""Words for the terminal: printed safely, as wide as fits."""

from __future__ import annotations

import os
import sys
from typing import IO

import click

_UNSEEN = 200


def say(words: str, *, err: bool = False) -> None:
    """Print words that may quote strangers: nothing in them steers the terminal."""
    from grader.formats.escaping import visible

    try:
        click.echo(visible(words, lines=True), err=err)  # noqa: TID251 - the one place
    except BrokenPipeError:
        silence(sys.stderr if err else sys.stdout)


def width(*, err: bool = False) -> int:
    """The columns that words may take: the terminal's, or many where something else reads them."""
    import shutil

    known = "COLUMNS" in os.environ or (sys.stderr if err else sys.stdout).isatty()
    return shutil.get_terminal_size().columns if known else _UNSEEN


def silence(stream: IO[str]) -> None:
    """Let all further words to `stream` vanish: nobody reads them any more, the work goes on."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
