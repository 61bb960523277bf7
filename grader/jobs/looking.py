"""What a run holds, as it is shown and exported; nothing is changed."""

from collections import Counter
from collections.abc import Collection

from sqlalchemy import Select, and_, case, func, select

from grader.jobs import enrollment, progress, transcripts
from grader.jobs.attempts import utc
from grader.jobs.opened import Opened
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


class Looking(Opened):
    """The part of a run that tells what it holds."""

    def total(self) -> int:
        """How many submissions the run has."""
        return self._count(select(SUBMISSIONS.c.id).where(enrolled(self._id)))

    def finished(self) -> int:
        """How many of them need not be asked any more."""
        done = SUBMISSIONS.c.status == Status.DONE
        return self._count(select(SUBMISSIONS.c.id).where(enrolled(self._id), done))

    def finished_states(self) -> Counter[State]:
        """What became of those that need not be asked any more, by what was seen last."""
        # What an instructor has accepted as it is counts as graded.
        settled = and_(SCORECARDS.c.state == State.NOT_GRADED, ACCEPTED)
        state = case((settled, State.GRADED.value), else_=SCORECARDS.c.state)
        query = (
            select(state, func.count())
            .select_from(LAST)
            .where(enrolled(self._id), SUBMISSIONS.c.status == Status.DONE)
            .group_by(state)
        )
        with reading(self._engine) as connection:
            return Counter({State(found): count for found, count in connection.execute(query)})

    def asked(self) -> set[str]:
        """The keys of the students who have an attempt: their ids, case folded."""
        mine = and_(SUBMISSIONS.c.run_id == self._id, SUBMISSIONS.c.counting.is_not(None))
        with reading(self._engine) as connection:
            return set(connection.scalars(select(SUBMISSIONS.c.student).where(mine)))

    def in_doubt(self) -> bool:
        """Whether so much is unreachable that this machine is the likelier culprit.

        More than half of a run of five or more, unless the instructor has accepted it.
        """
        with reading(self._engine) as connection:
            return progress.in_doubt(connection, self._id)

    def unsettled(self) -> int:
        """How many students could not be graded by what counts or was asked last, nor by hand."""
        mine = and_(OVERRIDES.c.run_id == self._id, OVERRIDES.c.stands)
        graded_by_hand = SUBMISSIONS.c.student.in_(select(OVERRIDES.c.student).where(mine))
        with reading(self._engine) as connection:
            is_open = progress.is_open(connection, self._id)
        counting, last = (
            select(SUBMISSIONS.c.id)
            .select_from(attempts)
            .where(enrolled(self._id), is_open, ~graded_by_hand)
            for attempts in (COUNTING, LAST)
        )
        return self._count(select(counting.union(last).subquery().c.id))

    def late(self) -> list[str]:
        """The students whose attempt counts, though it was asked after the rule's moment."""
        if self.info.keep.before is None:
            return []
        query = (
            select(SUBMISSIONS.c.student)
            .select_from(COUNTING)
            .where(enrolled(self._id), ATTEMPTS.c.asked_at >= utc(self.info.keep.before))
            .order_by(SUBMISSIONS.c.position)
        )
        with reading(self._engine) as connection:
            return list(connection.scalars(query))

    def scorecards(self, *, listed_only: bool = False) -> Collection[Scorecard]:
        """The scorecards that count in the roster's order, read from the store as they are used.

        Last come those of students whom the roster no longer has, unless `listed_only`.

        While the run is in doubt, the unreachable ones appear as not graded: nobody gets a zero
        for what may be this machine's fault.
        """
        return StoredScorecards(self._engine, self._id, listed_only=listed_only)

    def unlisted(self) -> list[str]:
        """The keys of the students whom the roster no longer has."""
        with reading(self._engine) as connection:
            return enrollment.unlisted(connection, self._id)

    def transcript(self, andrew_id: str) -> Transcript:
        """Everything that is known of one student.

        Raises:
            UnknownStudentError: if the run does not have the student.
        """
        with reading(self._engine) as connection:
            return transcripts.transcript(connection, self._id, andrew_id)

    def _count(self, rows: Select[int]) -> int:
        with reading(self._engine) as connection:
            return connection.scalars(select(func.count()).select_from(rows.subquery())).one()
