"""Several rows of one student: which one counts, and what is odd about them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.roster.ids import split_address
from grader.roster.table import Fault, Record, Table, first_of
from grader.roster.times import day_first_orders, last_of


@dataclass(slots=True)
class Superseded:
    """What comes of several rows of one student.

    Attributes:
        lines: those of the rows that do not count.
        earlier: the line of a row that counts -> those of the student's rows with another link.
    """

    lines: set[int] = field(default_factory=set)
    earlier: dict[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One of several rows of a student: no more of it than decides which one counts."""

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
    """What does not count: of several rows of one student all but the last in time.

    Args:
        table: its notes and faults grow by what is said of these rows.
        members: each student's record, and what our words mean in it.
        repeated: the casefolded ids of those with several rows.
        stamps: the index of the column with timestamps, if there is one.
        ids_are_emails: whether the addresses are what the ids were taken from.
    """
    superseded = Superseded()
    if not repeated:
        return superseded
    entries: dict[str, list[_Entry]] = {}
    for record, values in members:
        andrew_id, _ = split_address(values["andrew_id"])
        if (key := andrew_id.casefold()) in repeated:
            stamp = None if stamps is None else record.cells[stamps]
            email = "" if ids_are_emails else values.get("email", "").casefold()
            link, name = values.get("url", ""), values.get("name", "")
            entry = _Entry(record.line, andrew_id, stamp, hash(link) if link else None, email, name)
            entries.setdefault(key, []).append(entry)
    orders = frozenset[bool]()
    if stamps is not None:
        orders = day_first_orders(record.cells[stamps] for record in table.records())
    for found in entries.values():
        last = _last(table, found, orders)
        others = [entry for entry in found if entry is not last]
        superseded.lines.update(entry.line for entry in others)
        linked = [each.line for each in others if each.link not in (None, last.link)]
        if linked:
            superseded.earlier[last.line] = tuple(linked)
    table.notes += _notes(list(entries.values()), in_time=stamps is not None)
    return superseded


def _notes(students: list[list[_Entry]], *, in_time: bool) -> list[str]:
    several = first_of([entries[0].andrew_id for entries in students])
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
                f"the last, which counts: {first_of(strangers)}."
            )
    return notes


def _told_apart(rows: list[tuple[_Entry, str, object]]) -> str:
    """The rows of one student with what each says, where by the last of each they differ."""
    said = [row for row in rows if row[1]]
    if len({same for _, _, same in said}) < 2:
        return ""
    # White space in a cell is anybody's: on a terminal a line break would begin a line of ours.
    lines = ", ".join(f"line {entry.line} {' '.join(text.split()):.80}" for entry, text, _ in said)
    return f"{said[-1][0].andrew_id} ({lines})"


def _same_name(name: str) -> frozenset[str]:
    """What stays of a name, whichever part comes first, with or without initials."""
    parts = re.findall(r"[^\W_]+", name.casefold())
    return frozenset(part for part in parts if len(part) > 1) or frozenset(parts)


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
                f"them counts cannot be told: {' '.join(str(error).split())}."
            )
            table.faults.append(Fault(entries[-1].line, "", message))
        return (with_link or entries)[-1]
