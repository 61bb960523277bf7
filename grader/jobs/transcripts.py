"""What the store holds of one student: every attempt, and everything set by hand."""

from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from grader.jobs.progress import in_doubt
from grader.jobs.scorecards import doubted
from grader.jobs.tables import (
    ACCEPTANCE,
    ACCEPTANCES,
    ACCEPTED,
    ATTEMPTS,
    KEPT,
    OVERRIDE,
    OVERRIDES,
    SCORECARD,
    SCORECARDS,
    SUBMISSION,
    SUBMISSIONS,
    in_force,
    public,
)
from grader.model import InputError, Override, Scorecard, ScorecardKind, StoredScorecard, Transcript
from grader.text.comparing import id_key


class StudentError(InputError):
    """The student cannot be asked, shown or changed; the text says why."""


class UnknownStudentError(StudentError):
    """The run does not have the student."""


class UngradedError(StudentError):
    """The student has no scorecard yet."""


def submission_row(connection: sa.Connection, run_id: int, andrew_id: str) -> sa.Row[Any]:
    """The row of the submission that a student has now; UnknownStudentError if there is none."""
    student = id_key(andrew_id)
    query = sa.select(SUBMISSIONS).where(in_force(run_id))
    row = connection.execute(query.where(SUBMISSIONS.c.student == student)).first()
    if row is None:
        known = connection.scalars(query.with_only_columns(SUBMISSIONS.c.student)).all()
        close = get_close_matches(student, known, n=3)
        meant = f"did you mean {' or '.join(close)}?" if close else "grades.csv lists its students"
        raise UnknownStudentError(f"the run has no student {andrew_id!r}: {meant}")
    return row


def transcript(connection: sa.Connection, run_id: int, andrew_id: str) -> Transcript:
    """All that is known of one student; a run in doubt shows unreachable as not graded."""
    row = submission_row(connection, run_id, andrew_id)
    kept = connection.execute(
        sa.select(
            SCORECARDS,
            ATTEMPTS.c.asked_at,
            ACCEPTED.label("accepted"),
            ACCEPTANCES.c.document.label("acceptance"),
        )
        .select_from(KEPT.outerjoin(ACCEPTANCES))
        .where(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.student == row.student)
        .order_by(ATTEMPTS.c.id, SCORECARDS.c.id)
    ).all()
    overrides, stands = _overrides(connection, run_id, row.student)
    doubt = in_doubt(connection, run_id)
    asked = list(dict.fromkeys(each.attempt_id for each in kept))
    scorecards = []
    for each in kept:
        stored = _stored(each, number=1 + asked.index(each.attempt_id), counting=row.counting)
        if stored.current:
            card = replace(stored.scorecard, override=stands)
            card = doubted(card) if doubt and not each.accepted else card
            stored = replace(stored, scorecard=card)
        scorecards.append(stored)
    return Transcript(public(SUBMISSION.validate_json(row.document)), tuple(scorecards), overrides)


def _stored(kept: sa.Row[Any], number: int, counting: int) -> StoredScorecard:
    """One stored scorecard; `counting` is the id of the attempt that counts."""
    return StoredScorecard(
        SCORECARD.validate_json(kept.document),
        ScorecardKind(kept.kind),
        number,
        asked_at=datetime.fromisoformat(kept.asked_at),
        at=datetime.fromisoformat(kept.at),
        superseded=not kept.stands,
        current=kept.stands and kept.attempt_id == counting,
        accepted=kept.acceptance and ACCEPTANCE.validate_json(kept.acceptance),
    )


def _overrides(
    connection: sa.Connection, run_id: int, student: str
) -> tuple[tuple[Override, ...], Override | None]:
    """All overrides of a student, and the one that stands."""
    mine = (OVERRIDES.c.run_id == run_id) & (OVERRIDES.c.student == student)
    query = sa.select(OVERRIDES.c.document, OVERRIDES.c.stands).where(mine).order_by(OVERRIDES.c.id)
    rows = connection.execute(query).all()
    overrides = tuple(OVERRIDE.validate_json(row.document) for row in rows)
    return overrides, overrides[-1] if rows and rows[-1].stands else None


def current_scorecard(connection: sa.Connection, run_id: int, andrew_id: str) -> Scorecard:
    """The scorecard of a student that counts, or an UngradedError if there is none yet."""
    current = transcript(connection, run_id, andrew_id).current
    if current is None:
        raise UngradedError(f"{andrew_id} is not graded yet: run grader batch first")
    return current
