"""The commands that explain and correct grades: show, rejudge, appeal, override."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options, reading
from grader.cli.commands import argument, command, group, option
from grader.cli.exit_codes import BAD_INPUT, DONE, NOT_GRADED
from grader.cli.output import say
from grader.formats import registry

if TYPE_CHECKING:
    from pathlib import Path

    from grader.jobs import Rejudged

_STUDENT = argument(metavar="ID", type=kinds.TEXT, help="The student's id.")
_CHANGED = {DONE: "The grades and the folder's files are as you said."}


@dataclass(frozen=True)
class _Show:
    """Show all that a run knows of one student: questions, replies, attempts, overrides."""

    folder: Path = options.FOLDER
    andrew_id: str = _STUDENT
    form: str = option(
        "--format", type=click.Choice(list(registry.TRANSCRIPT)), default="text",
        show_default=True, help="How it is shown: for people, or for programs.",
    )  # fmt: skip

    def __call__(self) -> None:
        from grader.services import corrections

        run, transcript = corrections.transcript(self.folder, self.andrew_id)
        say(registry.of_transcript(self.form)(run, transcript))


@dataclass(frozen=True)
class _Rejudge:
    """Judge a run's stored replies by a corrected battery, without asking anybody."""

    folder: Path = options.FOLDER
    battery: str = option(
        "--battery", required=True, metavar="NAME|FILE",
        help="The corrected battery: its name, or your own file.",
    )  # fmt: skip
    partial: bool = option(
        "--partial", is_flag=True,
        help="Go on though some were never asked what it asks: they keep what they have.",
    )  # fmt: skip
    dry_run: bool = option(
        "--dry-run", is_flag=True, help="Show what would change, and change nothing."
    )

    def __call__(self) -> None:
        from grader.questions import load_battery
        from grader.services import corrections

        rejudged = corrections.rejudge(
            self.folder, load_battery(self.battery), partial=self.partial, dry_run=self.dry_run
        )
        _say_rejudged(rejudged)
        if not self.dry_run:
            return
        if rejudged.not_judged and not self.partial:
            say("Nothing changed, and without --dry-run this is refused: it needs --partial.")
            sys.exit(BAD_INPUT)
        say("Nothing changed: run it without --dry-run to change it.")


@dataclass(frozen=True)
class _Appeal:
    """Ask one student's app the same questions again, now, and compare."""

    folder: Path = options.FOLDER
    andrew_id: str = _STUDENT
    accept: bool = option(
        "--accept", is_flag=True,
        help="Let what comes count, whether more or less; needs --by and --reason.",
    )  # fmt: skip
    by: str | None = option(
        "--by", read=reading.one_line, metavar="WHO", help="Who accepts the appeal."
    )
    reason: str | None = option(
        "--reason", read=reading.one_line, metavar="TEXT", help="Why it is accepted."
    )
    patience: options.Patience = group(options.Patience)

    def __call__(self) -> None:
        from grader.formats.keeping import rule
        from grader.formats.transcript_text import side_by_side
        from grader.services import corrections

        accepted = (self.by, self.reason) if self.by and self.reason else None
        if self.accept and accepted is None:
            raise click.UsageError(
                "--accept needs --by WHO and --reason TEXT: both are kept with it."
            )
        if not self.accept and (self.by or self.reason):
            raise click.UsageError("--by and --reason say who accepts and why: give --accept, too.")
        found = corrections.appeal(self.folder, self.andrew_id, self.patience.limits(), accepted)
        say(side_by_side(found.before, found.now))
        if found.undecided:
            say(f"It could not be graded now, so nothing changed: {found.undecided}", err=True)
            sys.exit(NOT_GRADED)
        say(
            {
                None: "Nothing changed; --accept asks again and adopts.",
                True: "Adopted.",
                False: f"Kept, but another attempt counts: {rule(found.keep)}. grader override "
                "sets a score by hand.",
            }[found.counts]
        )
        if found.before.override:
            say("What was set by hand still counts; grader override sets it anew.")


@dataclass(frozen=True)
class _Override:
    """Set a student's score by hand, or excuse the student; what was graded is kept."""

    folder: Path = options.FOLDER
    andrew_id: str | None = argument(
        metavar="[ID]", required=False, type=kinds.TEXT,
        help="The student's id; with --from the file names them.",
    )  # fmt: skip
    score: float | None = option(
        "--score", type=kinds.Number(0), metavar="POINTS", help="The points that count, 0 or more."
    )
    excuse: bool = option("--excuse", is_flag=True, help="The student needs no score.")
    withdraw: bool = option("--withdraw", is_flag=True, help="What was graded counts again.")
    by: str | None = option("--by", read=reading.one_line, metavar="WHO", help="Who decided.")
    reason: str | None = option("--reason", read=reading.one_line, metavar="TEXT", help="And why.")
    table: Path | None = option(
        "--from", type=kinds.FILE, metavar="FILE.csv",
        help="Decide for many at once, all or nobody: a file with the columns id, score or excuse "
        "(yes), by, reason.",
    )  # fmt: skip

    def __call__(self) -> None:
        from grader.formats import words
        from grader.model import Override
        from grader.services import corrections

        single = [self.score is not None, self.excuse, self.withdraw]
        if self.table is not None:
            if self.andrew_id or self.by or self.reason or any(single):
                raise click.UsageError("--from FILE.csv says all of it: give DIR and nothing else.")
            decided = corrections.override_all(self.folder, self.table)
            for andrew_id, each in decided.items():
                say(f"{andrew_id}: {words.override(each)}")
            say(f"Set by hand: {len(decided)}.")
            return
        if not self.andrew_id:
            raise click.UsageError("Name the student (ID), or a file of many with --from FILE.csv.")
        if sum(single) != 1:
            raise click.UsageError("Give one of --score N, --excuse and --withdraw.")
        if not (self.by and self.reason):
            raise click.UsageError("Say who decided and why: --by WHO and --reason TEXT.")
        one = Override(self.by, datetime.now(UTC), self.reason, self.score, self.withdraw)
        corrections.override(self.folder, self.andrew_id, one)
        say(f"{self.andrew_id}: {words.override(one)}")


def _say_rejudged(rejudged: Rejudged) -> None:
    from grader.formats.words import decimal

    def points(pair: tuple[float | None, float]) -> str:
        earned, most = pair
        return f"{'-' if earned is None else decimal(earned)} of {decimal(most)}"

    say(f"Judged again: {rejudged.judged}, with other points: {len(rejudged.changed)}")
    for change in rejudged.changed:
        say(f"  {change.andrew_id:<18}  {points(change.before)} -> {points(change.now)}")
    if rejudged.not_judged:
        say(
            f"Cannot be judged without asking, unchanged: {', '.join(rejudged.not_judged)}\n"
            "grader batch with --students asks them anew."
        )
    if rejudged.by_hand:
        say("Set by hand, of other points than there are now; grader override sets a new score:")
    for each in rejudged.by_hand:
        was, now = points((each.score, each.before)), points((each.score, each.now))
        say(f"  {each.andrew_id:<18}  {was} -> {now}")


_APPEALED = {
    DONE: "The app was asked; with --accept, what came is kept.",
    NOT_GRADED: "It could not be graded now, and nothing changed.",
}
COMMANDS = (
    command("show", _Show, {DONE: "It is shown."}),
    command("rejudge", _Rejudge, _CHANGED),
    command("appeal", _Appeal, _APPEALED),
    command("override", _Override, _CHANGED),
)
