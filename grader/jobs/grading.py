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
    COUNTING,
    LAST_ATTEMPT,
    SCORECARD,
    SCORECARDS,
    SUBMISSIONS,
    Status,
    reading,
)
from grader.model import Job, Limits, RunInfo, Scorecard, ScorecardKind, State
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
    """The scorecard of a job; unless it is `final`, a second pass asks some questions again."""

    student: str
    written: attempts.Written
    final: bool

    @classmethod
    def of(cls, job: Job, scorecard: Scorecard, *, crashed: bool = False) -> "Result":
        """Write down the scorecard of `job`.

        If the grader itself `crashed`, no second pass of this command asks the job: it may crash
        again, and take other jobs along.

        Raises:
            ValueError: if the scorecard cannot be written down.
        """
        written = attempts.write_down(scorecard, ScorecardKind.GRADED, scorecard.finished_at)
        final = crashed or job.previous is not None or not scorecard.wants_second_pass
        return cls(id_key(job.submission.andrew_id), written, final)

    @property
    def scorecard(self) -> Scorecard:
        """The scorecard that was written down."""
        return self.written.scorecard


class Grading(Opened):
    """The part of a run that hands out jobs and keeps their scorecards."""

    def __init__(self, engine: sa.Engine, run_id: int, info: RunInfo) -> None:
        super().__init__(engine, run_id, info)
        self._claimed: dict[str, progress.Claim] = {}

    def first_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs of submissions that wait: known ones from the slowest, then new ones."""
        return self._jobs(Status.WAITING, limits)

    def second_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs that ask once more what the first pass left open, from the slowest one."""
        return self._jobs(Status.ONCE_MORE, limits)

    def commit(self, results: Sequence[Result]) -> None:
        """Store results of jobs of this run, in one transaction; earlier gradings stay."""
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
        """Let the next first pass ask students again, and return how many. Their grades count on.

        These are the `students` (everybody if empty) whose state is one of `states` (any if empty).
        If both are empty, it is nobody.

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
            return self._ask_again(connection, students, states)

    def _ask_again(
        self, connection: sa.Connection, students: Collection[str], states: Collection[State]
    ) -> int:
        if not students and not states:
            return 0
        which = sa.select(SUBMISSIONS.c.id)
        which = which.where(progress.enrolled(self._id), LAST_ATTEMPT.is_not(None))
        if students:
            which = which.where(SUBMISSIONS.c.student.in_(map(id_key, students)))
        if states:
            in_state = sa.select(SUBMISSIONS.c.id).select_from(COUNTING)
            in_state = in_state.where(SCORECARDS.c.state.in_(states))
            which = which.where(SUBMISSIONS.c.id.in_(in_state))
        return progress.move(connection, which, Status.WAITING)

    def accept_unreachable(self) -> None:
        """Give 0 points to what is unreachable now, even in a run in doubt.

        If bot protection of a platform kept an app from being graded, the points earned count.
        """
        now = datetime.now(UTC)
        with self._engine.begin() as connection:
            doubtful = attempts.standing(self._id, ATTEMPTS.c.id).where(progress.DOUBTFUL)
            connection.execute(sa.insert(ACCEPTANCES).from_select(["attempt_id"], doubtful))
            taken = self._blocked(connection)
            earned = {
                attempt_id: attempts.write_down(as_accepted(card), ScorecardKind.GRADED, now)
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
