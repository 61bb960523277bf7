"""The commands that carry grades into other systems: export, gradescope-zip."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options
from grader.cli.commands import command, group, option
from grader.cli.exit_codes import DONE, NOT_GRADED
from grader.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.formats.canvas_csv import CanvasFill
    from grader.services.exports import Exported

# The options that each format needs, and those that it allows.
_FORMATS: dict[str, tuple[set[str], set[str]]] = {
    "blackboard": ({"--gradebook", "--assignment"}, set()),
    "canvas": ({"--gradebook", "--assignment"}, {"--replace-excused"}),
    "csv": (set(), set()),
    "json": (set(), set()),
    "junit": (set(), set()),
    "moodle": ({"--assignment"}, {"--id-column"}),
}


@dataclass(frozen=True)
class _Export:
    """Write a run's grades in the form of another system."""

    folder: Path = options.FOLDER
    form: str = option(
        "--format", required=True, type=click.Choice(list(_FORMATS)),
        help="The system that will read the file.",
    )  # fmt: skip
    gradebook: Path | None = option(
        "--gradebook", type=kinds.FILE, metavar="FILE",
        help="The gradebook as you exported it from Canvas or Blackboard.",
    )  # fmt: skip
    assignment: str | None = option(
        "--assignment", type=kinds.TEXT, metavar="TITLE", help="The gradebook's column to fill."
    )
    id_column: str | None = option(
        "--id-column", type=click.Choice(["username", "email", "idnumber"]),
        help="What Moodle finds users by; username unless given.",
    )  # fmt: skip
    replace_excused: bool = option(
        "--replace-excused", is_flag=True,
        help="Write grades over EX, too, which Canvas's gradebook keeps unless this is given.",
    )  # fmt: skip
    out: Path | None = option(
        "--out", type=kinds.NEW_FILE, metavar="FILE",
        help="The file to write; in the run's folder unless given.",
    )  # fmt: skip

    def __call__(self) -> None:
        from grader.formats.moodle_csv import IdColumn
        from grader.formats.words import some_of
        from grader.services import exports
        from grader.services.files import DOUBT

        self._check_given()
        wanted = exports.Export(
            self.form,
            self.out,
            self.gradebook,
            self.assignment or "",
            IdColumn(self.id_column or IdColumn.USERNAME),
            self.replace_excused,
        )
        exported = exports.export(self.folder, wanted)
        if exported.in_doubt:
            say(f"WARNING: {DOUBT}", err=True)
        for line in _told(exported, wanted.assignment):
            say(line)
        if open_ones := exported.ungraded:
            say(
                f"WARNING: {len(open_ones)} of {exported.total} are not graded yet: "
                f"{some_of(open_ones)}. Run grader batch again, and then this.",
                err=True,
            )
            sys.exit(NOT_GRADED)

    def _check_given(self) -> None:
        values = {
            "--gradebook": self.gradebook,
            "--assignment": self.assignment,
            "--id-column": self.id_column,
            "--replace-excused": self.replace_excused or None,
        }
        names = {name for name, value in values.items() if value is not None}
        needed, taken = _FORMATS[self.form]
        for name in sorted(needed - names):
            raise click.UsageError(f"--format {self.form} needs {name}.")
        for name in sorted(names - needed - taken):
            raise click.UsageError(f"--format {self.form} has no use for {name}: leave it out.")


def _told(exported: Exported, assignment: str) -> Iterator[str]:
    """What to say of the file, line by line."""
    from grader.formats.canvas_csv import CanvasFill
    from grader.formats.moodle_csv import MoodleGrades

    filled, gone = exported.filled, exported.unlisted
    if filled is None:
        yield f"Wrote: {exported.target}"
    elif isinstance(filled, MoodleGrades):
        yield f"Wrote {filled.rows} rows, grades of 100: {exported.target}"
        for student, why in filled.left_out.items():
            yield f"Left out: {student}, {why}"
    else:
        yield f"Filled {filled.filled} cells of {assignment!r}: {exported.target}"
        for words, ids in (
            ("Not in the gradebook", filled.not_in_gradebook),
            ("In the gradebook, not in the run", filled.not_in_run),
        ):
            if ids:
                yield f"{words}: {', '.join(ids)}"
    if isinstance(filled, CanvasFill):
        yield from _told_of_values(filled)
    if gone:
        where = "listed last" if filled is None else "left out"
        yield f"No longer in the roster, {where}: {', '.join(gone)}"


def _told_of_values(filled: CanvasFill) -> Iterator[str]:
    """What became of the values that stood in a Canvas gradebook before."""
    from grader.formats.words import some_of

    if filled.replaced:
        many = len(filled.replaced)
        yield f"Other values that were replaced: {many} ({some_of(filled.replaced)})"
    if filled.left_excused:
        many = len(filled.left_excused)
        yield (
            f"Excused with EX and left alone: {many} ({some_of(filled.left_excused)}); "
            "--replace-excused writes grades over them"
        )


@dataclass(frozen=True)
class _Zip:
    """Build an autograder for Gradescope, which checks each student's URL."""

    out: Path = option(
        "--out", required=True, type=kinds.NEW_FILE, metavar="FILE", help="The zip file to write."
    )
    asking: options.Asking = group(options.Asking)

    def __call__(self) -> None:
        from grader.gradescope.building import build, is_autograder
        from grader.questions import load_battery
        from grader.store import write_private

        out, asking = self.out, self.asking
        if out.exists() and not is_autograder(out):
            raise click.UsageError(
                f"{out} is there already, and no autograder: choose another name."
            )
        built = build(load_battery(asking.battery), asking.limits(), asking.seed)
        write_private(out, [built.content])
        say(f"Wrote {out}: upload it to Gradescope as the autograder's zip file.")
        say(f"Set the assignment's autograder points to {built.points}.")


COMMANDS = (
    command(
        "export",
        _Export,
        {
            DONE: "The file is written.",
            NOT_GRADED: "It is written, and some students in it are not graded yet.",
        },
    ),
    command("gradescope-zip", _Zip, {DONE: "The file is written."}),
)
