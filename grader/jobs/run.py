"""One run in its store: what is to be graded, and what was."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, Select, update

from grader.asking.passes import as_accepted, not_before
from grader.jobs import (
    appeals,
    attempts,
    enrollment,
    opening,
    overrides,
    progress,
    rejudged,
    transcripts,
)
from grader.jobs.scorecards import StoredScorecards
from grader.jobs.tables import NOTES, RUNS, SCORECARD, SUBMISSION, reading
from grader.model import (
    Acceptance,
    AttemptKind,
    Battery,
    InputError,
    Job,
    Keep,
    Limits,
    Note,
    NoteKind,
    Override,
    ProbeKind,
    Question,
    RunInfo,
    Scorecard,
    State,
    Submission,
    Transcript,
)
from grader.questions import draw
from grader.text.comparing import id_key
from grader.text.cutting import some_of

_PAGE = 50


class Run:
    """One run in its store: what is to be graded, and what was."""

    def __init__(self, engine: Engine, run_id: int, info: RunInfo) -> None:
        self.info = info
        self._engine = engine
        self._id = run_id
        self._claimed: dict[str, progress.Claim] = {}

    @classmethod
    def open(cls, location: Path | str) -> "Run":
        """The run that the store at `location` holds.

        Raises:
            StoreError: if there is none.
        """
        return cls(*opening.find(location))

    @classmethod
    def begin(
        cls,
        location: Path | str,
        battery: Battery,
        seed: int | None,
        probes: Sequence[ProbeKind] | None = None,
    ) -> "Run":
        """The run in the store at `location`, begun now or found there.

        Args:
            location: a file's path, or a database URL.
            battery: what is asked.
            seed: draws the questions; where it is None, the run's own or a new one.
            probes: how they are asked; where it is None, as the run was begun, or the API.

        Raises:
            StoreError: if the store cannot be opened.
            OtherRunError: if the run found there has another battery, seed or probes.
        """
        return cls(*opening.begin(location, battery, seed, probes))

    def close(self) -> None:
        """Close the store."""
        self._engine.dispose()

    def enroll(
        self, submissions: Iterable[Submission], notes: tuple[Note, ...]
    ) -> enrollment.Enrollment:
        """Take the submissions of a roster in, in one transaction."""

        def questions(submission: Submission) -> tuple[Question, ...]:
            return draw(self.info.battery, submission, self.info.seed)

        with self._engine.begin() as connection:
            enrolled, expected = enrollment.enroll(connection, self._id, submissions, questions)
            judged, unjudged = rejudged.judge_expected(
                connection, self._id, self.info, expected, datetime.now(UTC)
            )
            if enrolled.removed:
                gone = some_of(enrolled.removed)
                words = f"No longer in the roster, kept in the run: {gone}."
                notes = (*notes, Note(words, NoteKind.UNLISTED))
            self._set(connection, notes=NOTES.dump_json(notes).decode())
        self.info = replace(self.info, notes=notes)
        return replace(enrolled, judged=judged, unjudged=unjudged)

    def allow_private(self) -> None:
        """Open each submission's own address even in a private network, from now on.

        The next first pass asks whoever was refused.
        """
        with self._engine.begin() as connection:
            progress.ask_again(connection, self._id, [], [State.REFUSED])
            self._set(connection, allow_private=True)
        self.info = replace(self.info, allow_private=True)

    def keep(self, keep: Keep) -> None:
        """Let `keep` say from now on which of a student's attempts counts, earlier ones too."""
        with self._engine.begin() as connection:
            for students in attempts.classmates(connection, self._id):
                attempts.settle(connection, self._id, keep, students)
            self._set(connection, keep=str(keep))
        self.info = replace(self.info, keep=keep)

    def total(self) -> int:
        """How many submissions the run has."""
        with reading(self._engine) as connection:
            return progress.total(connection, self._id)

    def finished(self) -> int:
        """How many of them have their final scorecard."""
        with reading(self._engine) as connection:
            return progress.finished(connection, self._id)

    def finished_states(self) -> Counter[State]:
        """What became of those who have their final scorecard, by what was seen last."""
        with reading(self._engine) as connection:
            return progress.finished_states(connection, self._id)

    def asked(self) -> set[str]:
        """The keys of the students who have an attempt: their ids, case folded."""
        with reading(self._engine) as connection:
            return progress.asked(connection, self._id)

    def first_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs of submissions that no scorecard settles.

        Deployments that are known come first, the slowest of them foremost; then the others in the
        roster's order.
        """
        return self._jobs(progress.for_first_pass(self._id), limits, anew=True)

    def second_pass(self, limits: Limits) -> Iterator[Job]:
        """The jobs that ask once more what the first pass left open, the slowest first."""
        return self._jobs(progress.for_second_pass(self._id), limits, anew=False)

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
        """Let the next first pass ask anew: these students, or everybody, in these states, or any.

        What they have counts until then, and is kept beside what comes.

        Args:
            students: their ids; none for everybody.
            states: none for any; without both, nobody is asked anew.

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

    def in_doubt(self) -> bool:
        """Whether so much is unreachable that this machine is the likelier culprit.

        More than half of a run of five or more, unless the instructor has accepted it.
        """
        with reading(self._engine) as connection:
            return progress.in_doubt(connection, self._id)

    def unsettled(self) -> int:
        """How many students the grader could not grade, and nobody has by hand."""
        with reading(self._engine) as connection:
            return progress.unsettled(connection, self._id)

    def late(self) -> list[str]:
        """Whose attempt counts though it was asked after the moment that the run's rule names."""
        with reading(self._engine) as connection:
            return progress.late(connection, self._id, self.info.keep)

    def accept_unreachable(self) -> None:
        """Let what is unreachable by now count as zero, even in a run in doubt.

        What a platform's bot protection left of a scorecard counts as what was earned.
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

    def commit(self, job: Job, scorecard: Scorecard, *, crashed: bool = False) -> bool:
        """Keep what came of `job`; whatever was graded before stays.

        What crashed may do so again and take others along: no second pass asks it in this run.

        Returns:
            Whether that is final; otherwise a second pass asks some of it once more.
        """
        final = crashed or job.previous is not None or not scorecard.wants_second_pass
        student = id_key(job.submission.andrew_id)
        claim = self._claimed[student]
        only = claim.first_link and claim.attempt_id is None
        at = scorecard.finished_at
        with self._engine.begin() as connection:
            if job.previous is not None and claim.attempt_id is not None:
                attempts.ask_once_more(connection, claim.attempt_id, scorecard, at=at)
            else:
                attempts.add(
                    connection,
                    claim.submission_id,
                    scorecard,
                    kind=AttemptKind.GRADED,
                    at=at,
                    final=final,
                    only=only,
                )
            if not only:
                attempts.settle(connection, self._id, self.info.keep, [student])
        del self._claimed[student]
        return final

    def scorecards(self, *, listed_only: bool = False) -> Collection[Scorecard]:
        """The scorecards that count in the roster's order, read from the store as they are used.

        Last come those of students whom the roster no longer has, unless `listed_only`.

        While the run is in doubt, the unreachable ones appear as not graded: nobody gets a zero
        for what may be this machine's fault.
        """
        return StoredScorecards(
            self._engine, self._id, in_doubt=self.in_doubt(), listed_only=listed_only
        )

    def unlisted(self) -> list[str]:
        """The keys of students whom the roster no longer has."""
        with reading(self._engine) as connection:
            return enrollment.unlisted(connection, self._id)

    def transcript(self, andrew_id: str) -> Transcript:
        """Everything that is known of one student.

        Raises:
            UnknownStudentError: if the run does not have the student.
        """
        with reading(self._engine) as connection:
            in_doubt = progress.in_doubt(connection, self._id)
            return transcripts.transcript(connection, self._id, andrew_id, in_doubt=in_doubt)

    def override(self, andrew_id: str, override: Override) -> None:
        """Let what an instructor says count for a student; what was set before is kept.

        Raises:
            UnknownStudentError: if the run does not have the student.
            UngradedError: if the student has no scorecard yet.
            OverrideError: if the score is out of range, or there is nothing to withdraw.
        """
        with self._engine.begin() as connection:
            overrides.set_by_hand(connection, self._id, andrew_id, override)

    def override_all(
        self, decided: Mapping[str, Override], *, dry_run: bool = False
    ) -> dict[str, InputError]:
        """Let what an instructor says count for many students, by id: for all, or for nobody.

        Args:
            decided: what counts for each.
            dry_run: whether nobody's is changed in any case.

        Returns:
            Why it cannot be, by id; if there is any, nothing is changed.
        """
        with self._engine.connect() as connection:
            refused = overrides.set_all(connection, self._id, decided)
            if not refused and not dry_run:
                connection.commit()
        return refused

    def adopt(self, andrew_id: str, scorecard: Scorecard, accepted: Acceptance) -> bool:
        """Let what came of an appeal be an attempt of the student's, and keep who accepted it.

        Returns:
            Whether it counts: that is for the run's rule to say.

        Raises:
            UnknownStudentError: if the run does not have the student.
        """
        with self._engine.begin() as connection:
            return appeals.adopt(
                connection, self._id, self.info.keep, andrew_id, scorecard, accepted
            )

    def appeal(self, andrew_id: str, limits: Limits) -> tuple[Scorecard, Job]:
        """What counts for a student, and the job that asks the same questions again.

        Raises:
            UnknownStudentError: if the run does not have the student.
            UngradedError: if the student has no scorecard yet.
        """
        with reading(self._engine) as connection:
            row = transcripts.submission_row(connection, self._id, andrew_id)
            before = transcripts.current_scorecard(
                connection,
                self._id,
                andrew_id,
                in_doubt=progress.in_doubt(connection, self._id),
            )
        questions = tuple(verdict.question for verdict in before.verdicts)
        return before, replace(self._job(row.document, limits), questions=questions)

    def rejudge(
        self, battery: Battery, at: datetime, *, partial: bool = False, dry_run: bool = False
    ) -> rejudged.Rejudged:
        """Judge the stored replies by a corrected battery, which is the run's from now on.

        All of it is one transaction; nobody is asked, and the old scorecards are kept.

        Args:
            battery: the corrected one.
            at: now.
            partial: whether students who were never asked what it asks keep what they have.
            dry_run: whether to tell what would come of it, and change nothing.

        Raises:
            UnjudgedError: if there are such students, unless `partial` or a `dry_run`; nothing is
                changed.
        """
        with self._engine.connect() as connection:
            found = rejudged.rejudge_all(connection, self._id, self.info, battery, at)
            if dry_run:
                return found
            if not partial:
                rejudged.refuse_unjudged(battery, found)
            self._set(connection, battery=battery.name, battery_source=battery.source)
            connection.commit()
        self.info = replace(self.info, battery=battery)
        return found

    def _set(self, connection: Connection, **values: str | bool) -> None:
        connection.execute(update(RUNS).where(RUNS.c.id == self._id).values(values))

    def _job(self, enrolled: str, limits: Limits) -> Job:
        private = limits.allow_private or self.info.allow_private
        asking = replace(limits, probes=self.info.probes, allow_private=private)
        return Job(SUBMISSION.validate_json(enrolled), self.info.battery, self.info.seed, asking)

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
                self._claimed[id_key(job.submission.andrew_id)] = claim
                yield job
