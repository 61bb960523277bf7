"""A file for Blackboard's gradebook upload, made with the header of the instructor's download.

Source of the shape: Blackboard's gradebook download. Users are in the column `Username`, and a
column that can be filled has a header such as `Lab [Total Pts: 100 Score] |12345`, in some versions
without "Score". The upload goes by the number behind the bar. Commas or tabs; UTF-8 or UTF-16.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from grader.formats.escaping import csv_cell
from grader.formats.gradebook import Filled, Gradebook, GradebookError
from grader.formats.words import scaled
from grader.model import RunInfo, Scorecard
from grader.text.comparing import id_key, title_key

_EXPORT = "Take the file as Blackboard gives it (Gradebook, Download) and change nothing in it."
_COLUMN = re.compile(r"(.+) \[Total Pts: ([^\]]*)\] \|(\d+)", re.DOTALL)
_POINTS = re.compile(r"(\d{1,9}(?:[.,]\d{1,5})?)(?: Score)?")
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class _Table:
    encoding: str
    delimiter: str
    header: list[str]
    rows: list[tuple[int, list[str]]]


def render(_run: RunInfo, scorecards: Iterable[Scorecard], gradebook: Gradebook) -> Filled:
    """Write `Username` and the assignment's column, scaled to its points.

    A student is found by username, without domain or case. Students who are not graded are left
    out: Blackboard keeps the grades of users whom an upload does not name. The assignment is the
    column's header, or the name at its beginning.

    Raises:
        GradebookError: the file, the column or a user is in doubt.
    """
    table = _read(gradebook.downloaded)
    users = _users(table)
    column = _column(table.header, gradebook.assignment)
    possible = _points_possible(column)
    file = io.StringIO()
    rows = csv.writer(file, delimiter=table.delimiter, quoting=csv.QUOTE_ALL)
    rows.writerow(("Username", column))
    filled, strangers = 0, []
    for card in scorecards:
        user = users.pop(id_key(card.submission.andrew_id), None)
        if user is None:
            strangers.append(card.submission.andrew_id)
        elif card.percent is not None:
            rows.writerow((user, scaled(card.percent, possible)))
            filled += 1
    content = file.getvalue().encode(table.encoding)
    return Filled(content, filled, tuple(strangers), tuple(users.values()))


def _read(downloaded: bytes) -> _Table:
    wide = downloaded.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    marked = downloaded.startswith(codecs.BOM_UTF8)
    encoding = "utf-16" if wide else "utf-8-sig" if marked else "utf-8"
    try:
        text = downloaded.decode(encoding)
    except UnicodeDecodeError:
        raise GradebookError(f"The gradebook is neither UTF-8 nor UTF-16. {_EXPORT}") from None
    first = _QUOTED.sub("", text.partition("\n")[0])
    delimiter = max(",", "\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cells)]
    except csv.Error as error:
        raise GradebookError(
            f"Line {reader.line_num} of the gradebook cannot be read: {error}. {_EXPORT}"
        ) from None
    if not rows or "Username" not in rows[0][1]:
        raise GradebookError(f'This is no Blackboard gradebook: no column "Username". {_EXPORT}')
    header = rows[0][1]
    for line, cells in rows:
        if len(cells) != len(header):
            raise GradebookError(
                f"Line {line} has {len(cells)} cells and the header {len(header)}. {_EXPORT}"
            )
    return _Table(encoding, delimiter, header, rows[1:])


def _users(table: _Table) -> dict[str, str]:
    """Each username as it is written, by its part before the @ in small letters."""
    index = table.header.index("Username")
    users: dict[str, str] = {}
    lines: dict[str, int] = {}
    for line, cells in table.rows:
        user = cells[index]
        key = user.strip().partition("@")[0].casefold()
        if key in users:
            raise GradebookError(
                f'Lines {lines[key]} and {line} of the gradebook are both of "{user}": '
                "leave one of them."
            )
        if key and csv_cell(user) == user:
            users[key], lines[key] = user, line
    return users


def _column(header: Sequence[str], assignment: str) -> str:
    wanted = title_key(assignment)
    found = {title: _COLUMN.fullmatch(title.strip()) for title in header}
    columns = {title: title_key(shown[1]) for title, shown in found.items() if shown}
    named = [title for title, name in columns.items() if wanted in (title_key(title), name)]
    if len(named) == 1:
        return named[0]
    names = ", ".join(f'"{title}"' for title in named or columns) or "no columns to fill at all"
    if named:
        raise GradebookError(
            f'Several columns are called "{assignment}": {names}. Give the whole header.'
        )
    raise GradebookError(f'No column is called "{assignment}". There are {names}.')


def _points_possible(column: str) -> Decimal:
    shown = _COLUMN.fullmatch(column.strip())
    points = _POINTS.fullmatch(shown[2]) if shown else None
    possible = Decimal(points[1].replace(",", ".")) if points else Decimal(0)
    if not possible:
        raise GradebookError(
            f'"{column}" takes no points: choose a column that shows a score of some points '
            "(in Blackboard, its primary display is Score)."
        )
    return possible
