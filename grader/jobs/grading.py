"""The jobs of a run, for both passes, and the commits of their scorecards."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from grader.asking.passes import as_accepted, not_before
from grader.jobs import attempts, progress, transcripts
from grader.jobs.opening import Opened
from grader.jobs.tables import (
    ACCEPTANCES,
    ATTEMPTS,
    LAST_ATTEMPT,
    SCORECARD,
    SCORECARDS,
    SUBMISSIONS,
    Status,
    reading,
)
from grader.model import AttemptKind, Job, Limits, RunInfo, Scorecard, State
from grader.text.comparing import id_key

_PAGE = 50
# The first attempt of a student counts.
_COUNTING = sa.func.coalesce(SUBMISSIONS.c.counting, LAST_ATTEMPT)
_MOVED = (
    sa.update(SUBMISSIONS)
    .where(SUBMISSIONS.c.id == sa.bindparam("it"))
    .values(status=sa.bindparam("to"), counting=_COUNTING)
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job, ready to be committed.

    Attributes:
        student: the key of the student.
        final: whether the job is done; otherwise a second pass asks some of it once more.
    """

    student: str
    written: attempts.Written
    final: bool

    @classmethod
    def of(cls, job: Job, scorecard: Scorecard, *, crashed: bool = False) -> "Result":
        """Write down what came of `job`.

        Args:
            job: one that the run has handed out.
            scorecard: what came of it.
            crashed: whether the grader itself failed. It may do so again and take other jobs along,
                so no second pass of this command asks it.

        Raises:
            ValueError: if the scorecard cannot be written down.
        """
        written = attempts.write_down(scorecard, AttemptKind.GRADED, scorecard.finished_at)
        final = crashed or job.previous is not None or not scorecard.wants_second_pass
        return cls(id_key(job.submission.andrew_id), written, final)

    @property
    def scorecard(self) -> Scorecard:
        """What came of it."""
        return self.written.scorecard


class Grading(Opened):
    """The part of a run that hands out jobs and keeps their scorecards."""

    def __init__(self, engine: sa.Engine, run_id: int, info: RunInfo) -> None:
        super().__init__(engine, run_id, info)
        self._claimed: dict[str, progress.Claim] = {}

    def first_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs of submissions that wait to be asked.

        Deployments that were asked before come first, from the slowest one; then the others in the
        roster's order.
        """
        return self._jobs(Status.WAITING, limits)

    def second_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs that ask once more what the first pass left open, from the slowest one."""
        return self._jobs(Status.ONCE_MORE, limits)

    def commit(self, results: Sequence[Result]) -> None:
        """Store what came of jobs of this run, in one transaction; earlier gradings stay."""
        claimed = [(self._claimed[each.student], each) for each in results]
        new = [(it.submission_id, each.written) for it, each in claimed if it.attempt_id is None]
        again = {it.attempt_id: each.written for it, each in claimed if it.attempt_id is not None}
        moved = [
            {"it": it.submission_id, "to": Status.DONE if each.final else Status.ONCE_MORE}
            for it, each in claimed
        ]
        known = [each.student for it, each in claimed if not it.is_first]
        with self._engine.begin() as connection:
            attempts.add(connection, new)
            attempts.ask_once_more(connection, again)
            connection.execute(_MOVED, moved)
            if known:
                attempts.settle(connection, self._id, self.info.keep, known)
        for each in results:
            del self._claimed[each.student]

    def reopen(self) -> int:
        """Give submissions that could not be graded another second pass, and return how many.

        In a run in doubt, these are also the unreachable ones that nobody has accepted.
        """
        with self._engine.begin() as connection:
            which = (
                sa.select(SUBMISSIONS.c.id)
                .select_from(progress.LAST)
                .where(progress.enrolled(self._id), progress.is_open(connection, self._id))
            )
            count = len(connection.scalars(which).all())
            # Those that wait for a first pass go on waiting.
            waiting = SUBMISSIONS.c.status == Status.WAITING
            progress.move(connection, which.where(~waiting), Status.ONCE_MORE)
        return count

    def ask_again(self, students: Collection[str], states: Collection[State]) -> int:
        """Let the next first pass ask students again. Until then, their grades count.

        Args:
            students: their ids; empty for everybody.
            states: only students with one of these states; empty for any state. If both are
                empty, nobody is asked again.

        Returns:
            How many students will be asked again.

        Raises:
            UnknownStudentError: if the run does not have one of the students.
            StudentError: if the roster no longer has one of them.
        """
        with self._engine.begin() as connection:
            for student in students:
                if not transcripts.submission_row(connection, self._id, student).listed:
                    raise transcripts.StudentError(
                        f"the roster no longer has {student}: put the row back, then ask again"
                    )
            keys = [id_key(student) for student in students]
            return progress.ask_again(connection, self._id, keys, states)

    def accept_unreachable(self) -> None:
        """Give 0 points to what is unreachable now, even in a run in doubt.

        If bot protection of a platform kept an app from being graded, the points earned count.
        """
        now = datetime.now(UTC)
        with self._engine.begin() as connection:
            doubtful = attempts.standing(self._id, ATTEMPTS.c.id, sa.null())
            columns = ["attempt_id", "document"]
            connection.execute(
                sa.insert(ACCEPTANCES).from_select(columns, doubtful.where(progress.DOUBTFUL))
            )
            taken = self._blocked(connection)
            earned = {
                attempt_id: attempts.write_down(as_accepted(card), AttemptKind.GRADED, now)
                for attempt_id, _, card in taken
            }
            attempts.judge_again(connection, earned)
            students = [student for _, student, _ in taken]
            attempts.settle(connection, self._id, self.info.keep, students)

    def _blocked(self, connection: sa.Connection) -> list[tuple[int, str, Scorecard]]:
        """The attempts that bot protection kept from being graded: id, student's key, scorecard.

        Attempts that still wait for their second pass are left out.
        """
        due = sa.and_(SUBMISSIONS.c.status == Status.ONCE_MORE, ATTEMPTS.c.id == LAST_ATTEMPT)
        wanted = (ATTEMPTS.c.id, SUBMISSIONS.c.student, SCORECARDS.c.document)
        query = attempts.standing(self._id, *wanted)
        query = query.where(SCORECARDS.c.state == State.NOT_GRADED, ~due)
        rows = [(*key, SCORECARD.validate_json(card)) for *key, card in connection.execute(query)]
        return [row for row in rows if row[2].blocked]

    def _jobs(self, status: Status, limits: Limits) -> Iterator[Job]:
        """The jobs of the submissions of that status; 50 are read at a time."""
        with reading(self._engine) as connection:
            ids = connection.scalars(progress.to_ask(self._id, status)).all()
        for start in range(0, len(ids), _PAGE):
            with reading(self._engine) as connection:
                claims = progress.claims(connection, ids[start : start + _PAGE])
            for claim in claims:
                job = self._job(claim.enrolled, limits)
                again = None
                if claim.graded is not None and status is Status.ONCE_MORE:
                    again = claim.attempt_id
                    job = replace(job, previous=SCORECARD.validate_json(claim.graded))
                    job = replace(job, not_before=not_before(job))
                # The documents of a large class would take too much memory.
                kept = claim._replace(attempt_id=again, enrolled="", graded=None)
                self._claimed[id_key(job.submission.andrew_id)] = kept
                yield job
