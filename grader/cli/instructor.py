"""The command of an instructor that grades: batch."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options, previewing, resuming
from grader.cli.commands import EXIT_CODES, command
from grader.cli.executors import cluster_at, graders_for, require_browser_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.asking.classes import Graders
    from grader.asking.cluster import ClusterGraders
    from grader.jobs import Run
    from grader.model import Battery, Keep, Limits, ProbeKind, State


def _names(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    names = tuple(name for part in value.split(",") if (name := part.strip()))
    if not names:
        raise click.BadParameter("name at least one, or leave the option out")
    return names


def _states(
    context: click.Context, option: click.Parameter, value: str | None
) -> tuple[State, ...]:
    from grader.model import State

    names = _names(context, option, value)
    known = [state.value for state in State]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of {', '.join(known)}")
    return tuple(State(name) for name in names)


def _keep(_context: click.Context, _option: click.Parameter, value: str | None) -> Keep | None:
    from grader.model import Keep

    try:
        return None if value is None else Keep.read(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _unless_dry(context: click.Context, option: click.Parameter, value: Path | None) -> Path | None:
    """The folder, which only a dry run can do without: its option is eager, and known by now."""
    if value is None and not context.params.get("dry_run"):
        raise click.MissingParameter(ctx=context, param=option)
    return value


def _scheduler(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"(tcp|tls)://[^\s/:@]+:\d{1,5}", value):
        raise click.BadParameter("write it as tcp://host:port or tls://host:port")
    return value


@command(
    {
        options.DONE: "The run is complete, whatever the scores.",
        options.NOT_GRADED: EXIT_CODES[options.NOT_GRADED],
    }
)
@click.argument("roster", type=kinds.FILE, metavar="ROSTER", help="The file with ids and links.")
@click.option(
    "--out", type=kinds.NEW_FOLDER, callback=_unless_dry, metavar="DIR",
    help="The run's folder: a new one, or that of the run to go on with.  [required]",
)  # fmt: skip
@options.asking
@click.option(
    "--workers", type=kinds.Whole(1, 2000), metavar="N",
    help="How many apps are asked at once, 2000 at most; unless given, as many as this machine "
    "bears.",
)  # fmt: skip
@click.option(
    "--per-site", type=kinds.Whole(1, 2000), default=1, show_default=True, metavar="N",
    help="How many requests a site gets at once, whoever shares it.",
)  # fmt: skip
@click.option(
    "--scheduler", callback=_scheduler, metavar="tcp://HOST:PORT",
    help="Let the workers of this Dask cluster ask.",
)  # fmt: skip
@click.option(
    "--column", "columns", multiple=True, callback=options.columns_given, metavar='WORD="HEADER"',
    help='Which column is which, as in --column url="Link to your app".',
)  # fmt: skip
@click.option(
    "--accept-unreachable", is_flag=True,
    help="Score unreachable apps 0 even where they are more than half of the class, and apps that "
    "a bot protection kept from being graded with what they earned until then.",
)  # fmt: skip
@click.option(
    "--only", "states", callback=_states, metavar="STATE,...",
    help="Grade everybody in these states again, as in --only unreachable,not_graded.",
)  # fmt: skip
@click.option(
    "--students", type=kinds.TEXT, callback=_names, metavar="ID,...",
    help="Grade these students again; with --only, those of them in its states.",
)  # fmt: skip
@click.option(
    "--keep", callback=_keep, metavar="best|last|before=DATE",
    help="Which attempt of a student counts: the best one, the last, or the last asked before a "
    "date. The run goes on with it; the last counts unless one was given.",
)  # fmt: skip
@click.option(
    "--dry-run", is_flag=True, is_eager=True,
    help="Say how the roster is read and what would be asked; nobody is asked, nothing is written.",
)  # fmt: skip
@options.QUIET
def batch(
    roster: Path,
    out: Path,
    battery: str,
    seed: int | None,
    probes: tuple[ProbeKind, ...],
    timeout: float,
    wake_timeout: float | None,
    degraded_after: float,
    allow_private: bool,
    workers: int | None,
    per_site: int,
    scheduler: str | None,
    columns: dict[str, str],
    accept_unreachable: bool,
    states: tuple[State, ...],
    students: tuple[str, ...],
    keep: Keep | None,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Grade a class from a roster; run it again to resume."""
    from grader import batch as batches
    from grader.model import Limits, Note
    from grader.questions import load_battery
    from grader.roster import read_roster

    read = read_roster(roster, columns)
    chosen = _battery_of(out) or load_battery(battery)
    batches.check_columns(chosen, batches.Submissions(read.rows, allow_private))
    if not quiet:
        for word, header in read.columns.items():
            options.say(f'Column {word}: "{header}"')
    if dry_run:
        previewing.say(read, out, chosen, seed, _given(probes), allow_private)
        return
    limits = Limits(timeout, wake_timeout, allow_private, probes, degraded_after)
    with (
        cluster_at(scheduler) as cluster,
        _run_for(out, chosen, seed, _given(probes), cluster) as run,
    ):
        resuming.open_private(run, allow_private, quiet)
        found, notes = batches.submissions(read, allow_private=run.info.allow_private)
        if not quiet:
            for note in (*notes, *batches.shared(found)):
                options.say(f"Note: {note}")
        enrolled = run.enroll(found, tuple(map(Note, notes)))
        if accept_unreachable:
            run.accept_unreachable()
        marked = run.ask_again(students, states)
        if keep is not None:
            resuming.change_rule(run, keep, quiet)
        reopened = run.reopen()
        if not quiet:
            options.say(f"Battery {chosen.name}, seed {run.info.seed}, {run.total()} submissions")
            resuming.say_enrolled(enrolled, run, chosen, reopened)
            if (students or states) and not marked:
                options.say("Nobody of those named is to be asked again.")
        with graders_for(run, cluster, workers) as graders:
            sys.exit(grade(run, out, limits, graders, per_site, accept_unreachable, quiet=quiet))


