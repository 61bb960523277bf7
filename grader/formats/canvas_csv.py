"""Fills one column of a gradebook that Canvas exported; every other byte stays the same."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from grader.formats.canvas_export import POINTS, Student, column_to_fill
from grader.formats.gradebook import Filled, Gradebook, GradebookError
from grader.formats.words import scaled
from grader.model import RunInfo, Scorecard
from grader.text.comparing import id_key

_EXCUSED = "EX"


@dataclass(frozen=True, slots=True)
class _Grade:
    """One student's grade: small enough to keep those of a large class in memory."""

    andrew_id: str
    email: str
    percent: float | None
    excused: bool


def render(_run: RunInfo, scorecards: Iterable[Scorecard], gradebook: Gradebook) -> Filled:
    """Write grades into the assignment's column, scaled to its points possible.

    A student's row is found by SIS Login ID, else by SIS User ID, else by an email address that is
    the student's or has the id before its @; without case. The assignment is the column's header,
    with or without Canvas's number in parentheses. A student without a score keeps the cell.

    Raises:
        GradebookError: the file, the column or a student's row is in doubt.
    """
    possible, students = column_to_fill(gradebook.downloaded, gradebook.assignment)
    grades = [_grade(card) for card in scorecards]
    matches = _match(students, grades)
    exported, content = gradebook.downloaded, bytearray()
    position = filled = 0
    replaced, left_excused = [], []
    for student in students:
        grade = matches.get(student.line)
        words = _words(grade, possible) if grade else ""
        before = student.cell.text.strip()
        if words and before.upper() == _EXCUSED != words and not gradebook.replace_excused:
            left_excused.append(student.label)
        elif words:
            if before and _value(before) != _value(words):
                replaced.append(student.label)
            content += exported[position : student.cell.start] + words.encode("ascii")
            position = student.cell.end
            filled += 1
    content += exported[position:]
    found = {grade.andrew_id for grade in matches.values()}
    return Filled(
        bytes(content),
        filled,
        tuple(grade.andrew_id for grade in grades if grade.andrew_id not in found),
        tuple(student.label for student in students if student.line not in matches),
        tuple(replaced),
        tuple(left_excused),
    )


def _grade(card: Scorecard) -> _Grade:
    student = card.submission
    excused = card.override is not None and card.override.excused
    return _Grade(student.andrew_id, student.email, card.percent, excused)


def _words(grade: _Grade, possible: Decimal) -> str:
    if grade.excused:
        return _EXCUSED
    return "" if grade.percent is None else scaled(grade.percent, possible)


def _value(cell: str) -> Decimal | str:
    """What a cell says: 20.00 is 20."""
    return Decimal(cell.replace(",", ".")) if POINTS.fullmatch(cell) else cell.upper()


def _match(students: Iterable[Student], grades: Collection[_Grade]) -> dict[int, _Grade]:
    """The grade of each line that has one."""
    by_login: defaultdict[str, list[Student]] = defaultdict(list)
    by_user_id: defaultdict[str, list[Student]] = defaultdict(list)
    by_address: defaultdict[str, list[Student]] = defaultdict(list)
    for student in students:
        by_login[student.login].append(student)
        by_user_id[student.user_id].append(student)
        for key in student.addresses | {text.rpartition("@")[0] for text in student.addresses}:
            by_address[key].append(student)

    matches: dict[int, _Grade] = {}
    for grade in grades:
        key, email = id_key(grade.andrew_id), id_key(grade.email)
        found = by_login.get(key) or by_user_id.get(key)
        if not found:
            found = by_address.get(key, []) + by_address.get(email or key, [])
        lines = sorted({student.line for student in found})
        if len(lines) > 1:
            raise GradebookError(
                f"{grade.andrew_id} is on several lines of the gradebook "
                f"({', '.join(map(str, lines))}): leave one of them."
            )
        for line in lines:
            if line in matches:
                raise GradebookError(
                    f"Line {line} of the gradebook fits two students of the run, "
                    f"{matches[line].andrew_id} and {grade.andrew_id}: correct the roster."
                )
            matches[line] = grade
    return matches
