"""Going on with a run: what an earlier command left, what the options change, and how to resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from grader.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from grader.jobs import Enrollment, Run
    from grader.model import Battery, Keep

# The options that ask again, with the names of their parameters.
_AGAIN = {"students": "students", "only": "states"}


def open_private(run: Run, asked_for: bool, quiet: bool) -> None:
    """Open private addresses where that is asked for now; where it was once, they stay open."""
    said = ""
    if run.info.allow_private:
        said = "" if asked_for else "Private addresses are open, as in this run before."
    elif asked_for:
        said = "Private addresses are open from now on." if run.total() else ""
        run.allow_private()
    if said and not quiet:
        options.say(said)


def change_rule(run: Run, keep: Keep, quiet: bool) -> None:
    """Let `keep` be the run's rule, and say so where that is new."""
    from grader.formats.keeping import rule

    if keep != run.info.keep and not quiet:
        until_now = f" (until now {rule(run.info.keep)})" if run.finished() else ""
        options.say(f"Which attempt counts: {rule(keep)}{until_now}")
    run.keep(keep)


def say_enrolled(enrolled: Enrollment, run: Run, battery: Battery, reopened: int) -> None:
    """Say what the roster changed in the run, and how far that is.

    Args:
        enrolled: what the roster changed.
        run: as it is now.
        battery: as it is given now.
        reopened: how many are asked once more, since they could not be graded.
    """
    if run.info.battery != battery:
        options.say("It goes on with the text that this battery had when the run began.")
    if enrolled.changed:
        options.say(
            "Another link, other keys or other addresses open than before, graded anew: "
            f"{', '.join(enrolled.changed)}"
        )
    if enrolled.judged:
        options.say(
            f"Another commit is expected, judged on what answered: {', '.join(enrolled.judged)}"
        )
    if enrolled.unjudged:
        options.say(
            "Never asked which commit answers, as graded before; --students asks anew: "
            f"{', '.join(enrolled.unjudged)}"
        )
    if enrolled.removed:
        options.say(f"No longer in the roster, kept in the run: {', '.join(enrolled.removed)}")
    if run.finished() or reopened:
        again = f"; {reopened} not graded so far, asked once more" if reopened else ""
        options.say(f"Resuming: {_done(run, ' already')}{again}.")


def say_stopped(why: str, run: Run, out: Path) -> None:
    """Say what is kept of a run that was stopped, and how to resume it."""
    given = click.get_current_context().params
    # What is marked to be asked again stays marked; given again, they would ask all of it anew.
    again = [f"--{name}" for name, option in _AGAIN.items() if given.get(option)]
    without = f" without {' and '.join(again)}" if again else ""
    options.say(
        f"\n{why}: {_done(run)} and kept in {out}. "
        f"Run the same command again{without} to grade the rest.",
        err=True,
    )


def _done(run: Run, already: str = "") -> str:
    """How many need not be asked any more, as in "3 of 9 are graded"; others are named."""
    from grader.formats.words import STATE_WORDS
    from grader.model import State

    states = run.finished_states()
    total, done = run.total(), sum(states.values())
    if done == states[State.GRADED]:
        return f"{done} of {total} are graded{already}"
    named = ", ".join(f"{states[state]} {STATE_WORDS[state]}" for state in State if states[state])
    return f"{done} of {total} are done{already} ({named})"
