"""Reads the values of options. Each function raises ValueError with advice for a bad value."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, TypeVar

import click

from grader.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from enum import StrEnum
    from subprocess import CompletedProcess

    from grader.model import Keep, ProbeKind, State

    Word = TypeVar("Word", bound=StrEnum)

HEAD = "HEAD"


def own_id(value: str) -> str:
    """The student's id; not empty, and not the placeholder that our guides print."""
    from grader.formats.wrong_ids import PLACEHOLDER

    if value.strip().casefold() == PLACEHOLDER:
        raise ValueError(f"write your own id in place of {PLACEHOLDER}")
    if not value.strip():
        raise ValueError("it must not be empty")
    return value


def id_if_any(value: str) -> str:
    """The student's id, or nothing."""
    from grader.roster.ids import split_address, wrong_id

    given = value.strip()
    if given and (fault := wrong_id(split_address(own_id(given))[0])):
        raise ValueError(fault)
    return given


def address_first(value: str) -> str:
    """The address to ask; if it is none, an error with the whole line to write."""
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


def query(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a query; not only blanks."""
    if not " ".join(words).strip():
        raise ValueError("it must not be empty")
    return words


def one_line(value: str) -> str:
    """Some words on one line."""
    text = value.strip()
    if not (text and text.isprintable()):
        raise ValueError("write it in words, on one line")
    return text


def names(value: str) -> tuple[str, ...]:
    """The words between commas."""
    found = tuple(name for part in value.split(",") if (name := part.strip()))
    if not found:
        raise ValueError("name at least one, or leave the option out")
    return found


def probes(value: str) -> tuple[ProbeKind, ...]:
    """The probes that are named, each once."""
    from grader.model import ProbeKind

    return _known(value.split(","), ProbeKind)


def states(value: str) -> tuple[State, ...]:
    """The states that are named, each once."""
    from grader.model import State

    return _known(names(value), State)


def _known(given: Iterable[str], words: type[Word]) -> tuple[Word, ...]:
    found = dict.fromkeys(name.strip() for name in given)
    for name in found:
        if name not in list(words):
            raise ValueError(f"{name!r} is none of {', '.join(words)}")
    return tuple(map(words, found))


def keep(value: str) -> Keep:
    """The rule that says which attempt counts."""
    from grader.model import Keep

    return Keep.read(value)


def secret(value: str) -> str:
    """A secret that can be sent in a header; may be empty."""
    from grader.model import BYPASS_SECRET

    stripped = value.strip()
    if stripped and not BYPASS_SECRET.fullmatch(stripped):
        raise ValueError("it has a blank, a line break or an unusual character in it")
    return stripped


def scheduler(value: str) -> str:
    """The address of a Dask cluster's scheduler."""
    if not re.fullmatch(r"(tcp|tls)://[^\s/:@]+:\d{1,5}", value):
        raise ValueError("write it as tcp://host:port or tls://host:port")
    return value


def connections(value: int) -> int:
    """How many connections are compared; not 1."""
    if value == 1:
        raise ValueError("one connection has none to be compared with: 0, or 2 and more")
    return value


def pairs(example: str) -> Callable[[tuple[str, ...]], dict[str, str]]:
    """A function that reads pairs such as `example` into a mapping."""

    def read(given: tuple[str, ...]) -> dict[str, str]:
        found = [pair.partition("=") for pair in given]
        for word, equals, meaning in found:
            if not (word and equals and meaning):
                raise ValueError(f"{word!r}: write it as {example}")
        return {word: meaning for word, _, meaning in found}

    return read


def commit(value: str) -> str:
    """The commit with these digits, or the one of HEAD; empty if `value` is.

    Raises:
        ValueError: if it is no commit, or git cannot tell what HEAD is.
    """
    from grader.model import COMMIT

    given = value.strip()
    if given == HEAD:
        return _head()
    if given and not COMMIT.fullmatch(given.lower()):
        raise ValueError(
            f"{given!r} is no commit: a commit is 7 to 40 hexadecimal digits, as git log shows it. "
            f"To mean the last commit of this folder, write {HEAD}"
        )
    return given.lower()


def _head() -> str:
    """The last commit of the repository in the current folder; ValueError if there is none."""
    other = "or give the commit itself, as GitHub shows it"
    try:
        found = _git("rev-parse", "--verify", f"{HEAD}^{{commit}}")
    except FileNotFoundError:
        words = f"git, which tells what {HEAD} is, was not found: install it, {other}"
        raise ValueError(words) from None
    if found.returncode == 0:
        ahead = _git("rev-list", "--count", "@{upstream}..HEAD")
        if ahead.returncode == 0 and ahead.stdout.strip() != "0":
            say("Note: HEAD is not pushed yet, as far as git here knows: git push", err=True)
        return found.stdout.strip()
    if _git("rev-parse", "--git-dir").returncode == 0:
        raise ValueError(f"this folder's git repository has no commit yet: commit, {other}")
    said = " ".join(found.stderr.split())
    raise ValueError(
        f"git finds no repository in this folder. It says: {said}. Go to your project's folder, "
        f"{other}"
    )


def _git(*arguments: str) -> CompletedProcess[str]:
    import subprocess

    return subprocess.run(
        ["git", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
