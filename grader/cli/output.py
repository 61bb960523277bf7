"""Prints on a terminal: safely, whatever strangers wrote, and no wider than it is."""

from __future__ import annotations

import os
import sys
from typing import IO

import click

_UNSEEN = 200


def say(words: str, *, err: bool = False) -> None:
    """Print words, which may quote strangers: control characters in them are escaped."""
    from grader.formats.escaping import visible

    try:
        click.echo(visible(words, lines=True), err=err)  # noqa: TID251 - the one place
    except BrokenPipeError:
        silence(sys.stderr if err else sys.stdout)


def width(*, err: bool = False) -> int:
    """How many columns a line may have: the terminal's, or 200 if there is no terminal."""
    import shutil

    known = "COLUMNS" in os.environ or (sys.stderr if err else sys.stdout).isatty()
    return shutil.get_terminal_size().columns if known else _UNSEEN


def silence(stream: IO[str]) -> None:
    """Throw away what is written to `stream` from now on: its reader is gone, the work goes on."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
