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
from grader.formats import registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.services.exports import Export, Exported


_EXCUSED = "; --replace-excused writes grades over them"


@dataclass(frozen=True)
class _Export:
    """Write a run's grades in the form of another system."""

    folder: Path = options.FOLDER
    form: str = option(
        "--format", required=True, type=click.Choice(list(registry.EXPORTS)),
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
        from grader.services import exports
        from grader.services.files import DOUBT
        from grader.text.cutting import some_of

        self._check_given()
        column, ids = self.assignment or "", self.id_column or ""
        wanted = exports.Export(
            self.form, self.out, self.gradebook, column, ids, self.replace_excused
        )
        exported = exports.export(self.folder, wanted)
        if exported.in_doubt:
            say(f"WARNING: {DOUBT}", err=True)
        for line in _told(exported, wanted):
            say(line)
        if open_ones := exported.ungraded:
            say(
                f"WARNING: {len(open_ones)} of {exported.total} are not graded yet: "
                f"{some_of(open_ones)}. Run grader batch again, and then this.",
                err=True,
            )
            sys.exit(NOT_GRADED)

    def _check_given(self) -> None:
        chosen = registry.EXPORTS[self.form]
        # Each field of a gradebook, by the option that gives it; sorted.
        for name, field, value in (
            ("--assignment", "assignment", self.assignment),
            ("--gradebook", "downloaded", self.gradebook),
            ("--id-column", "id_column", self.id_column),
            ("--replace-excused", "replace_excused", self.replace_excused or None),
        ):
            if value is None and field in chosen.needs:
                raise click.UsageError(f"--format {self.form} needs {name}.")
            if value is not None and field not in chosen.needs | chosen.takes:
                raise click.UsageError(f"--format {self.form} has no use for {name}: leave it out.")


def _told(exported: Exported, wanted: Export) -> Iterator[str]:
    """The lines to print about the file."""
    from grader.text.cutting import some_of

    filled, gone = exported.filled, exported.unlisted
    if filled is None:
        yield f"Wrote: {exported.target}"
    elif wanted.gradebook is not None:
        yield f"Filled {filled.filled} cells of {wanted.assignment!r}: {exported.target}"
    else:
        yield f"Wrote {filled.filled} rows, grades of 100: {exported.target}"
    if filled is not None:
        for student, why in filled.left_out.items():
            yield f"Left out: {student}, {why}"
        for words, ids in (
            ("Not in the gradebook", filled.not_in_gradebook),
            ("In the gradebook, not in the run", filled.not_in_run),
        ):
            if ids:
                yield f"{words}: {', '.join(ids)}"
        for words, ids, more in (
            ("Other values that were replaced", filled.replaced, ""),
            ("Excused with EX and left alone", filled.left_excused, _EXCUSED),
        ):
            if ids:
                yield f"{words}: {len(ids)} ({some_of(ids)}){more}"
    if gone:
        where = "listed last" if filled is None else "left out"
        yield f"No longer in the roster, {where}: {', '.join(gone)}"


@dataclass(frozen=True)
class _Zip:
    """Build an autograder for Gradescope, which checks each student's URL."""

    out: Path = option(
        "--out", required=True, type=kinds.NEW_FILE, metavar="FILE", help="The zip file to write."
    )
    asking: options.Asking = group(options.Asking)

    def __call__(self) -> None:
        from grader.formats.words import decimal
        from grader.gradescope.building import build, is_autograder
        from grader.questions import load_battery
        from grader.store import write_private

        out, asking = self.out, self.asking
        if out.exists() and not is_autograder(out):
            words = f"{out} is there already, and no autograder: choose another name."
            raise click.UsageError(words)
        battery = load_battery(asking.battery)
        write_private(out, [build(battery, asking.limits(), asking.seed)])
        say(f"Wrote {out}: upload it to Gradescope as the autograder's zip file.")
        say(f"Set the assignment's autograder points to {decimal(battery.points)}.")


_WRITTEN = {DONE: "The file is written."}
_UNGRADED = {NOT_GRADED: "It is written, and some students in it are not graded yet."}
COMMANDS = (
    command("export", _Export, _WRITTEN | _UNGRADED),
    command("gradescope-zip", _Zip, _WRITTEN),
)
