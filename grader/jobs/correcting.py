"""What instructors correct in a run: scores set by hand, appeals, and a battery's wrong keys."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from grader.jobs import attempts, progress, rejudging_all
from grader.jobs.opening import Opened
from grader.jobs.tables import (
    ACCEPTANCE,
    ACCEPTANCES,
    ATTEMPTS,
    OVERRIDE,
    OVERRIDES,
    Status,
    reading,
)
from grader.jobs.transcripts import StudentError, current_scorecard, submission_row
from grader.model import Acceptance, Battery, Job, Limits, Override, Scorecard, ScorecardKind, State
from grader.text.comparing import id_key


class OverrideError(StudentError):
    """The score is out of range, or there is nothing to withdraw."""


def undecided(before: Scorecard, now: Scorecard) -> str:
    """Why the scorecard `now` of an appeal says nothing about the app; empty if it does."""
    if now.earned is None:
        return now.reason
    answered = before.state is State.GRADED and before.submission.url == now.submission.url
    if answered and now.state is State.REFUSED:
        return (
            f"its address answered before, and is refused now ({now.reason}): look at this "
            "machine's network, or open the address with --allow-private"
        )
    return ""


class Correcting(Opened):
    """The part of a run that changes what counts."""

    def override(
        self, decided: Mapping[str, Override], *, dry_run: bool = False
    ) -> dict[str, StudentError]:
        """Set scores by hand, by student: all or, if there are errors, none. Return the errors."""
        refused: dict[str, StudentError] = {}
        with self._engine.connect() as connection:
            for andrew_id, override in decided.items():
                try:
                    self._set_by_hand(connection, andrew_id, override)
                except StudentError as error:
                    refused[andrew_id] = error
            if not refused and not dry_run:
                connection.commit()
        return refused

    def adopt(self, andrew_id: str, scorecard: Scorecard, accepted: Acceptance) -> bool:
        """Make the result of an appeal an attempt; return whether it counts by the run's rule."""
        with self._engine.begin() as connection:
            row = submission_row(connection, self._id, andrew_id)
            # It was asked the questions of the attempt that counts, perhaps of an earlier battery.
            counts = sa.select(ATTEMPTS.c.outdated).where(ATTEMPTS.c.id == row.counting)
            outdated = bool(connection.scalar(counts))
            written = attempts.write_down(scorecard, ScorecardKind.APPEALED, accepted.at)
            (adopted,) = attempts.add(connection, [(row.id, written)], outdated=outdated)
            document = ACCEPTANCE.dump_json(accepted).decode()
            connection.execute(sa.insert(ACCEPTANCES).values(attempt_id=adopted, document=document))
            progress.move(connection, [row.id], Status.DONE)
            counting = attempts.settle(connection, self._id, self.info.keep, [row.student])
        return counting[row.student] == adopted

    def appeal(self, andrew_id: str, limits: Limits) -> tuple[Scorecard, Job]:
        """The scorecard that counts for a student, and the job that asks its questions again.

        Raises:
            UnknownStudentError: if the run does not have the student.
            UngradedError: if the student has no scorecard yet.
        """
        with reading(self._engine) as connection:
            row = submission_row(connection, self._id, andrew_id)
            before = current_scorecard(connection, self._id, andrew_id)
        questions = tuple(verdict.question for verdict in before.verdicts)
        return before, replace(self._job(row.document, limits), questions=questions)

    def rejudge(
        self, battery: Battery, at: datetime, *, partial: bool = False, dry_run: bool = False
    ) -> rejudging_all.Rejudged:
        """Judge the stored replies by a corrected battery, which is the run's from now on.

        Nobody is asked, and the old scorecards are kept. A `dry_run` changes nothing.

        Raises:
            UnjudgedError: if students were not asked all its questions. If `partial`, these keep
                their scorecards, and nothing is raised.
        """
        with self._engine.connect() as connection:
            found = rejudging_all.rejudge_all(connection, self._id, self.info, battery, at)
            if dry_run:
                return found
            if not partial:
                rejudging_all.refuse_unjudged(battery, found)
            self._set(connection, battery=battery.name, battery_source=battery.source)
            connection.commit()
        self.info = replace(self.info, battery=battery)
        return found

    def _set_by_hand(self, connection: sa.Connection, andrew_id: str, override: Override) -> None:
        card = current_scorecard(connection, self._id, andrew_id)
        if override.withdrawn and card.override is None:
            raise OverrideError(f"nothing is set by hand for {andrew_id}: what was graded counts")
        if override.score is not None and not 0 <= override.score <= card.max_score:
            raise OverrideError(
                f"a score of {override.score:.15g} is out of range: "
                f"{andrew_id} can have 0 to {card.max_score:.15g}"
            )
        student = id_key(andrew_id)
        mine = (OVERRIDES.c.run_id == self._id) & (OVERRIDES.c.student == student)
        connection.execute(sa.update(OVERRIDES).where(mine).values(stands=False))
        connection.execute(
            sa.insert(OVERRIDES).values(
                run_id=self._id,
                student=student,
                stands=not override.withdrawn,
                document=OVERRIDE.dump_json(override).decode(),
            )
        )
