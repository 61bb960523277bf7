"""Which submissions are to be asked, and which could not be graded."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from grader.jobs.tables import (
    ACCEPTED,
    ATTEMPTS,
    COUNTING,
    LAST_ATTEMPT,
    SCORECARDS,
    SUBMISSIONS,
    Status,
    in_force,
)
from grader.model import State

LAST = SUBMISSIONS.outerjoin(ATTEMPTS, ATTEMPTS.c.id == LAST_ATTEMPT).outerjoin(
    SCORECARDS, sa.and_(SCORECARDS.c.attempt_id == ATTEMPTS.c.id, SCORECARDS.c.stands)
)
"""Submissions, each with its last attempt, if any, and the scorecard that stands for that."""
DOUBTFUL = sa.and_(SCORECARDS.c.state == State.UNREACHABLE, sa.not_(ACCEPTED))
"""Scorecards that count as not graded if the run is in doubt."""


def enrolled(run_id: int) -> sa.ColumnElement[bool]:
    """The submissions of a run that are to be graded: one for each student of the roster."""
    return sa.and_(SUBMISSIONS.c.listed, in_force(run_id))


def to_ask(run_id: int, status: Status) -> sa.Select[int]:
    """The ids of the submissions of that status: known ones from the slowest, then new ones.

    If a slow deployment were asked last, the whole class would wait for it.
    """
    return (
        sa.select(SUBMISSIONS.c.id)
        .outerjoin(ATTEMPTS, ATTEMPTS.c.id == LAST_ATTEMPT)
        .where(enrolled(run_id), SUBMISSIONS.c.status == status)
        .order_by(sa.func.coalesce(ATTEMPTS.c.seconds, -1).desc(), SUBMISSIONS.c.position)
    )


class Claim(NamedTuple):
    """A submission that is about to be asked, and its last attempt; both documents as stored.

    It `is_first` if the student has no attempt yet, at this link or an earlier one.
    """

    submission_id: int
    attempt_id: int | None
    is_first: bool
    enrolled: str
    graded: str | None


def claims(connection: sa.Connection, ids: Sequence[int]) -> list[Claim]:
    """The submissions of these ids, in their order."""
    query = (
        sa.select(
            SUBMISSIONS.c.id,
            ATTEMPTS.c.id,
            SUBMISSIONS.c.counting.is_(None),
            SUBMISSIONS.c.document,
            SCORECARDS.c.document,
        )
        .select_from(LAST)
        .where(SUBMISSIONS.c.id.in_(ids))
    )
    found = {row[0]: Claim(*row) for row in connection.execute(query)}
    return [found[each] for each in ids]


def move(connection: sa.Connection, ids: sa.Select[int] | Collection[int], status: Status) -> int:
    """Give the submissions of these ids another status; how many there are."""
    moved = sa.update(SUBMISSIONS).where(SUBMISSIONS.c.id.in_(ids)).values(status=status)
    return connection.execute(moved).rowcount


def in_doubt(connection: sa.Connection, run_id: int) -> bool:
    """Whether more than half of five or more are unreachable, and some of these not accepted."""
    state, count = SCORECARDS.c.state, sa.func.count()
    query = sa.select(
        count.filter(state == State.UNREACHABLE),
        count.filter(state.in_((State.GRADED, State.NOT_GRADED))),
        count.filter(DOUBTFUL),
    )
    counting = query.select_from(COUNTING).where(enrolled(run_id))
    unreachable, others, doubtful = connection.execute(counting).one()
    return bool(unreachable + others >= 5 and unreachable > others and doubtful)


def is_open(connection: sa.Connection, run_id: int) -> sa.ColumnElement[bool]:
    """Not graded, or unreachable in a run in doubt."""
    ungraded = SCORECARDS.c.state == State.NOT_GRADED
    return sa.or_(ungraded, DOUBTFUL) if in_doubt(connection, run_id) else ungraded
