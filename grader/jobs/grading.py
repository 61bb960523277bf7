"""What grading needs of a run: the jobs of both passes, and a place for what comes of them."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, and_, insert, null, select, update

from grader.asking.passes import as_accepted, not_before
from grader.jobs import attempts, progress, transcripts
from grader.jobs.opened import Opened
from grader.jobs.tables import (
    ACCEPTANCES,
    ATTEMPTS,
    KEPT,
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
        return self._jobs(Status.WAITING, limits)

    def second_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs that ask once more what the first pass left open, the slowest first."""
        return self._jobs(Status.ONCE_MORE, limits)

    def commit(self, job: Job, scorecard: Scorecard, *, crashed: bool = False) -> bool:
        """Store what came of `job`, in one transaction; whatever was graded before stays.

        Args:
            job: one that this run has handed out.
            scorecard: what came of it.
            crashed: whether the grader itself failed. It may do so again and take other jobs along,
                so no second pass of this run asks it.

        Returns:
            Whether that is final; otherwise a second pass asks some of it once more.

        Raises:
            ValueError: if the scorecard cannot be written down; nothing is stored.
        """
        student = id_key(job.submission.andrew_id)
        claim, at = self._claimed[student], scorecard.finished_at
        final = crashed or job.previous is not None or not scorecard.wants_second_pass
        changed: dict[str, object] = {"status": Status.DONE if final else Status.ONCE_MORE}
        with self._engine.begin() as connection:
            if job.previous is not None and claim.attempt_id is not None:
                attempts.ask_once_more(connection, claim.attempt_id, scorecard)
            else:
                kind = ScorecardKind.GRADED
                added = attempts.add(connection, claim.submission_id, scorecard, kind, at)
                if claim.is_first:
                    changed["counting"] = added
            it = SUBMISSIONS.c.id == claim.submission_id
            connection.execute(update(SUBMISSIONS).where(it).values(changed))
            if not claim.is_first:
                attempts.settle(connection, self._id, self.info.keep, [student])
        del self._claimed[student]
        return final

    def reopen(self) -> int:
        """Give what could not be graded another second pass.

        That is every submission that is not graded, and in a run in doubt the unreachable ones that
        nobody has accepted.

        Returns:
            How many there are.
        """
        with self._engine.begin() as connection:
            which = (
                select(SUBMISSIONS.c.id)
                .select_from(progress.LAST)
                .where(progress.enrolled(self._id), progress.is_open(connection, self._id))
            )
            count = len(connection.scalars(which).all())
            # Those who wait to be asked anew go on waiting.
            waiting = SUBMISSIONS.c.status == Status.WAITING
            progress.move(connection, which.where(~waiting), Status.ONCE_MORE)
        return count

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
            keys = [id_key(student) for student in students]
            return progress.ask_again(connection, self._id, keys, states)

    def accept_unreachable(self) -> None:
        """Let what is unreachable by now count as zero, even in a run in doubt.

        Where a platform's bot protection kept an app from being graded, what was earned counts.
        """
        now = datetime.now(UTC)
        with self._engine.begin() as connection:
            doubtful = (
                select(ATTEMPTS.c.id, null())
                .select_from(KEPT)
                .where(SUBMISSIONS.c.run_id == self._id, SCORECARDS.c.stands, progress.DOUBTFUL)
            )
            connection.execute(
                insert(ACCEPTANCES).from_select(["attempt_id", "document"], doubtful)
            )
            taken = self._blocked(connection)
            for attempt_id, _, card in taken:
                earned = as_accepted(card)
                attempts.judge_again(connection, attempt_id, earned, ScorecardKind.GRADED, now)
            students = [student for _, student, _ in taken]
            attempts.settle(connection, self._id, self.info.keep, students)

    def _blocked(self, connection: Connection) -> list[tuple[int, str, Scorecard]]:
        """The attempts that a bot protection kept from being graded: id, student's key, scorecard.

        Those that still wait for their second pass are not among them.
        """
        due = and_(SUBMISSIONS.c.status == Status.ONCE_MORE, ATTEMPTS.c.id == LAST_ATTEMPT)
        query = (
            select(ATTEMPTS.c.id, SUBMISSIONS.c.student, SCORECARDS.c.document)
            .select_from(KEPT)
            .where(
                SUBMISSIONS.c.run_id == self._id,
                SCORECARDS.c.stands,
                SCORECARDS.c.state == State.NOT_GRADED,
                ~due,
            )
        )
        rows = [(*key, SCORECARD.validate_json(card)) for *key, card in connection.execute(query)]
        return [row for row in rows if row[2].blocked]

    def _jobs(self, status: Status, limits: Limits) -> Iterator[Job]:
        """The jobs of the submissions of that status, read some at a time."""
        with reading(self._engine) as connection:
            ids = connection.scalars(progress.to_ask(self._id, status)).all()
        for start in range(0, len(ids), _PAGE):
            with reading(self._engine) as connection:
                claims = progress.claims(connection, ids[start : start + _PAGE])
            for claim in claims:
                job = self._job(claim.enrolled, limits)
                if claim.graded is not None and status is Status.ONCE_MORE:
                    job = replace(job, previous=SCORECARD.validate_json(claim.graded))
                    job = replace(job, not_before=not_before(job))
                # Without the documents, of which a large class has too many for the memory.
                kept = claim._replace(enrolled="", graded=None)
                self._claimed[id_key(job.submission.andrew_id)] = kept
                yield job
