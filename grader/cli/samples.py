"""The command that shows it all: demo."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options
from grader.cli.commands import command
from grader.cli.executors import graders_for
from grader.cli.instructor import alone_in, grade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.jobs import Run
    from grader.model import Battery


@command({options.DONE: "The sample class is graded."})
@click.option(
    "--students", type=kinds.Whole(1, 2000), default=24, show_default=True, metavar="N",
    help="How many there are, 2000 at most.",
)  # fmt: skip
@click.option(
    "--latency", type=kinds.Number(0, 5), default=0.05, show_default=True, metavar="SECONDS",
    help="How long each reply takes.",
)  # fmt: skip
@click.option(
    "--seed", type=kinds.SEED, metavar="N",
    help="The whole number that decides questions and apps; a new one unless given.",
)  # fmt: skip
@click.option(
    "--out", default="demo-results", show_default=True, type=kinds.NEW_FOLDER, metavar="DIR",
    help="The run's folder; an earlier demo in it is replaced.",
)  # fmt: skip
def demo(students: int, latency: float, seed: int | None, out: Path) -> None:
    """Serve a sample class on this machine, and grade it."""
    from grader.demo import SAMPLE, sample_class
    from grader.model import Limits
    from grader.questions import load_battery

    drawn, battery = options.drawn(seed), load_battery("activity")
    limits = Limits(timeout=latency + 2.0, wake_timeout=latency + 6.0, allow_private=True)
    with sample_class(battery, drawn, students, latency, limits.timeout) as submissions:
        options.say(f"A sample class of {students} apps is up on this machine (seed {drawn}).")
        with _sample_run(out, battery, drawn) as run, graders_for(run) as graders:
            run.enroll(submissions, (SAMPLE,))
            code = grade(run, out, limits, graders, accept_unreachable=True)
    sys.exit(code)


@contextlib.contextmanager
def _sample_run(out: Path, battery: Battery, seed: int) -> Iterator[Run]:
    """A new run in the folder `out`, in place of that of an earlier demo and of nothing else."""
    from grader.batch import STORE_NAME
    from grader.jobs import Run
    from grader.model import InputError

    with alone_in(out):
        if (out / STORE_NAME).exists():
            with contextlib.closing(Run.open(out / STORE_NAME)) as earlier:
                if not earlier.info.is_sample and earlier.total():
                    raise InputError(
                        f"{out} holds a run of a real class, which the demo would replace: choose "
                        "another folder with --out"
                    )
        for leftover in out.glob(f"{STORE_NAME}*"):
            leftover.unlink()
        with contextlib.closing(Run.begin(out / STORE_NAME, battery, seed)) as run:
            yield run


COMMANDS = (demo,)
