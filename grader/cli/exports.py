"""The commands that carry grades into other systems: export, gradescope-zip."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options
from grader.cli.commands import command

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from grader.formats.blackboard_csv import BlackboardUpload
    from grader.formats.canvas_csv import CanvasFill
    from grader.jobs import Run
    from grader.model import ProbeKind

# Each format's file, the options that it needs, and those that it takes besides.
_FORMATS: dict[str, tuple[str, set[str], set[str]]] = {
    "blackboard": ("blackboard.csv", {"--gradebook", "--assignment"}, set()),
    "canvas": ("canvas.csv", {"--gradebook", "--assignment"}, {"--replace-excused"}),
    "csv": ("grades.csv", set(), set()),
    "json": ("results.json", set(), set()),
    "junit": ("junit.xml", set(), set()),
    "moodle": ("moodle.csv", {"--assignment"}, {"--id-column"}),
}


@command(
    {
        options.DONE: "The file is written.",
        options.NOT_GRADED: "It is written, and some students in it are not graded yet.",
    }
)
@options.DIR
@click.option(
    "--format", "form", required=True, type=click.Choice(list(_FORMATS)),
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
    from grader.gradebooks import ungraded
    from grader.jobs import Run
    from grader.store import write_private
    from grader.text.cutting import some_of

    given = {
        "--gradebook": gradebook,
        "--assignment": assignment,
        "--id-column": id_column,
        "--replace-excused": replace_excused or None,
    }
    _check_given(form, {name for name, value in given.items() if value is not None})
    target = _target(folder, form, gradebook, out)
    with contextlib.closing(Run.open(folder / STORE_NAME)) as run:
        # What the format does not need is not given, and what it needs is.
        exported = gradebook.read_bytes() if gradebook else b""
        open_ones, total = ungraded(run), run.total()
        content, words = _rendered(
            run, form, exported, assignment or "", id_column, replace_excused
        )
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


def _target(folder: Path, form: str, gradebook: Path | None, out: Path | None) -> Path:
    """The file to write: nothing is overwritten but what the same export wrote before."""
    from grader.batch import STORE_NAME
    from grader.store.locking import LOCK_NAME

    own = folder / _FORMATS[form][0]
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


def _check_given(form: str, given: set[str]) -> None:
    _, needed, taken = _FORMATS[form]
    for name in sorted(needed - given):
        raise click.UsageError(f"--format {form} needs {name}.")
    for name in sorted(given - needed - taken):
        raise click.UsageError(f"--format {form} has no use for {name}: leave it out.")


def _rendered(
    run: Run,
    form: str,
    exported: bytes,
    assignment: str,
    id_column: str | None,
    replace_excused: bool,
) -> tuple[Iterable[str | bytes], list[str]]:
    """The file's content, and what to say of it, line by line."""
    from grader import gradebooks
    from grader.formats import (
        blackboard_csv,
        canvas_csv,
        grades_csv,
        junit_xml,
        moodle_csv,
        results_json,
    )

    cards = run.scorecards()
    match form:
        case "canvas":
            everybody = gradebooks.canvas_grades(run)
            filled = canvas_csv.fill(
                exported, assignment, everybody, replace_excused=replace_excused
            )
            said = [*_said_of_gradebook(filled, assignment), *_said_of_values(filled)]
            return [filled.content], [*said, *_said_of_unlisted(run)]
        case "blackboard":
            upload = blackboard_csv.fill(exported, assignment, gradebooks.everybody(run))
            said = _said_of_gradebook(upload, assignment)
            return [upload.content], [*said, *_said_of_unlisted(run)]
        case "moodle":
            column = moodle_csv.IdColumn(id_column or moodle_csv.IdColumn.USERNAME)
            grades = moodle_csv.render(run.scorecards(listed_only=True), assignment, column)
            left_out = [f"Left out: {student}, {why}" for student, why in grades.left_out.items()]
            said = [f"Wrote {grades.rows} rows, grades of 100", *left_out, *_said_of_unlisted(run)]
            return [grades.content], said
        case "junit":
            content = junit_xml.render_class(cards)
        case "json":
            content = results_json.render(run.info, cards)
        case _:
            content = grades_csv.render(cards)
    return content, ["Wrote", *_said_of_unlisted(run, "listed last")]


def _said_of_unlisted(run: Run, where: str = "left out") -> list[str]:
    gone = run.unlisted()
    return [f"No longer in the roster, {where}: {', '.join(gone)}"] if gone else []


def _said_of_values(filled: CanvasFill) -> list[str]:
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


def _said_of_gradebook(filled: CanvasFill | BlackboardUpload, assignment: str) -> list[str]:
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
