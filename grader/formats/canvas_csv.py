"""Fills one column of the gradebook that an instructor exported from Canvas.

Source of the shape: Canvas's gradebook export: a header `Student,ID,SIS User ID,SIS Login ID,
Section,"Title (assignment id)"`, perhaps a row that says which grades are hidden, a row
`    Points Possible`, then the students. Every byte outside of the filled cells is kept.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from grader.formats.words import scaled
from grader.model import InputError
from grader.text.comparing import id_key, title_key

_EXPORT = "Take the file as Canvas exports it (Grades, Export) and change nothing in it."
_WITH_ID = re.compile(r"(.+) \(\d+\)", re.DOTALL)
_POINTS = re.compile(r"\d{1,9}(?:[.,]\d{1,2})?")
_QUOTED = re.compile(rb'"[^"]*"')
_EXCUSED = "EX"
# Canvas takes every column with one of these in its name for a total of its own.
_DROPPED = re.compile(r"(?:Current|Final|Override) (?:Score|Points|Grade|Status)")
_TEST_STUDENT = "Student, Test"


class CanvasError(InputError):
    """The gradebook cannot be filled; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class CanvasGrade:
    """One student's grade.

    Attributes:
        percent: of 100, at most 1,000; None leaves the cell as it is.
        excused: writes EX instead of a grade.
    """

    andrew_id: str
    email: str
    percent: float | None
    excused: bool = False

    def __post_init__(self) -> None:
        if self.percent is not None and not 0 <= self.percent <= 1000:
            raise ValueError(f"not a percentage: {self.percent}")


@dataclass(frozen=True, slots=True)
class CanvasFill:
    """A filled gradebook.

    Attributes:
        content: the file's bytes.
        filled: how many cells were written.
        replaced: the students whose cell held another value: login, id or name.
        left_excused: the students whose cell holds EX and was left alone.
        not_in_gradebook: ids of the run's students whom the gradebook does not have.
        not_in_run: the gradebook's students whom the run does not have: login, id or name.
    """

    content: bytes
    filled: int
    not_in_gradebook: tuple[str, ...]
    not_in_run: tuple[str, ...]
    replaced: tuple[str, ...] = ()
    left_excused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell's text, and where its content stands in the file, quotation marks excluded."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Student:
    """A student's row: the cell to fill, and what tells who it is, as `id_key` has it."""

    line: int
    cell: _Cell
    login: str
    user_id: str
    addresses: frozenset[str]
    label: str


def fill(
    exported: bytes,
    assignment: str,
    grades: Collection[CanvasGrade],
    *,
    replace_excused: bool = False,
) -> CanvasFill:
    """Write grades into the assignment's column, scaled to its points possible.

    A student's row is found by SIS Login ID, else by SIS User ID, else by an email address in the
    gradebook: the same as the student's, or with the id before its @. Case does not matter.

    Args:
        exported: the gradebook's bytes.
        assignment: the column's header, with or without Canvas's number in parentheses.
        grades: one for each student of the run.
        replace_excused: whether a grade is written over EX, too, which takes the excuse away.

    Raises:
        CanvasError: the file, the column or a student's row is in doubt.
    """
    header, points, rows = _split(exported)
    column = _column(header, assignment)
    possible = _points_possible(points, column, header[column].text)
    _refuse_dropped(header[column].text)
    students = list(_students(header, rows, column))
    matches = _match(students, grades)

    content = bytearray()
    position = filled = 0
    replaced, left_excused = [], []
    for student in students:
        grade = matches.get(student.line)
        words = _words(grade, possible) if grade else ""
        before = student.cell.text.strip()
        if words and before.upper() == _EXCUSED != words and not replace_excused:
            left_excused.append(student.label)
        elif words:
            if before and _value(before) != _value(words):
                replaced.append(student.label)
            content += exported[position : student.cell.start] + words.encode("ascii")
            position = student.cell.end
            filled += 1
    content += exported[position:]
    found = {grade.andrew_id for grade in matches.values()}
    return CanvasFill(
        bytes(content),
        filled,
        tuple(grade.andrew_id for grade in grades if grade.andrew_id not in found),
        tuple(student.label for student in students if student.line not in matches),
        tuple(replaced),
        tuple(left_excused),
    )


def _words(grade: CanvasGrade, possible: Decimal) -> str:
    if grade.excused:
        return _EXCUSED
    if grade.percent is None:
        return ""
    return scaled(grade.percent, possible)


def _value(cell: str) -> Decimal | str:
    """What a cell says: 20.00 is 20."""
    return Decimal(cell.replace(",", ".")) if _POINTS.fullmatch(cell) else cell.upper()


_Line = tuple[int, list[_Cell]]


def _split(exported: bytes) -> tuple[list[_Cell], list[_Cell], list[_Line]]:
    """The header, the row of points possible, and the rows below it with their lines."""
    rows = list(_tokenize(exported))
    for position, (_, cells) in enumerate(rows[:3]):
        if position and cells[0].text.strip() == "Points Possible":
            return rows[0][1], cells, rows[position + 1 :]
    raise CanvasError(
        'This is no Canvas gradebook: no row "Points Possible" stands below the header. ' + _EXPORT
    )


