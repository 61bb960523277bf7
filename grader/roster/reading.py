"""A roster file becomes one row for each student, or a list of everything that is wrong with it."""

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from grader.roster.columns import Chosen, choose_columns
from grader.roster.commits import no_commits, read_commit
from grader.roster.csv_files import read_csv
from grader.roster.ids import split_address, wrong_id
from grader.roster.repeats import Superseded, find_superseded
from grader.roster.table import NAMED, Fault, Record, RosterError, Table
from grader.roster.workbooks import is_workbook, read_workbook
from grader.text.comparing import id_key
from grader.text.cutting import some_of
from grader.text.invisible import without_invisible

_WITHOUT_INVISIBLE = {"andrew_id", "email", "expect_commit"}
_TEST_STUDENTS = ("Student, Test", "Test Student")


@dataclass(frozen=True, slots=True)
class Row:
    """One student of a roster.

    Attributes:
        line: where the row starts in the file, counted from 1.
        andrew_id: as written, but an address without its domain.
        handed_in: what the URL column holds, unchecked.
        earlier: the lines of the student's earlier rows that hold another link.
        columns: every named column by its header, but not the bypass secret.
    """

    line: int
    andrew_id: str
    handed_in: str
    name: str = ""
    section: str = ""
    email: str = ""
    earlier: tuple[int, ...] = ()
    expect_commit: str = ""
    bypass_secret: str = field(default="", repr=False)
    columns: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class Roster:
    """A class.

    Attributes:
        rows: one for each student, in the order of the file; read anew from it by each iteration.
        columns: how the columns were read: our word -> header.
        notes: what was skipped, chosen or taken off, in words for the instructor.
    """

    rows: Collection[Row]
    columns: Mapping[str, str]
    notes: tuple[str, ...] = ()


def read_roster(source: Path, columns: Mapping[str, str] = {}) -> Roster:
    """Read a roster file; see `parse_roster`.

    Raises:
        RosterError: the file cannot be read or used.
    """
    try:
        data = source.read_bytes()
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        fault = Fault(0, "", f"The file cannot be read: {words}.")
        raise RosterError(str(source), (fault,)) from None
    return parse_roster(data, str(source), columns)


def parse_roster(data: bytes, where: str, columns: Mapping[str, str] = {}) -> Roster:
    """Read a CSV file or a workbook (.xlsx) with a header, as forms and gradebooks export it.

    Messages call the file `where`. `columns` is our word -> header, if the header leaves doubt.

    Raises:
        RosterError: with all faults, if any puts a student's identity in doubt.
    """
    if not is_workbook(data):
        return _read(*_prepared(read_csv(data, where), columns))
    sheets = [_prepared(sheet, columns) for sheet in read_workbook(data, where)]
    complete = [sheet for sheet in sheets if {"andrew_id", "url"} <= set(sheet[1])]
    if len(sheets) > 1 and complete:
        table = complete[0][0]
        table.notes.append(f"Read {table.where}: the first of {len(sheets)} that has the columns.")
        if unread := [_with_rows(other) for other, _, _ in complete[1:]]:
            table.notes.append(
                f"Not read, though the columns are there too: {some_of(unread, NAMED)}. To grade "
                "all of them, put their rows into one sheet."
            )
    return _read(*(complete or sheets)[0])


def _with_rows(table: Table) -> str:
    rows = sum(1 for _ in table.records())
    return f"{table.where} ({rows} row{'s' * (rows != 1)})"


def _prepared(table: Table, columns: Mapping[str, str]) -> tuple[Table, Chosen, tuple[str, ...]]:
    """A table with its columns, and the names of Canvas's test students."""
    test_students = _TEST_STUDENTS if _skip_points_possible(table) else _TEST_STUDENTS[:1]
    return table, choose_columns(table, columns), test_students


def _read(table: Table, chosen: Chosen, test_students: tuple[str, ...]) -> Roster:
    rows: _Rows | tuple[()] = ()
    if "andrew_id" in chosen:
        members = _Members(table, chosen, test_students)
        count, repeated = _students(members)
        superseded = find_superseded(
            table,
            members,
            repeated,
            stamps=chosen.get("timestamp", (None,))[0],
            ids_are_emails=chosen.get("email") == chosen["andrew_id"],
        )
        rows = _Rows(members, count, superseded)
        table.notes += no_commits(rows.commits())
    if table.faults:
        faults = sorted(table.faults, key=lambda fault: fault.line)
        raise RosterError(table.where, tuple(faults))
    read_as = {
        word: " + ".join(table.headers[at] for at in found) for word, found in chosen.items()
    }
    return Roster(rows, read_as, tuple(table.notes))


