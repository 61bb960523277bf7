"""How far a run is: what was asked, what is still to be asked, and what is open."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, update

from grader.jobs.attempts import KEPT, utc
from grader.jobs.tables import ATTEMPTS, OVERRIDES, SCORECARD, SCORECARDS, SUBMISSIONS
from grader.model import Keep, Scorecard, State

# The last attempt at a link stands for it, unless the instructor wants it asked anew.
_STANDS = and_(ATTEMPTS.c.current, ATTEMPTS.c.again.is_(False))
_COUNTS = and_(ATTEMPTS.c.counts, SCORECARDS.c.current)
_ASKED = ATTEMPTS.join(SUBMISSIONS)
_DOUBTFUL = and_(
    SCORECARDS.c.current,
    SCORECARDS.c.state == State.UNREACHABLE,
    ATTEMPTS.c.accepted.is_(False),
)


def enrolled(run_id: int) -> ColumnElement[bool]:
    """The submissions of a run that are to be graded: one for each student of the roster."""
    return and_(SUBMISSIONS.c.current, listed(run_id))


def listed(run_id: int) -> ColumnElement[bool]:
    """The submissions of a run, earlier links too, of those whom the roster still has."""
    return and_(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.listed)


def total(connection: Connection, run_id: int) -> int:
    """How many submissions a run has."""
    return connection.scalars(select(func.count()).where(enrolled(run_id))).one()


def finished(connection: Connection, run_id: int) -> int:
    """How many of them need not be asked any more."""
    done = and_(enrolled(run_id), _STANDS, ATTEMPTS.c.final)
    return connection.scalars(select(func.count()).select_from(_ASKED).where(done)).one()


def finished_states(connection: Connection, run_id: int) -> Counter[State]:
    """What became of those that need not be asked any more, by what was seen last."""
    done = and_(enrolled(run_id), _STANDS, ATTEMPTS.c.final, SCORECARDS.c.current)
    # What an instructor has accepted as it is counts as graded.
    settled = and_(SCORECARDS.c.state == State.NOT_GRADED, ATTEMPTS.c.accepted)
    state = case((settled, State.GRADED.value), else_=SCORECARDS.c.state)
    query = select(state, func.count()).select_from(KEPT).where(done).group_by(state)
    return Counter({State(found): count for found, count in connection.execute(query)})


def asked(connection: Connection, run_id: int) -> set[str]:
    """The keys of the students who have an attempt, at whatever link."""
    of_run = select(SUBMISSIONS.c.student).select_from(_ASKED).where(SUBMISSIONS.c.run_id == run_id)
    return set(connection.scalars(of_run.distinct()))


def for_first_pass(run_id: int) -> Select[int]:
    """The submissions that no attempt settles: known ones the slowest first, then as in the roster.

    A slow deployment that is asked last keeps a whole class waiting.
    """
    last = and_(ATTEMPTS.c.submission_id == SUBMISSIONS.c.id, ATTEMPTS.c.current)
    return (
        select(SUBMISSIONS.c.id)
        .outerjoin_from(SUBMISSIONS, ATTEMPTS, last)
        .where(enrolled(run_id), or_(ATTEMPTS.c.id.is_(None), ATTEMPTS.c.again))
        .order_by(func.coalesce(ATTEMPTS.c.seconds, -1).desc(), SUBMISSIONS.c.position)
    )


def for_second_pass(run_id: int) -> Select[int]:
    """The submissions whose first pass left something open, the slowest first."""
    return (
        select(SUBMISSIONS.c.id)
        .select_from(_ASKED)
        .where(enrolled(run_id), _STANDS, ATTEMPTS.c.final.is_(False))
        .order_by(ATTEMPTS.c.seconds.desc(), SUBMISSIONS.c.position)
    )


class Claim(NamedTuple):
    """A submission that is about to be asked.

    Attributes:
        attempt_id: its last attempt; None where there is none.
        first_link: whether the student handed in no other link before.
        enrolled: the submission, as it is written in the store.
        graded: what stands for its last attempt, likewise.
    """

    submission_id: int
    attempt_id: int | None
    first_link: bool
    enrolled: str
    graded: str | None


def claims(connection: Connection, ids: Sequence[int]) -> list[Claim]:
    """The submissions of these ids, in their order."""
    stands = and_(
        ATTEMPTS.c.submission_id == SUBMISSIONS.c.id, ATTEMPTS.c.current, SCORECARDS.c.current
    )
    query = (
        select(
            SUBMISSIONS.c.id,
            ATTEMPTS.c.id,
            SUBMISSIONS.c.attempt == 1,
            SUBMISSIONS.c.document,
            SCORECARDS.c.document,
        )
        .outerjoin_from(SUBMISSIONS, ATTEMPTS.join(SCORECARDS), stands)
        .where(SUBMISSIONS.c.id.in_(ids))
    )
    order = {row_id: place for place, row_id in enumerate(ids)}
    found = (Claim(*row) for row in connection.execute(query))
    return sorted(found, key=lambda claim: order[claim.submission_id])


def reopen(connection: Connection, run_id: int) -> int:
    """Give what could not be graded another second pass; how many there are."""
    return _mark(connection, _last_attempts(run_id).where(_open(connection, run_id)), final=False)


def ask_again(
    connection: Connection, run_id: int, students: Collection[str], states: Collection[State]
) -> int:
    """Have these students asked anew, or everybody, for whom one of these states counts, or any."""
    which = _last_attempts(run_id)
    if students:
        which = which.where(SUBMISSIONS.c.student.in_(students))
    if states:
        counted = (
            select(SUBMISSIONS.c.student)
            .select_from(KEPT)
            .where(SUBMISSIONS.c.run_id == run_id, _COUNTS, SCORECARDS.c.state.in_(states))
        )
        which = which.where(SUBMISSIONS.c.student.in_(counted))
    return _mark(connection, which, again=True) if students or states else 0


def states(connection: Connection, run_id: int) -> Counter[State]:
    """For how many students each state counts."""
    query = (
        select(SCORECARDS.c.state, func.count())
        .select_from(KEPT)
        .where(listed(run_id), _COUNTS)
        .group_by(SCORECARDS.c.state)
    )
    return Counter({State(state): count for state, count in connection.execute(query)})


def in_doubt(connection: Connection, run_id: int) -> bool:
    """Whether more than half of five or more are unreachable, and nobody has accepted all that."""
    found = states(connection, run_id)
    asked = found[State.GRADED] + found[State.UNREACHABLE] + found[State.NOT_GRADED]
    if asked < 5 or 2 * found[State.UNREACHABLE] <= asked:
        return False
    doubtful = select(func.count()).select_from(KEPT).where(listed(run_id), _COUNTS, _DOUBTFUL)
    return connection.scalars(doubtful).one() > 0


def accept_unreachable(connection: Connection, run_id: int) -> None:
    """Let all that is unreachable by now count as that, though the run doubts itself."""
    which = select(ATTEMPTS.c.id).select_from(KEPT).where(SUBMISSIONS.c.run_id == run_id, _DOUBTFUL)
    _mark(connection, which, accepted=True)


def blocked(connection: Connection, run_id: int) -> list[tuple[int, str, Scorecard]]:
    """The attempts that a bot protection kept from being graded: id, student's key, scorecard."""
    query = (
        select(ATTEMPTS.c.id, SUBMISSIONS.c.student, SCORECARDS.c.document)
        .select_from(KEPT)
        .where(
            SUBMISSIONS.c.run_id == run_id,
            ATTEMPTS.c.final,
            SCORECARDS.c.current,
            SCORECARDS.c.state == State.NOT_GRADED,
        )
    )
    found = (
        (row.id, row.student, SCORECARD.validate_json(row.document))
        for row in connection.execute(query).all()
    )
    return [each for each in found if each[2].blocked]


