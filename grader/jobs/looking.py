"""What a run holds, to be shown and exported; nothing is changed."""

from collections import Counter
from collections.abc import Collection
from typing import TypeVar

import sqlalchemy as sa

from grader.jobs import enrollment, progress, transcripts
from grader.jobs.attempts import utc
from grader.jobs.opening import Opened
from grader.jobs.progress import LAST, enrolled
from grader.jobs.scorecards import StoredScorecards
from grader.jobs.tables import (
    ACCEPTED,
    ATTEMPTS,
    COUNTING,
    OVERRIDES,
    SCORECARDS,
    SUBMISSIONS,
    Status,
    reading,
)
from grader.model import Scorecard, State, Transcript

_T = TypeVar("_T")


class Looking(Opened):
    """The part of a run that only reads."""

    def total(self) -> int:
        """How many submissions the run has."""
        return self._count(sa.select(SUBMISSIONS.c.id).where(enrolled(self._id)))

    def finished(self) -> int:
        """How many submissions need not be asked any more."""
        done = SUBMISSIONS.c.status == Status.DONE
        return self._count(sa.select(SUBMISSIONS.c.id).where(enrolled(self._id), done))

    def finished_states(self) -> Counter[State]:
        """How many of these have which state in their last attempt."""
        # A scorecard that an instructor accepted counts as graded.
        settled = sa.and_(SCORECARDS.c.state == State.NOT_GRADED, ACCEPTED)
        state = sa.case((settled, State.GRADED.value), else_=SCORECARDS.c.state)
        query = (
            sa.select(state, sa.func.count())
            .select_from(LAST)
            .where(enrolled(self._id), SUBMISSIONS.c.status == Status.DONE)
            .group_by(state)
        )
        with reading(self._engine) as connection:
            return Counter({State(found): count for found, count in connection.execute(query)})

    def asked(self) -> set[str]:
        """The keys of the students who have an attempt: their ids, case folded."""
        mine = sa.and_(SUBMISSIONS.c.run_id == self._id, SUBMISSIONS.c.counting.is_not(None))
        return set(self._listed(sa.select(SUBMISSIONS.c.student).where(mine)))

    def in_doubt(self) -> bool:
        """Whether so many are unreachable, and not accepted, that this machine may be to blame."""
        with reading(self._engine) as connection:
            return progress.in_doubt(connection, self._id)

    def unsettled(self) -> int:
        """How many have no score by hand, and a counting or last attempt that was not graded."""
        mine = sa.and_(OVERRIDES.c.run_id == self._id, OVERRIDES.c.stands)
        graded_by_hand = SUBMISSIONS.c.student.in_(sa.select(OVERRIDES.c.student).where(mine))
        with reading(self._engine) as connection:
            is_open = progress.is_open(connection, self._id)
        counting, last = (
            sa.select(SUBMISSIONS.c.id)
            .select_from(attempts)
            .where(enrolled(self._id), is_open, ~graded_by_hand)
            for attempts in (COUNTING, LAST)
        )
        return self._count(sa.select(counting.union(last).subquery().c.id))

    def late(self) -> list[str]:
        """The keys of the students whose attempt counts, though it is after the rule's moment."""
        if self.info.keep.before is None:
            return []
        query = (
            sa.select(SUBMISSIONS.c.student)
            .select_from(COUNTING)
            .where(enrolled(self._id), ATTEMPTS.c.asked_at >= utc(self.info.keep.before))
            .order_by(SUBMISSIONS.c.position)
        )
        return self._listed(query)

    def scorecards(self, *, listed_only: bool = False) -> Collection[Scorecard]:
        """The scorecards that count, in the roster's order; they are read when they are used.

        The students that the roster no longer has come last, or not at all if `listed_only`. If the
        run is in doubt, unreachable ones are shown as not graded: perhaps this machine is to blame.
        """
        return StoredScorecards(self._engine, self._id, listed_only=listed_only)

    def unlisted(self) -> list[str]:
        """The keys of the students that the roster no longer has."""
        return self._listed(enrollment.unlisted(self._id).with_only_columns(SUBMISSIONS.c.student))

    def transcript(self, andrew_id: str) -> Transcript:
        """All that is known of one student; UnknownStudentError if the run has no such student."""
        with reading(self._engine) as connection:
            return transcripts.transcript(connection, self._id, andrew_id)

    def _count(self, rows: sa.Select[int]) -> int:
        return self._listed(sa.select(sa.func.count()).select_from(rows.subquery()))[0]

    def _listed(self, query: sa.Select[_T]) -> list[_T]:
        with reading(self._engine) as connection:
            return list(connection.scalars(query))
