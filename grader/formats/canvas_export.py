"""The gradebook that an instructor exported from Canvas: its columns, and its students' rows.

Source of the shape: Canvas's gradebook export: a header `Student,ID,SIS User ID,SIS Login ID,
Section,"Title (assignment id)"`, perhaps a row that says which grades are hidden, a row
`    Points Possible`, then the students.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from grader.formats.gradebook import GradebookError
from grader.text.comparing import id_key, title_key

_EXPORT = "Take the file as Canvas exports it (Grades, Export) and change nothing in it."
_WITH_ID = re.compile(r"(.+) \(\d+\)", re.DOTALL)
POINTS = re.compile(r"\d{1,9}(?:[.,]\d{1,2})?")
"""Points as Canvas writes them in a cell."""
_QUOTED = re.compile(rb'"[^"]*"')
_BREAK = re.compile(rb"\r\n|\n|\r")
# Canvas takes every column with one of these in its name for a total of its own.
_DROPPED = re.compile(r"(?:Current|Final|Override) (?:Score|Points|Grade|Status)")
_TEST_STUDENT = "Student, Test"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, and where it is in the file, without its quotation marks."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Student:
    """A student's row, with casefolded ids and addresses; `label` is the login, id or name."""

    line: int
    cell: Cell
    login: str
    user_id: str
    addresses: frozenset[str]
    label: str


def column_to_fill(exported: bytes, assignment: str) -> tuple[Decimal, list[Student]]:
    """The assignment's points possible, and each student with the cell in its column.

    Raises:
        GradebookError: the file, the column or a student's row is in doubt.
    """
    header, points, rows = _split(exported)
    column = _column(header, assignment)
    title = header[column].text
    possible = _points_possible(points, column, title)
    _refuse_dropped(title)
    return possible, list(_students(header, rows, column))


_Line = tuple[int, list[Cell]]


def _split(exported: bytes) -> tuple[list[Cell], list[Cell], list[_Line]]:
    """The header, the row of points possible, and the rows below it with their lines."""
    rows = list(_tokenize(exported))
    for position, (_, cells) in enumerate(rows[:3]):
        if position and cells[0].text.strip() == "Points Possible":
            return rows[0][1], cells, rows[position + 1 :]
    raise GradebookError(
        'This is no Canvas gradebook: no row "Points Possible" stands below the header. ' + _EXPORT
    )


def _tokenize(exported: bytes) -> Iterator[_Line]:
    """Rows that are not wholly empty, with the line each starts on."""
    line = following = 1
    cells: list[Cell] = []
    for cell, breaks, ends_row in _cells(exported):
        cells.append(cell)
        following += breaks
        if ends_row:
            if any(each.text for each in cells):
                yield line, cells
            line, cells = following, []


def _cells(exported: bytes) -> Iterator[tuple[Cell, int, bool]]:
    """Each cell, with the line breaks in and behind it, and whether it is the last of its row."""
    position = 3 if exported.startswith(b"\xef\xbb\xbf") else 0
    first = _QUOTED.sub(b"", exported[position:].split(b"\n", 1)[0])
    delimiter = max(b",", b";", b"\t", key=first.count)
    token = re.compile(
        rb'(?:"([^"]*(?:""[^"]*)*)"|((?!")[^\r\n%b]*))(%b|\r\n|\n|\r|\Z)' % (delimiter, delimiter)
    )
    line = 1
    while position < len(exported):
        found = token.match(exported, position)
        if found is None:
            words = "a quotation mark is not closed or doubled"
            raise GradebookError(f"Line {line}: {words}. {_EXPORT}")
        group = 2 if found[1] is None else 1
        text = found[group].decode("utf-8", "replace")
        cell = Cell(*found.span(group), text if group == 2 else text.replace('""', '"'))
        position = found.end()
        breaks = len(_BREAK.findall(found[0]))
        line += breaks
        yield cell, breaks, found[3] != delimiter
    if exported.endswith(delimiter):
        yield Cell(position, position, ""), 0, True  # the file ends with a delimiter


def _column(header: Sequence[Cell], assignment: str) -> int:
    wanted = title_key(assignment)
    titles = [cell.text for cell in header]
    found = []
    for index, title in enumerate(titles):
        numbered = _WITH_ID.fullmatch(title.strip())
        if wanted in (title_key(title), title_key(numbered[1]) if numbered else None):
            found.append(index)
    if len(found) == 1 and wanted:
        return found[0]
    if found and wanted:
        names = ", ".join(f'"{titles[index]}"' for index in found)
        raise GradebookError(
            f'Several columns are called "{assignment}": {names}. Give the name with its number.'
        )
    assignments = [title for title in titles if _WITH_ID.fullmatch(title.strip())]
    near = difflib.get_close_matches(assignment, assignments, n=10, cutoff=0.0)
    there_are = ", ".join(f'"{title}"' for title in near) or "no assignments at all"
    raise GradebookError(f'No column is called "{assignment}". There are {there_are}.')


def _points_possible(points: Sequence[Cell], column: int, title: str) -> Decimal:
    text = points[column].text.strip() if column < len(points) else ""
    if "read only" in text.casefold():
        raise GradebookError(f'Canvas computes "{title}" itself (read only): choose an assignment.')
    possible = Decimal(text.replace(",", ".")) if POINTS.fullmatch(text) else Decimal(0)
    if not possible:
        raise GradebookError(
            f'"{title}" has no points possible (the cell holds "{text}"): '
            "give the assignment points in Canvas and export again."
        )
    return possible


def _refuse_dropped(title: str) -> None:
    if dropped := _DROPPED.search(title):
        raise GradebookError(
            f'Canvas\'s import passes over "{title}" without a word, since "{dropped[0]}" in its '
            "name makes it one of Canvas's own totals. Rename the assignment in Canvas, to "
            f'"{_DROPPED.sub("Result", title)}" for instance, export the gradebook again, and fill '
            "that."
        )


def _students(header: Sequence[Cell], rows: Iterable[_Line], column: int) -> Iterator[Student]:
    columns = {title_key(cell.text): index for index, cell in enumerate(header)}
    identities = [columns.get(title) for title in ("sis login id", "sis user id", "email")]
    names = [columns.get(title) for title in ("student", "lastname", "firstname")]
    if not any(identities):
        raise GradebookError(
            f'The gradebook has no column "SIS Login ID", "SIS User ID" or "Email". {_EXPORT}'
        )
    for line, cells in rows:
        if len(cells) != len(header):
            raise GradebookError(
                f"Line {line} has {len(cells)} cells and the header {len(header)}. {_EXPORT}"
            )
        name = ", ".join(text for text in _texts(cells, names) if text)
        login, user_id, email = _texts(cells, identities)
        if name == _TEST_STUDENT:
            continue
        yield Student(
            line,
            cells[column],
            id_key(login),
            id_key(user_id),
            frozenset(text.casefold() for text in (login, email) if "@" in text),
            login or user_id or email or name,
        )


def _texts(cells: Sequence[Cell], indexes: Iterable[int | None]) -> list[str]:
    return ["" if index is None else cells[index].text.strip() for index in indexes]
