"""The commands that carry grades into other systems: export, gradescope-zip."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options
from grader.cli.commands import command
from grader.formats import registry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from grader.formats.gradebook import Filled, Gradebook
    from grader.jobs import Run
    from grader.model import ProbeKind

# The options that are fields of a gradebook's.
_OPTIONS = {
    "downloaded": "--gradebook",
    "assignment": "--assignment",
    "id_column": "--id-column",
    "replace_excused": "--replace-excused",
}


@command(
    {
        options.DONE: "The file is written.",
        options.NOT_GRADED: "It is written, and some students in it are not graded yet.",
    }
)
@options.DIR
@click.option(
    "--format", "form", required=True, type=click.Choice(list(registry.EXPORTS)),
    help="The system that will read the file.",
)  # fmt: skip
@click.option(
    "--gradebook", type=kinds.FILE, metavar="FILE",
    help="The gradebook as you exported it from Canvas or Blackboard.",
)  # fmt: skip
@click.option(
    "--assignment", type=kinds.TEXT, metavar="TITLE", help="The gradebook's column to fill."
)
@click.option(
    "--id-column", type=click.Choice(["username", "email", "idnumber"]),
    help="What Moodle finds users by; username unless given.",
)  # fmt: skip
@click.option(
    "--replace-excused", is_flag=True,
    help="Write grades over EX, too, which Canvas's gradebook keeps unless this is given.",
)  # fmt: skip
@click.option(
    "--out", type=kinds.NEW_FILE, metavar="FILE",
    help="The file to write; in the run's folder unless given.",
)  # fmt: skip
def export(
    folder: Path,
    form: str,
    gradebook: Path | None,
    assignment: str | None,
    id_column: str | None,
    replace_excused: bool,
    out: Path | None,
) -> None:
    """Write a run's grades in the form of another system."""
    from grader.batch import DOUBT, STORE_NAME
    from grader.formats.gradebook import Gradebook
    from grader.gradebooks import ungraded
    from grader.jobs import Run
    from grader.store import write_private
    from grader.text.cutting import some_of

    chosen = registry.EXPORTS[form]
    given = {
        "downloaded": gradebook is not None,
        "assignment": assignment is not None,
        "id_column": id_column is not None,
        "replace_excused": replace_excused,
    }
    _check_given(form, chosen, {name for name, is_given in given.items() if is_given})
    target = _target(folder, chosen.file, gradebook, out)
    with contextlib.closing(Run.open(folder / STORE_NAME)) as run:
        # What the format does not need is not given, and what it needs is.
        exported = gradebook.read_bytes() if gradebook else b""
        filling = Gradebook(exported, assignment or "", id_column or "", replace_excused)
        open_ones, total = ungraded(run), run.total()
        content, words = _rendered(run, form, filling)
        write_private(target, content)
        if run.in_doubt():
            options.say(f"WARNING: {DOUBT}", err=True)
    for line in (f"{words[0]}: {target}", *words[1:]):
        options.say(line)
    if open_ones:
        options.say(
            f"WARNING: {len(open_ones)} of {total} are not graded yet: {some_of(open_ones)}. "
            "Run grader batch again, and then this.",
            err=True,
        )
        sys.exit(options.NOT_GRADED)


def _target(folder: Path, name: str, gradebook: Path | None, out: Path | None) -> Path:
    """The file to write: nothing is overwritten but what the same export wrote before."""
    from grader.batch import STORE_NAME
    from grader.store.locking import LOCK_NAME

    own = folder / name
    target = out or own
    inside = target.parent.resolve() == folder.resolve()
    if gradebook is not None and target.exists() and target.samefile(gradebook):
        raise click.UsageError(f"{target} is the gradebook itself: choose another name with --out.")
    # SQLite keeps files beside the store, which come and go.
    if inside and target.name.casefold().startswith((STORE_NAME, LOCK_NAME)):
        raise click.UsageError(f"{target} belongs to the run: choose another name with --out.")
    if target.exists() and not (inside and target.name == own.name):
        raise click.UsageError(f"{target} is there already: remove it or choose another name.")
    return target


