"""Several rows of one student: which one counts, and what is odd about them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.roster.ids import split_address
from grader.roster.table import NAMED, Fault, Record, Table
from grader.roster.timestamps import UndecidedError, day_first_orders, last_of
from grader.text.comparing import id_key
from grader.text.cutting import some_of


@dataclass(slots=True)
class Superseded:
    """The lines of rows that do not count.

    `earlier`: line of a row that counts -> lines of the student's rows with another link.
    """

    lines: set[int] = field(default_factory=set)
    earlier: dict[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One of several rows of a student, with only what decides which one counts."""

    line: int
    andrew_id: str
    stamp: str | None
    link: int | None
    email: str
    name: str


def find_superseded(
    table: Table,
    members: Iterable[tuple[Record, Mapping[str, str]]],
    repeated: set[str],
    stamps: int | None,
    ids_are_emails: bool,
) -> Superseded:
    """Find the rows that do not count: of one student all but the last in time.

    The table gets notes and faults. `members` are records, each with our words -> values.
    `repeated` holds the ids of students with several rows, as `id_key` has them. `stamps` is the
    index of the column with timestamps.
    """
    superseded = Superseded()
    if not repeated:
        return superseded
    students = _entries(members, repeated, stamps, ids_are_emails)
    orders = frozenset[bool]()
    if stamps is not None:
        orders = day_first_orders(record.cells[stamps] for record in table.records())
    for found in students:
        last = _last(table, found, orders)
        others = [entry for entry in found if entry is not last]
        superseded.lines.update(entry.line for entry in others)
        linked = [each.line for each in others if each.link not in (None, last.link)]
        if linked:
            superseded.earlier[last.line] = tuple(linked)
    table.notes += _notes(students, in_time=stamps is not None)
    return superseded


def _entries(
    members: Iterable[tuple[Record, Mapping[str, str]]],
    repeated: set[str],
    stamps: int | None,
    ids_are_emails: bool,
) -> list[list[_Entry]]:
    """The rows of each student who has several."""
    entries: dict[str, list[_Entry]] = {}
    for record, values in members:
        andrew_id, _ = split_address(values["andrew_id"])
        if (key := id_key(andrew_id)) in repeated:
            link = values.get("url", "")
            entry = _Entry(
                record.line,
                andrew_id,
                None if stamps is None else record.cells[stamps],
                hash(link) if link else None,
                "" if ids_are_emails else id_key(values.get("email", "")),
                values.get("name", ""),
            )
            entries.setdefault(key, []).append(entry)
    return list(entries.values())


def _notes(students: list[list[_Entry]], *, in_time: bool) -> list[str]:
    several = some_of([entries[0].andrew_id for entries in students], NAMED)
    # Without times, only one of a student's rows has a link: others are refused as doubtful.
    which = "the last one" if in_time else "the one with a link"
    notes = [f"Several rows of one student, {which} counts: {several}."]
    addresses = [
        _told_apart([(each, each.email, each.email) for each in entries]) for entries in students
    ]
    names = [
        _told_apart([(each, each.name, _same_name(each.name)) for each in entries])
        for entries in students
    ]
    for what, told in (("email addresses", addresses), ("names", names)):
        if strangers := [words for words in told if words]:
            notes.append(
                f"Rows of one student under different {what}, of which somebody else may have sent "
                f"the last, which counts: {some_of(strangers, NAMED)}."
            )
    return notes


def _told_apart(rows: list[tuple[_Entry, str, object]]) -> str:
    """Name a student and the texts of rows whose values (the third item) differ; else empty."""
    said = [row for row in rows if row[1]]
    if len({same for _, _, same in said}) < 2:
        return ""
    # A line break in a stranger's cell must not begin a line of ours on a terminal.
    lines = ", ".join(f"line {entry.line} {' '.join(text.split()):.80}" for entry, text, _ in said)
    return f"{said[-1][0].andrew_id} ({lines})"


def _same_name(name: str) -> frozenset[str]:
    """The parts of a name, in any order and without initials."""
    parts = re.findall(r"[^\W_]+", name.casefold())
    return frozenset(part for part in parts if len(part) > 1) or frozenset(parts)


def _last(table: Table, entries: list[_Entry], orders: frozenset[bool]) -> _Entry:
    """The last row in time. If the times do not tell, the last one with a link, if links agree."""
    doubt = (
        "there is no column with a timestamp. If there is, say which: "
        '--column timestamp="Header". If not, delete the rows that do not count'
    )
    if stamps := [entry.stamp for entry in entries if entry.stamp is not None]:
        try:
            return entries[last_of(stamps, orders)]
        except UndecidedError as error:
            doubt = " ".join(str(error).split())
    with_link = [entry for entry in entries if entry.link is not None]
    if len({entry.link for entry in with_link}) > 1:
        lines = ", ".join(str(entry.line) for entry in entries)
        message = (
            f"{entries[0].andrew_id} handed in different links (lines {lines}), and which of "
            f"them counts cannot be told: {doubt}."
        )
        table.faults.append(Fault(entries[-1].line, "", message))
    return (with_link or entries)[-1]