def _battery_of(out: Path | None) -> Battery | None:
    """The battery of the run in `out`, which it goes on with unless another one was given."""
    from click.core import ParameterSource

    from grader.batch import STORE_NAME
    from grader.jobs import Run

    source = click.get_current_context().get_parameter_source("battery")
    if out is None or source is not ParameterSource.DEFAULT or not (out / STORE_NAME).exists():
        return None
    with contextlib.closing(Run.open(out / STORE_NAME)) as run:
        return run.info.battery


@contextlib.contextmanager
def _run_for(
    out: Path,
    battery: Battery,
    seed: int | None,
    probes: tuple[ProbeKind, ...] | None = None,
    cluster: ClusterGraders | None = None,
) -> Iterator[Run]:
    """The run in the folder `out`, which nobody else grades into meanwhile."""
    from grader.batch import STORE_NAME
    from grader.jobs import Run
    from grader.model import asks_in_browser

    # A run that could not be asked as it says is not begun: it would keep its probes for ever.
    if not (out / STORE_NAME).exists() and asks_in_browser(battery, probes or ()):
        require_browser_of(cluster)
    with (
        alone_in(out),
        contextlib.closing(Run.begin(out / STORE_NAME, battery, seed, probes)) as run,
    ):
        yield run


@contextlib.contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """The folder `out` made where it is missing, and kept from other commands meanwhile.

    Raises:
        InputError: if it holds what no run made, and a run would replace.
    """
    from grader.batch import FILES, STORE_NAME
    from grader.model import InputError
    from grader.store import exclusive

    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(out):
        if not (out / STORE_NAME).exists() and (
            found := [name for name in FILES if (out / name).exists()]
        ):
            raise InputError(
                f"{out} holds {', '.join(found)} and no run that these belong to: choose a new "
                "folder with --out, so that nothing is overwritten"
            )
        yield


def grade(
    run: Run,
    out: Path,
    limits: Limits,
    graders: Graders,
    per_site: int = 1,
    accept_unreachable: bool = False,
    *,
    quiet: bool = False,
) -> int:
    """Grade what `run` lacks, with a progress display, and write its files; the exit code."""
    from concurrent.futures import BrokenExecutor

    from grader import batch as batches
    from grader.cli.progress import show
    from grader.formats import keeping, terminal
    from grader.handouts import StudentPages

    steps = batches.grade_class(run, graders, limits, per_site)
    pages = StudentPages(run.info, out / batches.PAGES)
    try:
        show(batches.with_pages(run, steps, pages), run.finished(), run.total(), quiet=quiet)
    except KeyboardInterrupt:
        resuming.say_stopped("Stopped", run, out)
        return options.INTERRUPTED
    except BrokenExecutor as error:
        resuming.say_stopped(f"Stopped, since {error}", run, out)
        return options.NOT_GRADED
    if accept_unreachable:
        run.accept_unreachable()
    scorecards = batches.write_files(run, out, pages)
    options.say(terminal.summary_table(scorecards, width=options.width()))
    options.say(f"\nReport: {out / batches.REPORT}\nGrades: {out / batches.GRADES}")
    for note in keeping.notes(run.info.keep, run.late()):
        options.say(note)
    open_ones = run.unsettled()
    if open_ones and run.in_doubt():
        options.say(f"WARNING: {batches.DOUBT}", err=True)
    return options.NOT_GRADED if open_ones else options.DONE


def _given(probes: tuple[ProbeKind, ...]) -> tuple[ProbeKind, ...] | None:
    """The probes, unless they are only the default of an option that was not given."""
    from click.core import ParameterSource

    source = click.get_current_context().get_parameter_source("probes")
    return None if source is ParameterSource.DEFAULT else probes


COMMANDS = (batch,)
