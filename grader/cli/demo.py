"""The command that grades a sample class on this machine: demo."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.cli import kinds
from grader.cli.batch import grade
from grader.cli.commands import command, option
from grader.cli.exit_codes import DONE
from grader.cli.output import say

if TYPE_CHECKING:
    from pathlib import Path


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


COMMANDS = (command("demo", _Demo, {DONE: "The sample class is graded."}),)
