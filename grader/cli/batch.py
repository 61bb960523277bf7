"""The commands that grade a class, a real one or a sample: batch, demo."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from grader.cli import batch_words, kinds, options, reading
from grader.cli.commands import argument, command, group, option
from grader.cli.exit_codes import DONE, EXIT_CODES, INTERRUPTED, NOT_GRADED
from grader.cli.output import say

if TYPE_CHECKING:
    from pathlib import Path

    from grader.model import Keep, State
    from grader.services import classes


@dataclass(frozen=True)
class _Batch:
    """Grade a class from a roster; run it again to resume."""

    roster: Path = argument(type=kinds.FILE, metavar="ROSTER", help="The file with ids and links.")
    out: Path | None = option(
        "--out", type=kinds.NEW_FOLDER, metavar="DIR",
        help="The run's folder: a new one, or that of the run to go on with.  [required]",
    )  # fmt: skip
    asking: options.Asking = group(options.Asking)
    workers: int | None = option(
        "--workers", type=kinds.Whole(1, 2000), metavar="N",
        help="How many apps are asked at once, 2000 at most; unless given, as many as this machine "
        "bears.",
    )  # fmt: skip
    per_site: int = option(
        "--per-site", type=kinds.Whole(1, 2000), default=1, show_default=True, metavar="N",
        help="How many requests a site gets at once, whoever shares it.",
    )  # fmt: skip
    scheduler: str | None = option(
        "--scheduler", read=reading.scheduler, metavar="tcp://HOST:PORT",
        help="Let the workers of this Dask cluster ask.",
    )  # fmt: skip
    columns: dict[str, str] = option(
        "--column", multiple=True, read=reading.pairs('--column url="Link to your app"'),
        metavar='WORD="HEADER"',
        help='Which column is which, as in --column url="Link to your app".',
    )  # fmt: skip
    accept_unreachable: bool = option(
        "--accept-unreachable", is_flag=True,
        help="Score unreachable apps 0 even where they are more than half of the class, and apps "
        "that a bot protection kept from being graded with what they earned until then.",
    )  # fmt: skip
    only: tuple[State, ...] | None = option(
        "--only", read=reading.states, metavar="STATE,...",
        help="Grade everybody in these states again, as in --only unreachable,not_graded.",
    )  # fmt: skip
    students: tuple[str, ...] | None = option(
        "--students", type=kinds.TEXT, read=reading.names, metavar="ID,...",
        help="Grade these students again; with --only, those of them in its states.",
    )  # fmt: skip
    keep: Keep | None = option(
        "--keep", read=reading.keep, metavar="best|last|before=DATE",
        help="Which attempt of a student counts: the best one, the last, or the last asked before "
        "a date. The run goes on with it; the last counts unless one was given.",
    )  # fmt: skip
    dry_run: bool = option(
        "--dry-run", is_flag=True,
        help="Say how the roster is read and what would be asked; nobody is asked, nothing is "
        "written.",
    )  # fmt: skip
    quiet: bool = options.QUIET

    def __call__(self) -> None:
        from grader.services import classes

        if self.out is None and not self.dry_run:
            raise click.MissingParameter(param_hint="'--out'", param_type="option")
        order = self._order()
        if not self.quiet:
            for word, header in order.roster.columns.items():
                say(f'Column {word}: "{header}"')
        if self.dry_run or self.out is None:
            batch_words.say_preview(classes.preview(order, self.out))
            return
        with classes.enrolled(order, self.out) as (opened, enrolled):
            if not self.quiet:
                batch_words.say_enrolled(order, enrolled, opened)
            sys.exit(grade(opened, quiet=self.quiet))

    def _order(self) -> classes.Order:
        from grader.roster import read_roster
        from grader.services import classes

        # A run goes on with its own battery and probes, unless others are given.
        own = None if options.is_given("battery") else self.out
        return classes.Order(
            roster=read_roster(self.roster, self.columns),
            battery=classes.battery_for(self.asking.battery, own),
            seed=self.asking.seed,
            probes=self.asking.probes if options.is_given("probes") else None,
            limits=self.asking.limits(),
            workers=self.workers,
            per_site=self.per_site,
            scheduler=self.scheduler,
            students=self.students or (),
            states=self.only or (),
            keep=self.keep,
            accept_unreachable=self.accept_unreachable,
        )


def grade(opened: classes.OpenClass, *, quiet: bool = False) -> int:
    """Grade a class, show the progress, say where its files are, and return the exit code."""
    from concurrent.futures import BrokenExecutor

    from grader.cli.batch_progress import show

    try:
        show(opened.grade(), opened.run.finished(), opened.run.total(), quiet=quiet)
    except KeyboardInterrupt:
        batch_words.say_stopped("Stopped", opened)
        return INTERRUPTED
    except BrokenExecutor as error:
        batch_words.say_stopped(f"Stopped, since {error}", opened)
        return NOT_GRADED
    batch_words.say_graded(opened, opened.finish())
    return NOT_GRADED if opened.run.unsettled() else DONE


@dataclass(frozen=True)
class _Demo:
    """Serve a sample class on this machine, and grade it."""

    students: int = option(
        "--students", type=kinds.Whole(1, 2000), default=24, show_default=True, metavar="N",
        help="How many there are, 2000 at most.",
    )  # fmt: skip
    latency: float = option(
        "--latency", type=kinds.Number(0, 5), default=0.05, show_default=True, metavar="SECONDS",
        help="How long each reply takes.",
    )  # fmt: skip
    seed: int | None = option(
        "--seed", type=kinds.SEED, metavar="N",
        help="The whole number that decides questions and apps; a new one unless given.",
    )  # fmt: skip
    out: Path = option(
        "--out", default="demo-results", show_default=True, type=kinds.NEW_FOLDER, metavar="DIR",
        help="The run's folder; an earlier demo in it is replaced.",
    )  # fmt: skip

    def __call__(self) -> None:
        from grader.demo.sample import open_sample
        from grader.questions import load_battery
        from grader.services.deployments import drawn

        seed, many = drawn(self.seed), self.students
        with open_sample(self.out, load_battery("activity"), seed, many, self.latency) as opened:
            say(f"A sample class of {many} apps is up on this machine (seed {seed}).")
            sys.exit(grade(opened))


_CODES = {DONE: "The run is complete, whatever the scores.", NOT_GRADED: EXIT_CODES[NOT_GRADED]}
COMMANDS = (
    command("batch", _Batch, _CODES),
    command("demo", _Demo, {DONE: "The sample class is graded."}),
)
