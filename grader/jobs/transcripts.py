"""What the store holds of one student: every attempt, and everything set by hand."""

from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, Row, select

from grader.jobs.attempts import KEPT
from grader.jobs.scorecards import doubted
from grader.jobs.tables import (
    ACCEPTANCE,
    ACCEPTANCES,
    ATTEMPTS,
    OVERRIDE,
    OVERRIDES,
    SCORECARD,
    SCORECARDS,
    SUBMISSION,
    SUBMISSIONS,
    public,
)
from grader.model import Attempt, AttemptKind, InputError, Scorecard, Transcript
from grader.text.comparing import id_key


class UnknownStudentError(InputError):
    """The run does not have the student."""


class UnlistedStudentError(InputError):
    """The run has the student, and its roster no longer does."""


class UngradedError(InputError):
    """The student has no scorecard yet."""


def submission_row(connection: Connection, run_id: int, andrew_id: str) -> Row[Any]:
    """The row of a student's current submission.

    Raises:
        UnknownStudentError: if the run does not have the student.
    """
    mine = (SUBMISSIONS.c.run_id == run_id) & SUBMISSIONS.c.current
    student = id_key(andrew_id)
    row = connection.execute(
        select(SUBMISSIONS).where(mine, SUBMISSIONS.c.student == student)
    ).first()
    if row is None:
        known = connection.scalars(select(SUBMISSIONS.c.student).where(mine)).all()
        close = get_close_matches(student, known, n=3)
        meant = f"did you mean {' or '.join(close)}?" if close else "grades.csv lists its students"
        raise UnknownStudentError(f"the run has no student {andrew_id!r}: {meant}")
    return row


def transcript(
    connection: Connection, run_id: int, andrew_id: str, *, in_doubt: bool
) -> Transcript:
    """Everything that is known of one student.

    Args:
        connection: to the store.
        run_id: the run in it.
        andrew_id: the student.
        in_doubt: whether the run is: what counts is then shown as everywhere.

    Raises:
        UnknownStudentError: if the run does not have the student.
    """
    row = submission_row(connection, run_id, andrew_id)
    kept = connection.execute(
        select(
            SCORECARDS,
            ATTEMPTS.c.asked_at,
            ATTEMPTS.c.counts,
            ATTEMPTS.c.accepted,
            ACCEPTANCES.c.document.label("acceptance"),
        )
        .select_from(KEPT.outerjoin(ACCEPTANCES))
        .where(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.student == row.student)
        .order_by(ATTEMPTS.c.id, SCORECARDS.c.id)
    ).all()
    by_hand = connection.scalars(
        select(OVERRIDES.c.document)
        .where(OVERRIDES.c.run_id == run_id, OVERRIDES.c.student == row.student)
        .order_by(OVERRIDES.c.id)
    )
    overrides = tuple(OVERRIDE.validate_json(document) for document in by_hand)
    stands = overrides[-1] if overrides and not overrides[-1].withdrawn else None
    asked = list(dict.fromkeys(each.attempt_id for each in kept))
    attempts = []
    for each in kept:
        card = SCORECARD.validate_json(each.document)
        current = each.current and each.counts
        if current:
            card = replace(card, override=stands)
            card = doubted(card) if in_doubt and not each.accepted else card
        attempts.append(
            Attempt(
                card,
                AttemptKind(each.kind),
                1 + asked.index(each.attempt_id),
                asked_at=datetime.fromisoformat(each.asked_at),
                at=datetime.fromisoformat(each.at),
                superseded=not each.current,
                current=current,
                accepted=each.acceptance and ACCEPTANCE.validate_json(each.acceptance),
            )
        )
    return Transcript(public(SUBMISSION.validate_json(row.document)), tuple(attempts), overrides)


def current_scorecard(
    connection: Connection, run_id: int, andrew_id: str, *, in_doubt: bool
) -> Scorecard:
    """The scorecard of a student that counts.

    Raises:
        UnknownStudentError: if the run does not have the student.
        UngradedError: if there is none yet.
    """
    current = transcript(connection, run_id, andrew_id, in_doubt=in_doubt).current
    if current is None:
        raise UngradedError(f"{andrew_id} is not graded yet: run grader batch first")
    return current