def _skip_points_possible(table: Table) -> bool:
    """Drop what Canvas puts between the header and the students; tell whether it was there."""
    for record in islice(table.records(), 2):
        if record.cells[0] == "Points Possible":
            table.first_line = record.line + 1
            table.notes.append("Skipped Canvas's row of points possible.")
            return True
    return False


class _Members:
    """The records of students, with what our words mean in each."""

    def __init__(self, table: Table, chosen: Chosen, test_students: tuple[str, ...]) -> None:
        self.table = table
        self.chosen = chosen
        self._test_students = test_students

    def __iter__(self) -> Iterator[tuple[Record, dict[str, str]]]:
        for record in self.table.records():
            values = self._values(record)
            if values.get("name") not in self._test_students:
                yield record, values

    def test_lines(self) -> list[int]:
        """Where Canvas's test students are."""
        return [
            record.line
            for record in self.table.records()
            if self._values(record).get("name") in self._test_students
        ]

    def _values(self, record: Record) -> dict[str, str]:
        values = {word: _value(record, found) for word, found in self.chosen.items()}
        for word in _WITHOUT_INVISIBLE & values.keys():
            values[word] = without_invisible(values[word]).strip()
        return values


class _Rows(Collection[Row]):
    """One row for each student, made as they are read."""

    def __init__(self, members: _Members, count: int, superseded: Superseded) -> None:
        self._members = members
        self._count = count
        self._superseded = superseded

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        names = _column_names(self._members.table, self._members.chosen)
        earlier = self._superseded.earlier
        return (
            _row(record, values, names, earlier.get(record.line, ()))
            for record, values in self._counting()
        )

    def commits(self) -> Iterator[tuple[str, str]]:
        """Each student's id with the commit to expect, as written."""
        for _, values in self._counting():
            yield split_address(values["andrew_id"])[0], values.get("expect_commit", "")

    def _counting(self) -> Iterator[tuple[Record, dict[str, str]]]:
        for record, values in self._members:
            if record.line not in self._superseded.lines:
                yield record, values

    def __contains__(self, row: object) -> bool:
        return any(row == found for found in self)


def _row(
    record: Record, values: Mapping[str, str], names: Mapping[str, int], earlier: tuple[int, ...]
) -> Row:
    andrew_id, domain = split_address(values["andrew_id"])
    return Row(
        line=record.line,
        andrew_id=andrew_id,
        handed_in=values.get("url", ""),
        name=values.get("name", ""),
        section=values.get("section", ""),
        email=values.get("email", "") or (values["andrew_id"] if domain else ""),
        earlier=earlier,
        expect_commit=read_commit(values.get("expect_commit", "")),
        bypass_secret=values.get("bypass_secret", ""),
        columns={name: record.cells[index] for name, index in names.items()},
    )


def _students(members: _Members) -> tuple[int, set[str]]:
    """How many students there are, and the ids of those with several rows, as `id_key` has them."""
    table = members.table
    column = members.chosen["andrew_id"][0]
    header = table.headers[column]
    table.notes += [f"Skipped Canvas's test student (line {at})." for at in members.test_lines()]
    known: set[str] = set()
    repeated: set[str] = set()
    domains: dict[str, tuple[str, int]] = {}
    cleaned = []
    for record, values in members:
        andrew_id, domain = split_address(values["andrew_id"])
        if wrong := wrong_id(andrew_id, record.odd.get(column, "")):
            table.faults.append(Fault(record.line, header, wrong))
            continue
        key = id_key(andrew_id)
        if domain:
            first, line = domains.setdefault(key, (sys.intern(domain), record.line))
            if domain != first:
                message = f"{andrew_id} is in line {line} too, at {first}: are they one student?"
                table.faults.append(Fault(record.line, header, message))
        if key in known:
            repeated.add(key)
        known.add(key)
        if values["andrew_id"] != record.cells[column]:
            cleaned.append(andrew_id)
    if domains:
        table.notes.append(f'Took the domain off the addresses in "{header}" for the ids.')
    if cleaned:
        table.notes.append(f"Took invisible characters off the ids of {some_of(cleaned, NAMED)}.")
    return len(known), repeated


def _column_names(table: Table, chosen: Chosen) -> dict[str, int]:
    """The columns that a battery may use; of equal headers the later ones get a number."""
    names: dict[str, int] = {}
    for index, header in enumerate(table.headers):
        if header and (index,) != chosen.get("bypass_secret"):
            number = table.headers[: index + 1].count(header)
            names[header if number == 1 else f"{header} ({number})"] = index
    return names


def _value(record: Record, indexes: tuple[int, ...]) -> str:
    return " ".join(value for index in indexes if (value := record.cells[index]))
