"""How far a run is: what was asked, what is still to be asked, and what is open."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    case,
    func,
    insert,
    not_,
    null,
    or_,
    select,
    update,
)

from grader.jobs.attempts import utc
from grader.jobs.tables import (
    ACCEPTANCES,
    ACCEPTED,
    ATTEMPTS,
    COUNTING,
    IN_FORCE,
    KEPT,
    LAST_ATTEMPT,
    OVERRIDES,
    SCORECARD,
    SCORECARDS,
    SUBMISSIONS,
    Status,
)
from grader.model import Keep, Scorecard, State

_LAST = SUBMISSIONS.outerjoin(ATTEMPTS, ATTEMPTS.c.id == LAST_ATTEMPT).outerjoin(
    SCORECARDS, and_(SCORECARDS.c.attempt_id == ATTEMPTS.c.id, SCORECARDS.c.stands)
)
"""Submissions, each with its last attempt and what stands for it, if there are any."""
_DOUBTFUL = and_(SCORECARDS.c.state == State.UNREACHABLE, not_(ACCEPTED))


def enrolled(run_id: int) -> ColumnElement[bool]:
    """The submissions of a run that are to be graded: one for each student of the roster."""
    return and_(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.listed, IN_FORCE)


def total(connection: Connection, run_id: int) -> int:
    """How many submissions a run has."""
    return _count(connection, select(SUBMISSIONS.c.id).where(enrolled(run_id)))


def finished(connection: Connection, run_id: int) -> int:
    """How many of them need not be asked any more."""
    return _count(connection, select(SUBMISSIONS.c.id).where(enrolled(run_id), _is(Status.DONE)))


def finished_states(connection: Connection, run_id: int) -> Counter[State]:
    """What became of those that need not be asked any more, by what was seen last."""
    # What an instructor has accepted as it is counts as graded.
    settled = and_(SCORECARDS.c.state == State.NOT_GRADED, ACCEPTED)
    state = case((settled, State.GRADED.value), else_=SCORECARDS.c.state)
    query = select(state, func.count()).select_from(_LAST)
    done = query.where(enrolled(run_id), _is(Status.DONE)).group_by(state)
    return Counter({State(found): count for found, count in connection.execute(done)})


def asked(connection: Connection, run_id: int) -> set[str]:
    """The keys of the students who have an attempt, at whatever link."""
    mine = and_(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.counting.is_not(None))
    return set(connection.scalars(select(SUBMISSIONS.c.student).where(mine)))


def for_first_pass(run_id: int) -> Select[int]:
    """The submissions that wait to be asked: known ones the slowest first, then as in the roster.

    A slow deployment that is asked last keeps a whole class waiting.
    """
    return _in_order(run_id, Status.WAITING)


def for_second_pass(run_id: int) -> Select[int]:
    """The submissions whose first pass left something open, the slowest first."""
    return _in_order(run_id, Status.ONCE_MORE)


def _in_order(run_id: int, status: Status) -> Select[int]:
    last = SUBMISSIONS.outerjoin(ATTEMPTS, ATTEMPTS.c.id == LAST_ATTEMPT)
    return (
        select(SUBMISSIONS.c.id)
        .select_from(last)
        .where(enrolled(run_id), _is(status))
        .order_by(func.coalesce(ATTEMPTS.c.seconds, -1).desc(), SUBMISSIONS.c.position)
    )


class Claim(NamedTuple):
    """A submission that is about to be asked.

    Attributes:
        attempt_id: its last attempt; None where there is none.
        is_first: whether the student has no attempt yet, at this link or an earlier one.
        enrolled: the submission, as it is written in the store.
        graded: what stands for its last attempt, likewise.
    """

    submission_id: int
    attempt_id: int | None
    is_first: bool
    enrolled: str
    graded: str | None


def claims(connection: Connection, ids: Sequence[int]) -> list[Claim]:
    """The submissions of these ids, in their order."""
    query = (
        select(
            SUBMISSIONS.c.id,
            ATTEMPTS.c.id,
            SUBMISSIONS.c.counting.is_(None),
            SUBMISSIONS.c.document,
            SCORECARDS.c.document,
        )
        .select_from(_LAST)
        .where(SUBMISSIONS.c.id.in_(ids))
    )
    found = {row[0]: Claim(*row) for row in connection.execute(query)}
    return [found[each] for each in ids]


def move(connection: Connection, ids: Select[int] | Collection[int], status: Status) -> int:
    """Give the submissions of these ids another status; how many there are."""
    moved = update(SUBMISSIONS).where(SUBMISSIONS.c.id.in_(ids)).values(status=status)
    return connection.execute(moved).rowcount


def reopen(connection: Connection, run_id: int) -> int:
    """Give what could not be graded another second pass.

    Returns:
        How many could not be graded; those among them who wait to be asked anew go on waiting.
    """
    open_ones = (
        select(SUBMISSIONS.c.id)
        .select_from(_LAST)
        .where(enrolled(run_id), _open(connection, run_id))
    )
    count = _count(connection, open_ones)
    move(connection, open_ones.where(SUBMISSIONS.c.status != Status.WAITING), Status.ONCE_MORE)
    return count


def ask_again(
    connection: Connection, run_id: int, students: Collection[str], states: Collection[State]
) -> int:
    """Let the next first pass ask students anew, if they were asked before.

    Args:
        connection: to the store, in a transaction.
        run_id: the run in it.
        students: the keys of those who are meant; none for everybody.
        states: only those for whom one of these states counts; none for any state.

    Returns:
        How many are asked anew; nobody, where neither students nor states are given.
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
        select(
            SCORECARDS.c.state,
            func.count(),
            func.sum(case((_DOUBTFUL, 1), else_=0)),
        )
        .select_from(COUNTING)
        .where(enrolled(run_id))
        .group_by(SCORECARDS.c.state)
    )
    found = {State(state): count for state, *count in connection.execute(query)}
    none = [0, 0]
    unreachable, doubtful = found.get(State.UNREACHABLE, none)
    others = sum(found.get(state, none)[0] for state in (State.GRADED, State.NOT_GRADED))
    return bool(unreachable + others >= 5 and unreachable > others and doubtful)


