"""The commands that explain and correct grades: show, rejudge, appeal, override."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, TypeVar

import click

from grader.cli import kinds, options
from grader.cli.commands import command
from grader.formats import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from grader.jobs import Rejudged, Run

_Function = TypeVar("_Function", bound="Callable[..., object]")
_STUDENT = click.argument("andrew_id", metavar="ID", type=kinds.TEXT, help="The student's id.")
_CHANGED = {options.DONE: "The grades and the folder's files are as you said."}


def _by(help_text: str) -> Callable[[_Function], _Function]:
    return click.option("--by", callback=kinds.one_line, metavar="WHO", help=help_text)


def _reason(help_text: str) -> Callable[[_Function], _Function]:
    return click.option("--reason", callback=kinds.one_line, metavar="TEXT", help=help_text)


@command({options.DONE: "It is shown."})
@options.DIR
@_STUDENT
@click.option(
    "--format", "form", type=click.Choice(list(registry.TRANSCRIPT)), default="text",
    show_default=True, help="How it is shown: for people, or for programs.",
)  # fmt: skip
def show(folder: Path, andrew_id: str, form: str) -> None:
    """Show all that a run knows of one student: questions, replies, attempts, overrides."""
    from grader.batch import STORE_NAME
    from grader.jobs import Run

    with contextlib.closing(Run.open(folder / STORE_NAME)) as run:
        transcript = run.transcript(andrew_id)
        options.say(registry.of_transcript(form)(run.info, transcript))


@command(_CHANGED)
@options.DIR
@click.option(
    "--battery", required=True, metavar="NAME|FILE",
    help="The corrected battery: its name, or your own file.",
)  # fmt: skip
@click.option(
    "--partial", is_flag=True,
    help="Go on though some were never asked what it asks: they keep what they have.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def rejudge(folder: Path, battery: str, partial: bool, dry_run: bool) -> None:
    """Judge a run's stored replies by a corrected battery, without asking anybody."""
    from datetime import UTC, datetime

    from grader.questions import load_battery

    corrected = load_battery(battery)
    with _changing(folder, files=not dry_run) as run:
        now = datetime.now(UTC)
        rejudged = run.rejudge(corrected, now, partial=partial, dry_run=dry_run)
    _say_rejudged(rejudged)
    if not dry_run:
        return
    if rejudged.not_judged and not partial:
        options.say("Nothing changed, and without --dry-run this is refused: it needs --partial.")
        sys.exit(options.BAD_INPUT)
    options.say("Nothing changed: run it without --dry-run to have it so.")


@command(
    {
        options.DONE: "The app was asked; with --accept, what came is kept.",
        options.NOT_GRADED: "It could not be graded now, and nothing changed.",
    }
)
@options.DIR
@_STUDENT
@click.option(
    "--accept", is_flag=True,
    help="Let what comes count, whether more or less; needs --by and --reason.",
)  # fmt: skip
@_by("Who accepts the appeal.")
@_reason("Why it is accepted.")
@options.TIMEOUT
@options.WAKE_TIMEOUT
@options.DEGRADED_AFTER
@options.ALLOW_PRIVATE
def appeal(
    folder: Path,
    andrew_id: str,
    accept: bool,
    by: str | None,
    reason: str | None,
    timeout: float,
    wake_timeout: float | None,
    degraded_after: float,
    allow_private: bool,
) -> None:
    """Ask one student's app the same questions again, now, and compare."""
    from datetime import UTC, datetime

    from grader.asking.running import run_twice
    from grader.formats.keeping import rule
    from grader.formats.transcript_text import side_by_side
    from grader.jobs import undecided
    from grader.model import Acceptance, InputError, Limits, ProbeKind
    from grader.probes.browser import require_browser

    if accept and not (by and reason):
        raise click.UsageError("--accept needs --by WHO and --reason TEXT: both are kept with it.")
    if not accept and (by or reason):
        raise click.UsageError("--by and --reason say who accepts and why: give --accept, too.")
    limits = Limits(timeout, wake_timeout, allow_private, degraded_after=degraded_after)
    with _changing(folder, files=accept) as run:
        before, job = run.appeal(andrew_id, limits)
        if job.submission.fault:
            raise InputError(
                f"{andrew_id} has no link that can be asked: {job.submission.fault} Put the right "
                "one into the roster, and run grader batch again."
            )
        if any(question.probe is ProbeKind.BROWSER for question in job.questions):
            require_browser()
        now = run_twice(job)
        options.say(side_by_side(before, now))
        if why := undecided(before, now):
            options.say(f"It could not be graded now, so nothing changed: {why}", err=True)
            sys.exit(options.NOT_GRADED)
        if by and reason:
            counts = run.adopt(andrew_id, now, Acceptance(by, datetime.now(UTC), reason))
    if not accept:
        options.say("Nothing changed; --accept asks again and adopts.")
    elif counts:
        options.say("Adopted.")
    else:
        options.say(
            f"Kept, but another attempt counts: {rule(run.info.keep)}. grader override sets a "
            "score by hand."
        )
    if before.override:
        options.say("What was set by hand still counts; grader override sets it anew.")


