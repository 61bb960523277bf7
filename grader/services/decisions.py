"""Many scores set by hand at once: a CSV file becomes overrides, all of them or none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.jobs import OverrideError, Run
from grader.model import InputError, Override
from grader.roster import Fault, RosterError
from grader.roster.csv_files import read_csv
from grader.roster.ids import visible_id
from grader.roster.table import SAVE_AS_CSV, Record, Table
from grader.roster.workbooks import is_workbook

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


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a file says.

    Attributes:
        where: what the file is called in messages.
        columns: the headers that it has, by our words for them.
        decided: the override of each student, by id, and the line that says so.
        faults: what is wrong with the other lines.
    """

    where: str
    columns: Mapping[str, str]
    decided: Mapping[str, tuple[int, Override]]
    faults: Sequence[Fault]

    def apply(self, run: Run) -> Mapping[str, Override]:
        """Set all of these scores in `run`, or none if one of them cannot be set.

        Raises:
            DecisionsError: with everything that is wrong in the file, or does not fit the run.
        """
        overrides = {student: override for student, (_, override) in self.decided.items()}
        refused = run.override_all(overrides, dry_run=bool(self.faults))
        faults = [
            *self.faults,
            *(self._fault(student, error) for student, error in refused.items()),
        ]
        if faults:
            raise DecisionsError(self.where, tuple(sorted(faults, key=lambda fault: fault.line)))
        return overrides

    def _fault(self, student: str, error: InputError) -> Fault:
        line, _ = self.decided[student]
        column = "score" if isinstance(error, OverrideError) else "id"
        return Fault(line, self.columns[column], str(error))


def read_decisions(path: Path, at: datetime) -> Decisions:
    """Read a file of decisions: columns id, score or excuse, by, reason.

    Args:
        path: of a CSV file, of any kind that rosters may be.
        at: when they are decided.

    Raises:
        DecisionsError: if it lacks a column, or is no such file.
    """
    data = path.read_bytes()
    if is_workbook(data):
        fault = Fault(0, "", f"This is a workbook and not a CSV file. {SAVE_AS_CSV}")
        raise DecisionsError(str(path), (fault,))
    try:
        table = read_csv(data, str(path))
    except RosterError as error:
        raise DecisionsError(error.where, error.faults) from None
    columns = _columns(table, str(path))
    decided: dict[str, tuple[int, Override]] = {}
    lines: dict[str, int] = {}
    faults = list(table.faults)
    for record in table.records():
        row = _Row(table, columns, record)
        override = row.override(at)
        first = lines.setdefault(row.cell("id").casefold(), record.line)
        if first != record.line:
            row.fault("id", f"{row.cell('id')} stands in line {first} already: keep one of them.")
        if row.faults or override is None:
            faults += row.faults
        else:
            decided[row.cell("id")] = record.line, override
    return Decisions(str(path), columns, decided, faults)


def _columns(table: Table, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    faults = []
    for header in table.headers:
        plain = re.sub(r"[\W_]+", "", header).casefold()
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
        self._cells["id"] = visible_id(self._cells["id"])
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