def _check_given(form: str, chosen: registry.Export, given: set[str]) -> None:
    for name in sorted(_OPTIONS[field] for field in chosen.needs - given):
        raise click.UsageError(f"--format {form} needs {name}.")
    for name in sorted(_OPTIONS[field] for field in given - chosen.needs - chosen.takes):
        raise click.UsageError(f"--format {form} has no use for {name}: leave it out.")


def _rendered(run: Run, form: str, filling: Gradebook) -> tuple[Iterable[str | bytes], list[str]]:
    """The file's content, and what to say of it, line by line."""
    from grader import gradebooks

    if not registry.EXPORTS[form].needs:
        content = registry.of_run(form)(run.info, run.scorecards())
        return content, ["Wrote", *_said_of_unlisted(run, "listed last")]
    listed = run.scorecards(listed_only=True)
    cards = listed if form == "moodle" else gradebooks.everybody(run)
    filled = registry.of_gradebook(form)(run.info, cards, filling)
    if form == "moodle":
        left_out = [f"Left out: {student}, {why}" for student, why in filled.left_out.items()]
        said = [f"Wrote {filled.filled} rows, grades of 100", *left_out]
    else:
        said = [*_said_of_gradebook(filled, filling.assignment), *_said_of_values(filled)]
    return [filled.content], [*said, *_said_of_unlisted(run)]


def _said_of_unlisted(run: Run, where: str = "left out") -> list[str]:
    gone = run.unlisted()
    return [f"No longer in the roster, {where}: {', '.join(gone)}"] if gone else []


def _said_of_values(filled: Filled) -> list[str]:
    """What became of the values that stood in a Canvas gradebook before."""
    from grader.text.cutting import some_of

    lines = []
    if filled.replaced:
        many = len(filled.replaced)
        lines.append(f"Other values that were replaced: {many} ({some_of(filled.replaced)})")
    if filled.left_excused:
        many = len(filled.left_excused)
        lines.append(
            f"Excused with EX and left alone: {many} ({some_of(filled.left_excused)}); "
            "--replace-excused writes grades over them"
        )
    return lines


def _said_of_gradebook(filled: Filled, assignment: str) -> list[str]:
    lines = [f"Filled {filled.filled} cells of {assignment!r}"]
    for words, ids in (
        ("Not in the gradebook", filled.not_in_gradebook),
        ("In the gradebook, not in the run", filled.not_in_run),
    ):
        if ids:
            lines.append(f"{words}: {', '.join(ids)}")
    return lines


@command({options.DONE: "The file is written."}, name="gradescope-zip")
@click.option(
    "--out", required=True, type=kinds.NEW_FILE, metavar="FILE", help="The zip file to write."
)
@options.asking
def gradescope_zip(
    out: Path,
    battery: str,
    seed: int | None,
    probes: tuple[ProbeKind, ...],
    timeout: float,
    wake_timeout: float | None,
    degraded_after: float,
    allow_private: bool,
) -> None:
    """Build an autograder for Gradescope, which checks each student's URL."""
    from grader.gradescope.building import build, is_autograder
    from grader.model import Limits
    from grader.questions import load_battery
    from grader.store import write_private

    if out.exists() and not is_autograder(out):
        raise click.UsageError(f"{out} is there already, and no autograder: choose another name.")
    limits = Limits(timeout, wake_timeout, allow_private, probes, degraded_after)
    built = build(load_battery(battery), limits, seed)
    write_private(out, [built.content])
    options.say(f"Wrote {out}: upload it to Gradescope as the autograder's zip file.")
    options.say(f"Set the assignment's autograder points to {built.points}.")


COMMANDS = (export, gradescope_zip)
