"""The commands that explain and correct grades: show, rejudge, appeal, override."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from grader.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.jobs import Rejudged, Run

_FOLDER = click.argument("folder", metavar="DIR", type=options.RUN_FOLDER)
_STUDENT = click.argument("andrew_id", metavar="ID", type=options.TEXT)


def _one_line(_context: click.Context, _option: click.Parameter, value: str) -> str:
    text = value.strip()
    if not text or not text.isprintable():
        raise click.BadParameter("write it in words, on one line")
    return text


@click.command()
@_FOLDER
@_STUDENT
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def show(folder: Path, andrew_id: str, form: str) -> None:
    """Show all that a run knows of one student: questions, replies, attempts, overrides."""
    from grader.batch import STORE_NAME
    from grader.formats import transcript as formats
    from grader.jobs import Run

    with contextlib.closing(Run.open(folder / STORE_NAME)) as run:
        transcript = run.transcript(andrew_id)
        write = formats.as_json if form == "json" else formats.as_text
        options.say(write(run.info, transcript))


@click.command()
@_FOLDER
@click.option("--battery", required=True, metavar="NAME|FILE", help="The corrected battery.")
@click.option(
    "--partial", is_flag=True,
    help="Go on though some were never asked what it asks: they keep what they have.",
)  # fmt: skip
def rejudge(folder: Path, battery: str, partial: bool) -> None:
    """Judge a run's stored replies by a corrected battery, without asking anybody."""
    from datetime import UTC, datetime

    from grader.questions import load_battery

    corrected = load_battery(battery)
    with _changing(folder) as run:
        rejudged = run.rejudge(corrected, datetime.now(UTC), partial=partial)
    _say_rejudged(rejudged)


@click.command()
@_FOLDER
@_STUDENT
@click.option("--accept", is_flag=True, help="Let what comes count, whether more or less.")
@options.TIMEOUT
@options.WAKE_TIMEOUT
@options.DEGRADED_AFTER
@options.ALLOW_PRIVATE
def appeal(
    folder: Path,
    andrew_id: str,
    accept: bool,
    timeout: float,
    wake_timeout: float | None,
    degraded_after: float,
    allow_private: bool,
) -> None:
    """Ask one student's app the same questions again, now, and compare."""
    from datetime import UTC, datetime

    from grader.formats.keeping import rule
    from grader.formats.transcript import side_by_side
    from grader.grading import run_twice
    from grader.jobs import undecided
    from grader.model import Limits

    limits = Limits(timeout, wake_timeout, allow_private, degraded_after=degraded_after)
    with _changing(folder, files=accept) as run:
        before, job = run.appeal(andrew_id, limits)
        now = run_twice(job)
        options.say(side_by_side(before, now))
        if why := undecided(before, now):
            options.say(f"It could not be graded now, so nothing changed: {why}", err=True)
            sys.exit(options.NOT_GRADED)
        if accept:
            counts = run.adopt(andrew_id, now, datetime.now(UTC))
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


@click.command()
@_FOLDER
@_STUDENT
@click.option("--score", type=options.Range(min=0), help="The points that count.")
@click.option("--excuse", is_flag=True, help="The student needs no score.")
@click.option("--withdraw", is_flag=True, help="What was graded counts again.")
@click.option("--by", required=True, callback=_one_line, metavar="WHO", help="Who decided.")
@click.option("--reason", required=True, callback=_one_line, metavar="TEXT", help="And why.")
def override(
    folder: Path,
    andrew_id: str,
    score: float | None,
    excuse: bool,
    withdraw: bool,
    by: str,
    reason: str,
) -> None:
    """Set a student's score by hand, or excuse the student; what was graded is kept."""
    from datetime import UTC, datetime

    from grader.formats import words
    from grader.model import Override

    if (score is not None) + excuse + withdraw != 1:
        raise click.UsageError("Give one of --score N, --excuse and --withdraw.")
    decided = Override(by, datetime.now(UTC), reason, score, withdraw)
    with _changing(folder) as run:
        run.override(andrew_id, decided)
    options.say(f"{andrew_id}: {words.override(decided)}")


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