def unsettled(connection: Connection, run_id: int) -> int:
    """How many students could not be graded by what counts or was asked last, nor by hand."""
    by_hand = select(OVERRIDES.c.student).where(OVERRIDES.c.run_id == run_id, OVERRIDES.c.current)
    query = (
        select(func.count(SUBMISSIONS.c.student.distinct()))
        .select_from(KEPT)
        .where(
            listed(run_id),
            SUBMISSIONS.c.student.not_in(by_hand),
            SCORECARDS.c.current,
            _open(connection, run_id),
            or_(ATTEMPTS.c.counts, and_(SUBMISSIONS.c.current, ATTEMPTS.c.current)),
        )
    )
    return connection.scalars(query).one()


def _open(connection: Connection, run_id: int) -> ColumnElement[bool]:
    """Not graded, or unreachable in a run that doubts it."""
    ungraded = SCORECARDS.c.state == State.NOT_GRADED
    return or_(ungraded, _DOUBTFUL) if in_doubt(connection, run_id) else ungraded


def late(connection: Connection, run_id: int, keep: Keep) -> list[str]:
    """Whose attempt counts though it was asked after the moment that `keep` names."""
    if keep.before is None:
        return []
    query = (
        select(SUBMISSIONS.c.student)
        .select_from(_ASKED)
        .where(
            listed(run_id),
            ATTEMPTS.c.counts,
            ATTEMPTS.c.asked_at >= utc(keep.before),
        )
        .order_by(SUBMISSIONS.c.position)
    )
    return list(connection.scalars(query))


def _last_attempts(run_id: int) -> Select[int]:
    return (
        select(ATTEMPTS.c.id)
        .select_from(KEPT)
        .where(enrolled(run_id), ATTEMPTS.c.current, SCORECARDS.c.current)
    )


def _mark(connection: Connection, which: Select[int], **values: bool) -> int:
    marked = update(ATTEMPTS).where(ATTEMPTS.c.id.in_(which)).values(values)
    return connection.execute(marked).rowcount