@command(_CHANGED)
@options.DIR
@click.argument(
    "andrew_id", metavar="[ID]", required=False, type=kinds.TEXT,
    help="The student's id; with --from the file names them.",
)  # fmt: skip
@click.option(
    "--score", type=kinds.Number(0), metavar="POINTS", help="The points that count, 0 or more."
)
@click.option("--excuse", is_flag=True, help="The student needs no score.")
@click.option("--withdraw", is_flag=True, help="What was graded counts again.")
@_by("Who decided.")
@_reason("And why.")
@click.option(
    "--from", "table", type=kinds.FILE, metavar="FILE.csv",
    help="Decide for many at once, all or nobody: a file with the columns id, score or excuse "
    "(yes), by, reason.",
)  # fmt: skip
def override(
    folder: Path,
    andrew_id: str | None,
    score: float | None,
    excuse: bool,
    withdraw: bool,
    by: str | None,
    reason: str | None,
    table: Path | None,
) -> None:
    """Set a student's score by hand, or excuse the student; what was graded is kept."""
    from datetime import UTC, datetime

    from grader.formats import words
    from grader.model import Override

    single = [score is not None, excuse, withdraw]
    if table is not None:
        if andrew_id or by or reason or any(single):
            raise click.UsageError("--from FILE.csv says all of it: give DIR and nothing else.")
        _override_all(folder, table)
        return
    if not andrew_id:
        raise click.UsageError("Name the student (ID), or a file of many with --from FILE.csv.")
    if sum(single) != 1:
        raise click.UsageError("Give one of --score N, --excuse and --withdraw.")
    if not (by and reason):
        raise click.UsageError("Say who decided and why: --by WHO and --reason TEXT.")
    decided = Override(by, datetime.now(UTC), reason, score, withdraw)
    with _changing(folder) as run:
        run.override(andrew_id, decided)
    options.say(f"{andrew_id}: {words.override(decided)}")


def _override_all(folder: Path, table: Path) -> None:
    """Set what a file says, if every line of it can be."""
    from datetime import UTC, datetime

    from grader.decisions import read_decisions
    from grader.formats import words

    decisions = read_decisions(table, datetime.now(UTC))
    with _changing(folder) as run:
        decided = decisions.apply(run)
    for andrew_id, each in decided.items():
        options.say(f"{andrew_id}: {words.override(each)}")
    options.say(f"Set by hand: {len(decided)}.")


@contextlib.contextmanager
def _changing(folder: Path, *, files: bool = True) -> Iterator[Run]:
    """The run in `folder`, which nobody else changes meanwhile; its files are written anew."""
    from grader.batch import STORE_NAME, write_files
    from grader.jobs import Run
    from grader.store import exclusive

    # Before anything is written: a folder without a run stays as it is.
    Run.open(folder / STORE_NAME).close()
    with exclusive(folder), contextlib.closing(Run.open(folder / STORE_NAME)) as run:
        yield run
        if files:
            write_files(run, folder)


def _say_rejudged(rejudged: Rejudged) -> None:
    from grader.formats.words import decimal

    def points(pair: tuple[float | None, float]) -> str:
        earned, most = pair
        return f"{'-' if earned is None else decimal(earned)} of {decimal(most)}"

    options.say(f"Judged again: {rejudged.judged}, with other points: {len(rejudged.changed)}")
    for change in rejudged.changed:
        options.say(f"  {change.andrew_id:<18}  {points(change.before)} -> {points(change.now)}")
    if rejudged.not_judged:
        options.say(
            f"Cannot be judged without asking, unchanged: {', '.join(rejudged.not_judged)}\n"
            "grader batch with --students asks them anew."
        )
    if rejudged.by_hand:
        options.say("Set by hand, of other points than there are now; grader override sets anew:")
    for each in rejudged.by_hand:
        was, now = points((each.score, each.before)), points((each.score, each.now))
        options.say(f"  {each.andrew_id:<18}  {was} -> {now}")


COMMANDS = (show, rejudge, appeal, override)
