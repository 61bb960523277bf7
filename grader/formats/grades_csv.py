"""`grades.csv`: one row for each student."""

import csv
import io
from collections.abc import Collection, Iterator

from grader.analysis.attention import look
from grader.formats.escaping import csv_cell
from grader.formats.transport import degraded_count
from grader.formats.words import decimal, override, right_count, timestamp
from grader.model import RunInfo, Scorecard

COLUMNS = (
    *("andrew_id", "name", "section", "email", "url", "state", "score", "max_score", "percent"),
    *("right", "questions", "needs_a_look", "reason", "release_commit", "finished_at"),
    *("override", "median_ms", "p95_ms", "degraded", "certificate_expires_at"),
)


def render(_run: RunInfo, scorecards: Collection[Scorecard]) -> Iterator[str]:
    """Write a class as CSV, header first, with the line ends of RFC 4180.

    Score and percent are blank if a student is not graded or is excused, since a gradebook does
    not read that as a zero.
    """
    yield _row(COLUMNS)
    for scorecard in scorecards:
        yield _row(_cells(scorecard))


def _cells(scorecard: Scorecard) -> tuple[str, ...]:
    student = scorecard.submission
    commit = scorecard.release.commit if scorecard.release else None
    score, percent = scorecard.score, scorecard.percent
    latency, expires = scorecard.latency, scorecard.certificate_expires_at
    return (
        *map(csv_cell, (student.andrew_id, student.name, student.section, student.email)),
        csv_cell(student.url),
        scorecard.state.value,
        "" if score is None else decimal(score),
        decimal(scorecard.max_score),
        "" if percent is None else decimal(percent),
        str(right_count(scorecard)),
        str(len(scorecard.verdicts)),
        "yes" if look(scorecard) else "",
        csv_cell(scorecard.reason),
        csv_cell(commit or ""),
        timestamp(scorecard.finished_at),
        csv_cell(override(scorecard.override)) if scorecard.override else "",
        decimal(latency.median_ms, 1) if latency else "",
        decimal(latency.p95_ms, 1) if latency else "",
        str(degraded_count(scorecard)) if latency else "",
        timestamp(expires) if expires else "",
    )


def _row(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