def _tokenize(exported: bytes) -> Iterator[_Line]:
    """Rows that are not wholly empty, with the line each starts on."""
    begin = 3 if exported.startswith(b"\xef\xbb\xbf") else 0
    first = _QUOTED.sub(b"", exported[begin:].split(b"\n", 1)[0])
    delimiter = max(b",", b";", b"\t", key=first.count)
    token = re.compile(
        rb'(?:"([^"]*(?:""[^"]*)*)"|((?!")[^\r\n%b]*))(%b|\r\n|\n|\r|\Z)' % (delimiter, delimiter)
    )
    position, line = begin, 1
    cells: list[_Cell] = []
    while position < len(exported):
        found = token.match(exported, position)
        if found is None:
            raise CanvasError(f"Line {line}: a quotation mark is not closed or doubled. {_EXPORT}")
        group = 2 if found[1] is None else 1
        text = found[group].decode("utf-8", "replace")
        cells.append(_Cell(*found.span(group), text if group == 2 else text.replace('""', '"')))
        position = found.end()
        if found[3] == delimiter:
            if position < len(exported):
                continue
            cells.append(_Cell(position, position, ""))  # the file ends with a delimiter
        if any(cell.text for cell in cells):
            yield line, cells
        line += len(exported[cells[0].start : position].splitlines())
        cells = []


def _column(header: Sequence[_Cell], assignment: str) -> int:
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
        raise CanvasError(
            f'Several columns are called "{assignment}": {names}. Give the name with its number.'
        )
    assignments = [title for title in titles if _WITH_ID.fullmatch(title.strip())]
    near = difflib.get_close_matches(assignment, assignments, n=10, cutoff=0.0)
    there_are = ", ".join(f'"{title}"' for title in near) or "no assignments at all"
    raise CanvasError(f'No column is called "{assignment}". There are {there_are}.')


def _points_possible(points: Sequence[_Cell], column: int, title: str) -> Decimal:
    text = points[column].text.strip() if column < len(points) else ""
    if "read only" in text.casefold():
        raise CanvasError(f'Canvas computes "{title}" itself (read only): choose an assignment.')
    possible = Decimal(text.replace(",", ".")) if _POINTS.fullmatch(text) else Decimal(0)
    if not possible:
        raise CanvasError(
            f'"{title}" has no points possible (the cell holds "{text}"): '
            "give the assignment points in Canvas and export again."
        )
    return possible


def _refuse_dropped(title: str) -> None:
    if dropped := _DROPPED.search(title):
        raise CanvasError(
            f'Canvas\'s import passes over "{title}" without a word, since "{dropped[0]}" in its '
            "name makes it one of Canvas's own totals. Rename the assignment in Canvas, to "
            f'"{_DROPPED.sub("Result", title)}" for instance, export the gradebook again, and fill '
            "that."
        )


def _students(header: Sequence[_Cell], rows: Iterable[_Line], column: int) -> Iterator[_Student]:
    columns = {title_key(cell.text): index for index, cell in enumerate(header)}
    identities = [columns.get(title) for title in ("sis login id", "sis user id", "email")]
    names = [columns.get(title) for title in ("student", "lastname", "firstname")]
    if not any(identities):
        raise CanvasError(
            f'The gradebook has no column "SIS Login ID", "SIS User ID" or "Email". {_EXPORT}'
        )
    for line, cells in rows:
        if len(cells) != len(header):
            raise CanvasError(
                f"Line {line} has {len(cells)} cells and the header {len(header)}. {_EXPORT}"
            )
        name = ", ".join(text for text in _texts(cells, names) if text)
        login, user_id, email = _texts(cells, identities)
        if name == _TEST_STUDENT:
            continue
        yield _Student(
            line,
            cells[column],
            id_key(login),
            id_key(user_id),
            frozenset(id_key(text) for text in (login, email) if "@" in text),
            login or user_id or email or name,
        )


def _texts(cells: Sequence[_Cell], indexes: Iterable[int | None]) -> list[str]:
    return ["" if index is None else cells[index].text.strip() for index in indexes]


def _match(students: Iterable[_Student], grades: Collection[CanvasGrade]) -> dict[int, CanvasGrade]:
    """The grade of each line that has one."""
    by_login: defaultdict[str, list[_Student]] = defaultdict(list)
    by_user_id: defaultdict[str, list[_Student]] = defaultdict(list)
    by_address: defaultdict[str, list[_Student]] = defaultdict(list)
    for student in students:
        by_login[student.login].append(student)
        by_user_id[student.user_id].append(student)
        for key in student.addresses | {text.rpartition("@")[0] for text in student.addresses}:
            by_address[key].append(student)

    matches: dict[int, CanvasGrade] = {}
    for grade in grades:
        key, email = id_key(grade.andrew_id), id_key(grade.email)
        found = by_login.get(key) or by_user_id.get(key)
        if not found:
            found = by_address.get(key, []) + by_address.get(email or key, [])
        lines = sorted({student.line for student in found})
        if len(lines) > 1:
            raise CanvasError(
                f"{grade.andrew_id} is on several lines of the gradebook "
                f"({', '.join(map(str, lines))}): leave one of them."
            )
        for line in lines:
            if line in matches:
                raise CanvasError(
                    f"Line {line} of the gradebook fits two students of the run, "
                    f"{matches[line].andrew_id} and {grade.andrew_id}: correct the roster."
                )
            matches[line] = grade
    return matches
