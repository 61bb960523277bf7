"""What the commands share: options, and a submission read from the command line."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from grader.cli import kinds

if TYPE_CHECKING:
    from grader.model import ProbeKind, Submission

DONE, FALLS_SHORT, BAD_INPUT, NOT_GRADED, INTERRUPTED = 0, 1, 2, 3, 130

_UNSEEN = 200

_Command = TypeVar("_Command", bound=Callable[..., Any])


def say(words: str, *, err: bool = False) -> None:
    """Print what may quote strangers: nothing in it steers the terminal."""
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
    """Let whatever is said to `stream` vanish: nobody reads it any more, and the work goes on."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _probes(_context: click.Context, _option: click.Parameter, value: str) -> tuple[ProbeKind, ...]:
    from grader.model import ProbeKind

    known = [kind.value for kind in ProbeKind]
    names = list(dict.fromkeys(name.strip() for name in value.split(",")))
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of {', '.join(known)}")
    return tuple(ProbeKind(name) for name in names)


def columns_given(
    _context: click.Context, _option: click.Parameter, value: tuple[str, ...]
) -> dict[str, str]:
    """The headers given for our words, as in `url="Link to your app"`."""
    return _pairs(value, '--column url="Link to your app"')


def _values_given(
    _context: click.Context, _option: click.Parameter, value: tuple[str, ...]
) -> dict[str, str]:
    return _pairs(value, "--value team=Reds")


def _pairs(given: tuple[str, ...], example: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given]
    for word, equals, meaning in pairs:
        if not (word and equals and meaning):
            raise click.BadParameter(f"{word!r}: write it as {example}")
    return {word: meaning for word, _, meaning in pairs}


DIR = click.argument(
    "folder", metavar="DIR", type=kinds.RUN_FOLDER, help="The run's folder, as batch made it."
)
BATTERY = click.option(
    "--battery", default="activity", show_default=True, metavar="NAME|FILE",
    help="What is asked: activity, extreme, page, or a file of your own.",
)  # fmt: skip
SEED = click.option(
    "--seed", type=kinds.SEED, metavar="N",
    help="The whole number that draws the questions; a new one unless given.",
)  # fmt: skip
ANDREW_ID = click.option(
    "--andrew-id", required=True, type=kinds.TEXT, callback=kinds.own_id, metavar="ID",
    envvar="GRADER_ANDREW_ID", show_envvar=True, help="The student's id.",
)  # fmt: skip
VALUES = click.option(
    "--value", "values", multiple=True, type=kinds.TEXT, callback=_values_given,
    metavar="COLUMN=TEXT",
    help="What a roster would say of the student, for a battery that asks: --value team=Reds.",
)  # fmt: skip
QUIET = click.option("--quiet", is_flag=True, help="Print the result alone.")
TIMEOUT = click.option(
    "--timeout", type=kinds.SECONDS, default=10, show_default=True, metavar="SECONDS",
    help="How long one question may take.",
)  # fmt: skip
WAKE_TIMEOUT = click.option(
    "--wake-timeout", type=kinds.SECONDS, metavar="SECONDS",
    help="How long an app may take to wake up, from the first request on: free hosts fall asleep.  "
    "[default: 90; 5 for an app on this machine]",
)  # fmt: skip
DEGRADED_AFTER = click.option(
    "--degraded-after", type=kinds.SECONDS, default=2, show_default=True, metavar="SECONDS",
    help="After how long a right answer is called slow; it costs nothing.",
)  # fmt: skip
ALLOW_PRIVATE = click.option(
    "--allow-private", is_flag=True,
    help="Open each submission's own scheme, host and port even in a private network.",
)  # fmt: skip


def asking(command: _Command) -> _Command:
    """The options of every command that asks questions."""
    for option in (
        ALLOW_PRIVATE,
        DEGRADED_AFTER,
        WAKE_TIMEOUT,
        TIMEOUT,
        click.option(
            "--probe",
            "probes",
            default="api",
            show_default=True,
            callback=_probes,
            metavar="api,page,browser",
            help="How questions are asked; with several, points are shared among them.",
        ),
        SEED,
        BATTERY,
    ):
        command = option(command)
    return command


def drawn(seed: int | None) -> int:
    """The seed given, or a new one: keys cannot be looked up beforehand."""
    import secrets

    return secrets.randbelow(2**31) if seed is None else seed


def submission_of(
    url: str,
    andrew_id: str,
    allow_private: bool,
    *,
    bypass_secret: str = "",
    expect_commit: str = "",
    values: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Submission, bool]:
    """A submission from the command line, and whether its private address may be asked."""
    from grader.links import is_loopback, read_link
    from grader.model import Submission

    private = allow_private or is_loopback(url)
    link = read_link(url, allow_private=private)
    submission = Submission(
        andrew_id,
        link.url,
        handed_in=url,
        notes=link.notes,
        expect_commit=expect_commit,
        bypass_secret=bypass_secret,
    )
    return with_values(submission, values), private


def with_values(submission: Submission, values: Mapping[str, str]) -> Submission:
    """The submission as a roster with these columns would have it."""
    from dataclasses import replace

    name, section, email = (values.get(word, "") for word in ("name", "section", "email"))
    return replace(submission, columns=values, name=name, section=section, email=email)


@contextlib.contextmanager
def values_needed() -> Iterator[None]:
    """Say how a column that a battery needs is given where there is no roster.

    Raises:
        click.UsageError: in place of the ColumnError.
    """
    from grader.questions import ColumnError

    try:
        yield
    except ColumnError as error:
        raise click.UsageError(
            f"{error}. Where there is no roster, say it with --value {error.column}=..."
        ) from None
