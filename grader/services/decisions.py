"""Many scores set by hand at once: a CSV file becomes overrides, all of them or none."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from grader.jobs import OverrideError, Run
from grader.model import Override
from grader.roster import Fault, RosterError
from grader.roster.csv_files import read_csv
from grader.roster.table import SAVE_AS_CSV, Table
from grader.roster.workbooks import is_workbook
from grader.text.comparing import header_key, id_key
from grader.text.invisible import without_invisible

# Our words for the columns, and the headers that mean them, without case and punctuation.
_HEADERS = {
    "id": ("id", "andrewid", "studentid"),
    "score": ("score",),
    "excuse": ("excuse", "excused"),
    "by": ("by",),
    "reason": ("reason",),
}
# float() reads more than people write: 1_0, 1e2, nan.
_POINTS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_YES, _NO = ("yes", "y", "x", "true", "1", "ex"), ("", "no", "n", "false", "0")


class DecisionsError(RosterError):
    """A file of decisions that cannot be applied. `str()` lists its faults, one a line."""


def apply_decisions(path: Path, run: Run, at: datetime) -> Mapping[str, Override]:
    """Set all scores of a file in `run`, or none, and return the overrides by student.

    It is a CSV file with the columns id, score or excuse, by, reason. `at` is the time of decision.

    Raises:
        DecisionsError: with everything that is wrong in the file, or does not fit the run.
    """
    table = _table(path)
    columns = _columns(table, str(path))
    overrides: dict[str, Override] = {}
    lines: dict[str, int] = {}
    faults = list(table.faults)
    for record in table.records():
        cells = {word: record.cells[table.headers.index(columns[word])] for word in columns}
        student = cells["id"] = without_invisible(cells["id"]).strip()
        decided = _decided(cells, at)
        wrong = [] if isinstance(decided, Override) else decided
        first = lines.setdefault(id_key(student), record.line)
        if first != record.line:
            wrong.append(("id", f"{student} stands in line {first} already: keep one of them."))
        elif isinstance(decided, Override):
            overrides[student] = decided
        faults += (Fault(record.line, columns.get(word, word), said) for word, said in wrong)
    for student, error in run.override(overrides, dry_run=bool(faults)).items():
        column = "score" if isinstance(error, OverrideError) else "id"
        faults.append(Fault(lines[id_key(student)], columns[column], str(error)))
    if faults:
        raise DecisionsError(str(path), tuple(sorted(faults, key=lambda fault: fault.line)))
    return overrides


def _table(path: Path) -> Table:
    data = path.read_bytes()
    if is_workbook(data):
        fault = Fault(0, "", f"This is a workbook and not a CSV file. {SAVE_AS_CSV}")
        raise DecisionsError(str(path), (fault,))
    try:
        return read_csv(data, str(path))
    except RosterError as error:
        raise DecisionsError(error.where, error.faults) from None


def _columns(table: Table, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    faults = []
    for header in table.headers:
        plain = header_key(header)
        word = next((word for word, known in _HEADERS.items() if plain in known), None)
        if word in found:
            message = f'It means the same as the column "{found[word]}": keep one of them.'
            faults.append((header, message))
        elif word is not None:
            found[word] = header
    missing = [word for word in ("id", "by", "reason") if word not in found]
    faults += [(word, "There is no such column.") for word in missing]
    if "score" not in found and "excuse" not in found:
        message = "There is no such column, and none called excuse: one of the two is needed."
        faults.append(("score", message))
    if faults:
        raise DecisionsError(where, tuple(Fault(table.header_line, *fault) for fault in faults))
    return found


def _decided(cells: Mapping[str, str], at: datetime) -> Override | list[tuple[str, str]]:
    """The decision of a line; if something is wrong, our words for the columns, and messages."""
    faults = []
    for word in ("id", "by", "reason"):
        if not cells[word]:
            faults.append((word, "It is empty."))
        elif not cells[word].isprintable():
            faults.append((word, "Write it in words, on one line."))
    score, excuse = cells.get("score", ""), cells.get("excuse", "")
    if score and not _POINTS.fullmatch(score):
        faults.append(("score", f'"{score}" is no number of points, such as 85.5.'))
    if excuse.casefold() not in (*_YES, *_NO):
        faults.append(("excuse", f'"{excuse}" is neither yes nor no.'))
    if not faults and bool(score) == (excuse.casefold() in _YES):
        says = "both a score and" if score else "neither a score nor"
        faults.append(("score", f"The line has {says} an excuse: it needs one of the two."))
    return faults or Override(cells["by"], at, cells["reason"], float(score) if score else None)
