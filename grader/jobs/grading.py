"""What grading needs of a run: the jobs of both passes, and a place for what comes of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, Select, update

from grader.jobs import attempts, progress, transcripts
from grader.jobs.opened import Opened
from grader.jobs.tables import SCORECARD, SUBMISSIONS, Status, reading
from grader.model import AttemptKind, Job, Limits, RunInfo, Scorecard, State
from grader.passes import as_accepted, not_before

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Done:
    """A job, and what came of it.

    Attributes:
        crashed: whether the grader itself failed. It may do so again and take other jobs along, so
            no second pass of this run asks it.
    """

    job: Job
    scorecard: Scorecard
    crashed: bool = False

    @property
    def is_final(self) -> bool:
        """Whether no second pass asks some of it once more."""
        second = self.job.previous is not None
        return self.crashed or second or not self.scorecard.wants_second_pass


class Grading(Opened):
    """The part of a run that hands out jobs, and keeps their scorecards."""

    def __init__(self, engine: Engine, run_id: int, info: RunInfo) -> None:
        super().__init__(engine, run_id, info)
        self._claimed: dict[str, progress.Claim] = {}

    def first_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs of submissions that wait to be asked.

        Deployments that are known come first, the slowest of them foremost; then the others in the
        roster's order.
        """
        return self._jobs(progress.for_first_pass(self._id), limits, anew=True)

    def second_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs that ask once more what the first pass left open, the slowest first."""
        return self._jobs(progress.for_second_pass(self._id), limits, anew=False)

    def commit(self, job: Job, scorecard: Scorecard, *, crashed: bool = False) -> bool:
        """Store what came of `job`; whatever was graded before stays.

        Returns:
            Whether that is final; otherwise a second pass asks some of it once more.

        Raises:
            ValueError: if the scorecard cannot be written down; nothing is stored.
        """
        done = Done(job, scorecard, crashed)
        self.commit_all([done])
        return done.is_final

    def commit_all(self, done: Sequence[Done]) -> None:
        """Store what came of several jobs in one transaction: all of it, or nothing.

        That costs less than one transaction for each.

        Raises:
            ValueError: if a scorecard cannot be written down; nothing is stored.
        """
        with self._engine.begin() as connection:
            for each in done:
                self._store(connection, each)
        for each in done:
            del self._claimed[_key(each.job)]

    def reopen(self) -> int:
        """Give what could not be graded another second pass.

        That is every submission that is not graded, and in a run in doubt the unreachable ones that
        nobody has accepted.

        Returns:
            How many there are.
        """
        with self._engine.begin() as connection:
            return progress.reopen(connection, self._id)

    def ask_again(self, students: Collection[str], states: Collection[State]) -> int:
        """Let the next first pass ask students anew.

        What they have counts until then, and is kept beside what comes.

        Args:
            students: their ids; none for everybody.
            states: only students for whom one of these states counts; none for any state. Without
                students and states, nobody is asked anew.

        Returns:
            How many there are.

        Raises:
            UnknownStudentError: if the run does not have one of the students.
            UnlistedStudentError: if the roster no longer has one of them.
        """
        with self._engine.begin() as connection:
            for student in students:
                if not transcripts.submission_row(connection, self._id, student).listed:
                    raise transcripts.UnlistedStudentError(
                        f"the roster no longer has {student}: put the row back, then ask again"
                    )
            keys = [student.casefold() for student in students]
            return progress.ask_again(connection, self._id, keys, states)

    def accept_unreachable(self) -> None:
        """Let what is unreachable by now count as zero, even in a run in doubt.

        Where a platform's bot protection kept an app from being graded, what was earned counts.
        """
        now = datetime.now(UTC)
        with self._engine.begin() as connection:
            progress.accept_unreachable(connection, self._id)
            taken = progress.blocked(connection, self._id)
            for attempt_id, _, scorecard in taken:
                attempts.judge_again(
                    connection,
                    attempt_id,
                    as_accepted(scorecard),
                    kind=AttemptKind.GRADED,
                    at=now,
                )
            students = [student for _, student, _ in taken]
            attempts.settle(connection, self._id, self.info.keep, students)

    def _jobs(self, wanted: Select[int], limits: Limits, *, anew: bool) -> Iterator[Job]:
        """The jobs of the submissions whose ids `wanted` selects, read some at a time."""
        with reading(self._engine) as connection:
            ids = connection.scalars(wanted).all()
        for start in range(0, len(ids), _PAGE):
            with reading(self._engine) as connection:
                claims = progress.claims(connection, ids[start : start + _PAGE])
            for claim in claims:
                job = self._job(claim.enrolled, limits)
                if claim.graded is not None and not anew:
                    job = replace(job, previous=SCORECARD.validate_json(claim.graded))
                    job = replace(job, not_before=not_before(job))
                self._claimed[_key(job)] = claim
                yield job

    def _store(self, connection: Connection, done: Done) -> None:
        claim, card = self._claimed[_key(done.job)], done.scorecard
        changed: dict[str, object] = {"status": Status.DONE if done.is_final else Status.ONCE_MORE}
        if done.job.previous is not None and claim.attempt_id is not None:
            attempts.ask_once_more(connection, claim.attempt_id, card, at=card.finished_at)
        else:
            added = attempts.add(connection, claim.submission_id, card, at=card.finished_at)
            if claim.is_first:
                changed["counting"] = added
        it = SUBMISSIONS.c.id == claim.submission_id
        connection.execute(update(SUBMISSIONS).where(it).values(changed))
        if not claim.is_first:
            attempts.settle(connection, self._id, self.info.keep, [_key(done.job)])


def _key(job: Job) -> str:
    return job.submission.andrew_id.casefold()
