"""Which submissions are to be asked, and which could not be graded."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    not_,
    or_,
    select,
    update,
)

from grader.jobs.tables import (
    ACCEPTED,
    ATTEMPTS,
    COUNTING,
    IN_FORCE,
    LAST_ATTEMPT,
    SCORECARDS,
    SUBMISSIONS,
    Status,
)
from grader.model import State

LAST = SUBMISSIONS.outerjoin(ATTEMPTS, ATTEMPTS.c.id == LAST_ATTEMPT).outerjoin(
    SCORECARDS, and_(SCORECARDS.c.attempt_id == ATTEMPTS.c.id, SCORECARDS.c.stands)
)
"""Submissions, each with its last attempt and what stands for it, if there are any."""
DOUBTFUL = and_(SCORECARDS.c.state == State.UNREACHABLE, not_(ACCEPTED))
"""Scorecards that count as not graded while the run is in doubt."""


def enrolled(run_id: int) -> ColumnElement[bool]:
    """The submissions of a run that are to be graded: one for each student of the roster."""
    return and_(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.listed, IN_FORCE)


def to_ask(run_id: int, status: Status) -> Select[int]:
    """The ids of the submissions of that status: known ones the slowest first, then as enrolled.

    A slow deployment that is asked last keeps a whole class waiting.
    """
    last = SUBMISSIONS.outerjoin(ATTEMPTS, ATTEMPTS.c.id == LAST_ATTEMPT)
    return (
        select(SUBMISSIONS.c.id)
        .select_from(last)
        .where(enrolled(run_id), SUBMISSIONS.c.status == status)
        .order_by(func.coalesce(ATTEMPTS.c.seconds, -1).desc(), SUBMISSIONS.c.position)
    )


class Claim(NamedTuple):
    """A submission that is about to be asked.

    Attributes:
        attempt_id: its last attempt; None where there is none.
        counting: the attempt of the student that counts, perhaps one at an earlier link.
        enrolled: the submission, as it is written in the store.
        graded: what stands for its last attempt, likewise.
    """

    submission_id: int
    attempt_id: int | None
    counting: int | None
    enrolled: str
    graded: str | None


def claims(connection: Connection, ids: Sequence[int]) -> list[Claim]:
    """The submissions of these ids, in their order."""
    query = (
        select(
            SUBMISSIONS.c.id,
            ATTEMPTS.c.id,
            SUBMISSIONS.c.counting,
            SUBMISSIONS.c.document,
            SCORECARDS.c.document,
        )
        .select_from(LAST)
        .where(SUBMISSIONS.c.id.in_(ids))
    )
    found = {row[0]: Claim(*row) for row in connection.execute(query)}
    return [found[each] for each in ids]


def move(connection: Connection, ids: Select[int] | Collection[int], status: Status) -> int:
    """Give the submissions of these ids another status; how many there are."""
    moved = update(SUBMISSIONS).where(SUBMISSIONS.c.id.in_(ids)).values(status=status)
    return connection.execute(moved).rowcount


def ask_again(
    connection: Connection, run_id: int, students: Collection[str], states: Collection[State]
) -> int:
    """Let the next first pass ask students anew; see `Grading.ask_again`.

    Args:
        connection: to the store, in a transaction.
        run_id: the run in it.
        students: their keys.
        states: what counts for them.
    """
    if not students and not states:
        return 0
    which = select(SUBMISSIONS.c.id).where(enrolled(run_id), LAST_ATTEMPT.is_not(None))
    if students:
        which = which.where(SUBMISSIONS.c.student.in_(students))
    if states:
        in_state = select(SUBMISSIONS.c.id).select_from(COUNTING)
        in_state = in_state.where(SCORECARDS.c.state.in_(states))
        which = which.where(SUBMISSIONS.c.id.in_(in_state))
    return move(connection, which, Status.WAITING)


def in_doubt(connection: Connection, run_id: int) -> bool:
    """Whether more than half of five or more are unreachable, and nobody has accepted all that."""
    query = (
        select(SCORECARDS.c.state, func.count(), func.sum(case((DOUBTFUL, 1), else_=0)))
        .select_from(COUNTING)
        .where(enrolled(run_id))
        .group_by(SCORECARDS.c.state)
    )
    found = {state: count for state, *count in connection.execute(query)}
    none = [0, 0]
    unreachable, doubtful = found.get(State.UNREACHABLE, none)
    others = sum(found.get(state, none)[0] for state in (State.GRADED, State.NOT_GRADED))
    return bool(unreachable + others >= 5 and unreachable > others and doubtful)


def is_open(connection: Connection, run_id: int) -> ColumnElement[bool]:
    """Not graded, or unreachable in a run that doubts it."""
    ungraded = SCORECARDS.c.state == State.NOT_GRADED
    return or_(ungraded, DOUBTFUL) if in_doubt(connection, run_id) else ungraded