def accept_unreachable(connection: Connection, run_id: int) -> None:
    """Let all that is unreachable by now count as that, though the run doubts itself."""
    doubtful = (
        select(ATTEMPTS.c.id, null())
        .select_from(KEPT)
        .where(SUBMISSIONS.c.run_id == run_id, SCORECARDS.c.stands, _DOUBTFUL)
    )
    connection.execute(insert(ACCEPTANCES).from_select(["attempt_id", "document"], doubtful))


def blocked(connection: Connection, run_id: int) -> list[tuple[int, str, Scorecard]]:
    """The attempts that a bot protection kept from being graded: id, student's key, scorecard.

    Those that still wait for their second pass are not among them.
    """
    due = and_(_is(Status.ONCE_MORE), ATTEMPTS.c.id == LAST_ATTEMPT)
    query = (
        select(ATTEMPTS.c.id, SUBMISSIONS.c.student, SCORECARDS.c.document)
        .select_from(KEPT)
        .where(
            SUBMISSIONS.c.run_id == run_id,
            SCORECARDS.c.stands,
            SCORECARDS.c.state == State.NOT_GRADED,
            not_(due),
        )
    )
    found = (
        (row.id, row.student, SCORECARD.validate_json(row.document))
        for row in connection.execute(query).all()
    )
    return [each for each in found if each[2].blocked]


def unsettled(connection: Connection, run_id: int) -> int:
    """How many students could not be graded by what counts or was asked last, nor by hand."""
    by_hand = select(OVERRIDES.c.student).where(OVERRIDES.c.run_id == run_id, OVERRIDES.c.stands)
    is_open = and_(_open(connection, run_id), SUBMISSIONS.c.student.not_in(by_hand))
    counting, last = (
        select(SUBMISSIONS.c.id).select_from(attempts).where(enrolled(run_id), is_open)
        for attempts in (COUNTING, _LAST)
    )
    return _count(connection, counting.union(last))


def late(connection: Connection, run_id: int, keep: Keep) -> list[str]:
    """The students whose attempt counts though it was asked after the moment that `keep` names."""
    if keep.before is None:
        return []
    query = (
        select(SUBMISSIONS.c.student)
        .select_from(COUNTING)
        .where(enrolled(run_id), ATTEMPTS.c.asked_at >= utc(keep.before))
        .order_by(SUBMISSIONS.c.position)
    )
    return list(connection.scalars(query))


def _is(status: Status) -> ColumnElement[bool]:
    return SUBMISSIONS.c.status == status


def _open(connection: Connection, run_id: int) -> ColumnElement[bool]:
    """Not graded, or unreachable in a run that doubts it."""
    ungraded = SCORECARDS.c.state == State.NOT_GRADED
    return or_(ungraded, _DOUBTFUL) if in_doubt(connection, run_id) else ungraded


def _count(connection: Connection, rows: Select[int] | CompoundSelect[int]) -> int:
    return connection.scalars(select(func.count()).select_from(rows.subquery())).one()
