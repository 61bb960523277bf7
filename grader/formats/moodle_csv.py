"""A file for Moodle's grade import (Grades, Import, CSV file): an identity and a grade in each row.

Source of the rules: Moodle's CSV grade import. One identity is mapped to the user, blank means no
grade, and one user that it does not know or one grade that is no number aborts the whole import.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from grader.formats.escaping import csv_cell, one_line
from grader.formats.gradebook import Filled, Gradebook, GradebookError
from grader.formats.words import decimal
from grader.model import RunInfo, Scorecard, Submission
from grader.text.comparing import id_key


class IdColumn(StrEnum):
    """What Moodle finds a user by; the values are Moodle's own names of its fields."""

    USERNAME = "username"
    EMAIL = "email"
    IDNUMBER = "idnumber"


def render(_run: RunInfo, scorecards: Iterable[Scorecard], gradebook: Gradebook) -> Filled:
    """Write percentages for a grade item of 100 points; blank if a student is not graded.

    An email address is the roster's; every other identity is the Andrew ID. A student is left out
    if it is missing, holds several addresses, belongs to another student of the run, too, or would
    run as a formula.

    Raises:
        GradebookError: the header says nothing, or is that of the identity.
    """
    id_column = IdColumn(gradebook.id_column or IdColumn.USERNAME)
    header = " ".join(gradebook.assignment.split())
    if not header or header.casefold() == id_column:
        raise GradebookError(f'The grades need a header other than "{header}": give --assignment.')
    students = [
        (card.submission.andrew_id, _identity(card.submission, id_column), card.percent)
        for card in scorecards
    ]
    holders = Counter(id_key(identity) for _, identity, _ in students)
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow((id_column.value, csv_cell(header)))
    written, left_out = 0, {}
    for andrew_id, identity, percent in students:
        why = _unusable(identity, holders[id_key(identity)], id_column)
        if why:
            left_out[andrew_id] = why
            continue
        rows.writerow((identity, "" if percent is None else decimal(percent)))
        written += 1
    return Filled(file.getvalue().encode(), written, left_out=left_out)


def _identity(submission: Submission, id_column: IdColumn) -> str:
    return submission.email if id_column is IdColumn.EMAIL else submission.andrew_id


def _unusable(identity: str, holders: int, id_column: IdColumn) -> str:
    if not identity:
        return f"no {id_column}"
    if id_column is IdColumn.EMAIL and identity.count("@") > 1:
        return f"several addresses in one cell, {one_line(identity, 80)}"
    if csv_cell(identity) != identity or (id_column is IdColumn.EMAIL and "@" not in identity):
        return f"not a usable {id_column}"
    if holders > 1:
        return f"the same {id_column} as another student"
    return ""
