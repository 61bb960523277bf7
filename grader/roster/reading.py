"""A roster file becomes one row for each student, or a list of everything that is wrong with it."""

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from grader.roster.columns import Chosen, choose_columns
from grader.roster.commits import no_commits, read_commit
from grader.roster.table import Fault, Record, RosterError, Table, first_of, read_table
from grader.roster.times import day_first_orders, last_of

MAX_ID_BYTES = 64
# A gradebook would run =, +, - and @ as a formula, and a file name has no room for more.
_ID = re.compile(r"\w[\w.+'-]*(?<!\.)")
_TEST_STUDENTS = ("Student, Test", "Test Student")


@dataclass(frozen=True, slots=True)
class Row:
    """One student of a roster.

    Attributes:
        line: where the row starts in the file, counted from 1.
        andrew_id: as written, an address without its domain.
        handed_in: what the URL column holds, unchecked.
        earlier: the lines of the student's earlier rows that hold another link.
        expect_commit: the commit that should answer, as `COMMIT` has it; empty for any.
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
    """Read a CSV file with a header, as forms and gradebooks export it.

    Args:
        data: the file's bytes.
        where: what the file is called in messages.
        columns: our word -> header, where the header alone leaves doubt.

    Raises:
        RosterError: with all faults, where any puts a student's identity in doubt.
    """
    table = read_table(data, where)
    test_students = _TEST_STUDENTS if _skip_points_possible(table) else _TEST_STUDENTS[:1]
    chosen = choose_columns(table, columns)
    rows: _Rows | tuple[()] = ()
    if "andrew_id" in chosen:
        members = _Members(table, chosen, test_students)
        count, repeated = _students(members)
        rows = _Rows(members, count, _superseded(members, repeated))
        table.notes += no_commits(rows.commits())
    if table.faults:
        faults = sorted(table.faults, key=lambda fault: fault.line)
        raise RosterError(where, tuple(faults))
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
        return {word: _value(record, found) for word, found in self.chosen.items()}


@dataclass(slots=True)
class _Superseded:
    """What comes of several rows of one student.

    Attributes:
        lines: those of the rows that do not count.
        earlier: the line of a row that counts -> those of the student's rows with another link.
    """

    lines: set[int] = field(default_factory=set)
    earlier: dict[int, tuple[int, ...]] = field(default_factory=dict)


class _Rows(Collection[Row]):
    """One row for each student, made as they are read."""

    def __init__(self, members: _Members, count: int, superseded: _Superseded) -> None:
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
            yield _split_address(values["andrew_id"])[0], values.get("expect_commit", "")

    def _counting(self) -> Iterator[tuple[Record, dict[str, str]]]:
        for record, values in self._members:
            if record.line not in self._superseded.lines:
                yield record, values

    def __contains__(self, row: object) -> bool:
        return any(row == found for found in self)


def _row(
    record: Record, values: Mapping[str, str], names: Mapping[str, int], earlier: tuple[int, ...]
) -> Row:
    andrew_id, domain = _split_address(values["andrew_id"])
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
    """How many students there are, and the casefolded ids of those with several rows."""
    table = members.table
    header = table.headers[members.chosen["andrew_id"][0]]
    table.notes += [f"Skipped Canvas's test student (line {at})." for at in members.test_lines()]
    known: set[str] = set()
    repeated: set[str] = set()
    domains: dict[str, tuple[str, int]] = {}
    for record, values in members:
        andrew_id, domain = _split_address(values["andrew_id"])
        if wrong := _wrong_id(andrew_id):
            table.faults.append(Fault(record.line, header, wrong))
            continue
        key = andrew_id.casefold()
        if domain:
            first, line = domains.setdefault(key, (sys.intern(domain), record.line))
            if domain != first:
                message = f"{andrew_id} is in line {line} too, at {first}: are they one student?"
                table.faults.append(Fault(record.line, header, message))
        if key in known:
            repeated.add(key)
        known.add(key)
    if domains:
        table.notes.append(f'Took the domain off the addresses in "{header}" for the ids.')
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


def _split_address(written: str) -> tuple[str, str]:
    """The id of an address, and its domain in small letters; empty where it is no address."""
    at = written.rfind("@")
    return (written[:at], written[at + 1 :].casefold()) if at > 0 else (written, "")


def _wrong_id(andrew_id: str) -> str:
    if not andrew_id:
        return "The row has no student id: fill it in or delete the row."
    if len(andrew_id.encode(errors="replace")) > MAX_ID_BYTES:
        return f"A student id has at most {MAX_ID_BYTES} characters."
    if not _ID.fullmatch(andrew_id):
        return (
            f"{andrew_id!r} cannot be a student id: it begins with a letter or digit, and holds "
            "letters, digits and . _ - + ' only."
        )
    return ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One of several rows of a student: no more of it than decides which one counts."""

    line: int
    andrew_id: str
    stamp: str | None
    link: int | None
    email: str


def _superseded(members: _Members, repeated: set[str]) -> _Superseded:
    """What does not count: of several rows of one student all but the last in time."""
    superseded = _Superseded()
    if not repeated:
        return superseded
    table = members.table
    column = members.chosen.get("timestamp", (None,))[0]
    ids_are_emails = members.chosen.get("email") == members.chosen["andrew_id"]
    entries: dict[str, list[_Entry]] = {}
    for record, values in members:
        andrew_id, _ = _split_address(values["andrew_id"])
        if (key := andrew_id.casefold()) in repeated:
            link = values.get("url", "")
            stamp = None if column is None else record.cells[column]
            email = "" if ids_are_emails else values.get("email", "").casefold()
            entry = _Entry(record.line, andrew_id, stamp, hash(link) if link else None, email)
            entries.setdefault(key, []).append(entry)
    orders = frozenset[bool]()
    if column is not None:
        orders = day_first_orders(record.cells[column] for record in table.records())
    strangers = []
    for found in entries.values():
        last = _last(table, found, orders)
        others = [entry for entry in found if entry is not last]
        superseded.lines.update(entry.line for entry in others)
        linked = [each.line for each in others if each.link not in (None, last.link)]
        if linked:
            superseded.earlier[last.line] = tuple(linked)
        if len({each.email for each in found if each.email}) > 1:
            lines = ", ".join(f"line {each.line} {each.email}" for each in found if each.email)
            strangers.append(f"{last.andrew_id} ({lines})")
    several = first_of([found[0].andrew_id for found in entries.values()])
    table.notes.append(f"Several rows of one student, the last one counts: {several}.")
    if strangers:
        table.notes.append(
            "Rows of one student under different email addresses, of which somebody else may have "
            f"sent the last, which counts: {first_of(strangers)}."
        )
    return superseded


def _last(table: Table, entries: list[_Entry], orders: frozenset[bool]) -> _Entry:
    try:
        stamps = [entry.stamp for entry in entries if entry.stamp is not None]
        if not stamps:
            raise ValueError(
                "there is no column with a timestamp. If there is, say which: "
                '--column timestamp="Header". If not, delete the rows that do not count'
            )
        return entries[last_of(stamps, orders)]
    except ValueError as error:
        with_link = [entry for entry in entries if entry.link is not None]
        if len({entry.link for entry in with_link}) > 1:
            lines = ", ".join(str(entry.line) for entry in entries)
            message = (
                f"{entries[0].andrew_id} handed in different links (lines {lines}), and which of "
                f"them counts cannot be told: {error}."
            )
            table.faults.append(Fault(entries[-1].line, "", message))
        return (with_link or entries)[-1]
