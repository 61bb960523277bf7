"""The words of `batch`: for a dry run, after enrolling, when it is stopped, and at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from grader.cli.output import say, width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.jobs import Enrollment, Run
    from grader.services.classes import Enrolled, OpenClass, Order, Preview
    from grader.services.files import Written


def say_preview(found: Preview) -> None:
    """Say what an order would do."""
    from grader.formats import preview

    for note in found.notes:
        say(f"Note: {note}")
    for line in preview.links(found.submissions):
        say(line)
    if found.example:
        words = preview.battery(found.battery, found.example, found.questions, found.seed)
        say(f"\n{words}")
    say("\nNobody was asked, and nothing was written.")


def say_enrolled(order: Order, enrolled: Enrolled, opened: OpenClass) -> None:
    """Say what has changed in the run, and how many submissions are done already."""
    from grader.formats.keeping import rule

    run, info, before = opened.run, opened.run.info, enrolled.before
    resumed = run.finished() > 0 or enrolled.reopened > 0
    if before.allow_private and not order.limits.allow_private:
        say("Private addresses are open, as in this run before.")
    elif info.allow_private and not before.allow_private and enrolled.had:
        say("Private addresses are open from now on.")
    for note in enrolled.notes:
        say(f"Note: {note}")
    if info.keep != before.keep:
        until_now = f" (until now {rule(before.keep)})" if resumed else ""
        say(f"Which attempt counts: {rule(info.keep)}{until_now}")
    say(f"Battery {order.battery.name}, seed {info.seed}, {run.total()} submissions")
    if info.battery != order.battery:
        say("It goes on with the text that this battery had when the run began.")
    for line in _changes(enrolled.enrollment):
        say(line)
    if resumed:
        many = enrolled.reopened
        again = f"; {many} not graded so far, asked once more" if many else ""
        say(f"Resuming: {_done(run, ' already')}{again}.")
    if enrolled.asked_anew == 0:
        say("Nobody of those named is to be asked again.")


def _changes(enrollment: Enrollment) -> Iterator[str]:
    again = "Graded again, since the link, the keys or the addresses that are open have changed"
    unasked = "Graded as before, since they were never asked for their commit; --students asks them"
    for words, students in (
        (again, enrollment.changed),
        ("Judged again by the commit that is expected now", enrollment.judged),
        (unasked, enrollment.unjudged),
        ("No longer in the roster, kept in the run", enrollment.removed),
    ):
        if students:
            yield f"{words}: {', '.join(students)}"


def say_stopped(why: str, opened: OpenClass) -> None:
    """Say what is kept of a run that was stopped, and how to resume it."""
    options = click.get_current_context().params
    # These students are marked already; with the same options, all of them would be asked again.
    again = [f"--{name}" for name in ("students", "only") if options.get(name)]
    without = f" without {' and '.join(again)}" if again else ""
    say(
        f"\n{why}: {_done(opened.run)} and kept in {opened.folder}. "
        f"Run the same command again{without} to grade the rest.",
        err=True,
    )


def say_graded(opened: OpenClass, written: Written) -> None:
    """Print the summary of a class, and say where its files are."""
    from grader.formats import keeping, terminal
    from grader.services.files import DOUBT
    from grader.services.folders import GRADES, REPORT

    run, folder = opened.run, opened.folder
    say(terminal.summary_table(written.scorecards, written.summary, width=width()))
    say(f"\nReport: {folder / REPORT}\nGrades: {folder / GRADES}")
    for note in keeping.notes(run.info.keep, run.late()):
        say(note)
    if run.unsettled() and run.in_doubt():
        say(f"WARNING: {DOUBT}", err=True)


def _done(run: Run, already: str = "") -> str:
    """How many are done, such as "3 of 9 are graded"; states other than graded are named."""
    from grader.formats.words import STATE_WORDS
    from grader.model import State

    states = run.finished_states()
    total, done = run.total(), sum(states.values())
    if done == states[State.GRADED]:
        return f"{done} of {total} are graded{already}"
    named = ", ".join(f"{states[state]} {STATE_WORDS[state]}" for state in State if states[state])
    return f"{done} of {total} are done{already} ({named})"
