"""What instructors correct in a run: scores set by hand, appeals, and a battery's wrong keys."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from grader.jobs import appeals, overrides, rejudging_all, transcripts
from grader.jobs.opened import Opened
from grader.jobs.tables import reading
from grader.model import Acceptance, Battery, InputError, Job, Limits, Override, Scorecard


class Correcting(Opened):
    """The part of a run that lets something else count than what was graded."""

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
            dry_run: whether nothing is changed in any case.

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
            before = transcripts.current_scorecard(connection, self._id, andrew_id)
        questions = tuple(verdict.question for verdict in before.verdicts)
        return before, replace(self._job(row.document, limits), questions=questions)

    def rejudge(
        self, battery: Battery, at: datetime, *, partial: bool = False, dry_run: bool = False
    ) -> rejudging_all.Rejudged:
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
            found = rejudging_all.rejudge_all(connection, self._id, self.info, battery, at)
            if dry_run:
                return found
            if not partial:
                rejudging_all.refuse_unjudged(battery, found)
            self._set(connection, battery=battery.name, battery_source=battery.source)
            connection.commit()
        self.info = replace(self.info, battery=battery)
        return found
