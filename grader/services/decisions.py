"""Many scores set by hand at once: a CSV file becomes overrides, all of them or none."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from grader.jobs import OverrideError, Run
from grader.model import Override
from grader.roster import Fault, RosterError
from grader.roster.csv_files import read_csv
from grader.roster.table import SAVE_AS_CSV, Record, Table
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
    """Set all scores that a file says in `run`, or none if one of them cannot be set.

    Args:
        path: of a CSV file with the columns id, score or excuse, by, reason.
        run: of the students.
        at: when the scores are decided.

    Returns:
        What was set, by student.

    Raises:
        DecisionsError: with everything that is wrong in the file, or does not fit the run.
    """
    table = _table(path)
    columns = _columns(table, str(path))
    overrides: dict[str, Override] = {}
    lines: dict[str, int] = {}
    faults = list(table.faults)
    for record in table.records():
        row = _Row(table, columns, record)
        override, student = row.override(at), row.cell("id")
        first = lines.setdefault(id_key(student), record.line)
        if first != record.line:
            row.fault("id", f"{student} stands in line {first} already: keep one of them.")
        faults += row.faults
        if override is not None and first == record.line:
            overrides[student] = override
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
            faults.append(Fault(table.header_line, header, message))
        elif word is not None:
            found[word] = header
    for word in ("id", "by", "reason"):
        if word not in found:
            message = "There is no such column."
            faults.append(Fault(table.header_line, word, message))
    if "score" not in found and "excuse" not in found:
        message = "There is no such column, and none called excuse: one of the two is needed."
        faults.append(Fault(table.header_line, "score", message))
    if faults:
        raise DecisionsError(where, tuple(faults))
    return found


class _Row:
    """One line of the file, and what is wrong with it."""

    def __init__(self, table: Table, columns: Mapping[str, str], record: Record) -> None:
        self._columns = columns
        self._line = record.line
        cells = (record.cells[table.headers.index(header)] for header in columns.values())
        self._cells = dict(zip(columns, cells, strict=True))
        self._cells["id"] = without_invisible(self._cells["id"]).strip()
        self.faults: list[Fault] = []

    def cell(self, word: str) -> str:
        return self._cells.get(word, "")

    def fault(self, word: str, message: str) -> None:
        self.faults.append(Fault(self._line, self._columns.get(word, word), message))

    def override(self, at: datetime) -> Override | None:
        """The decision in this line; None if the line has a fault."""
        for word in ("id", "by", "reason"):
            if not self.cell(word):
                self.fault(word, "It is empty.")
            elif not self.cell(word).isprintable():
                self.fault(word, "Write it in words, on one line.")
        score, excused = self._score(), self._excused()
        if not self.faults and (score is None) != excused:
            says = "neither a score nor" if score is None else "both a score and"
            self.fault("score", f"The line has {says} an excuse: it needs one of the two.")
        return None if self.faults else Override(self.cell("by"), at, self.cell("reason"), score)

    def _score(self) -> float | None:
        written = self.cell("score")
        if not written:
            return None
        if not _POINTS.fullmatch(written):
            self.fault("score", f'"{written}" is no number of points, such as 85.5.')
            return None
        return float(written)

    def _excused(self) -> bool:
        written = self.cell("excuse").casefold()
        if written not in (*_YES, *_NO):
            self.fault("excuse", f'"{self.cell("excuse")}" is neither yes nor no.')
        return written in _YES
