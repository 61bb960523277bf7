"""What instructors correct in a run: scores set by hand, appeals, and a battery's wrong keys."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, update

from grader.jobs import attempts, progress, rejudging_all
from grader.jobs.opened import Opened
from grader.jobs.tables import (
    ACCEPTANCE,
    ACCEPTANCES,
    OVERRIDE,
    OVERRIDES,
    Status,
    reading,
)
from grader.jobs.transcripts import (
    UngradedError,
    UnknownStudentError,
    current_scorecard,
    submission_row,
)
from grader.model import (
    Acceptance,
    Battery,
    InputError,
    Job,
    Limits,
    Override,
    Scorecard,
    ScorecardKind,
    State,
)


class OverrideError(InputError):
    """The override does not fit what was graded."""


def undecided(before: Scorecard, now: Scorecard) -> str:
    """Why the scorecard that came `now` of an appeal says nothing of the app; empty if it does."""
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
    """The part of a run that lets something else count than what was graded."""

    def override(self, andrew_id: str, override: Override) -> None:
        """Let what an instructor says count for a student; what was set before is kept.

        Raises:
            UnknownStudentError: if the run does not have the student.
            UngradedError: if the student has no scorecard yet.
            OverrideError: if the score is out of range, or there is nothing to withdraw.
        """
        with self._engine.begin() as connection:
            self._set_by_hand(connection, andrew_id, override)

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
        refused: dict[str, InputError] = {}
        with self._engine.connect() as connection:
            for andrew_id, override in decided.items():
                try:
                    self._set_by_hand(connection, andrew_id, override)
                except (UnknownStudentError, UngradedError, OverrideError) as error:
                    refused[andrew_id] = error
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
            row = submission_row(connection, self._id, andrew_id)
            found = attempts.standings(connection, self._id, [row.student]).get(row.student, [])
            # The questions were those of the attempt that counts: of an earlier battery, if it is.
            outdated = any(each.id == row.counting and each.outdated for each in found)
            kind = ScorecardKind.APPEALED
            adopted = attempts.add(
                connection, row.id, scorecard, kind, accepted.at, outdated=outdated
            )
            document = ACCEPTANCE.dump_json(accepted).decode()
            connection.execute(insert(ACCEPTANCES).values(attempt_id=adopted, document=document))
            progress.move(connection, [row.id], Status.DONE)
            counting = attempts.settle(connection, self._id, self.info.keep, [row.student])
        return counting[row.student] == adopted

    def appeal(self, andrew_id: str, limits: Limits) -> tuple[Scorecard, Job]:
        """What counts for a student, and the job that asks the same questions again.

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

    def _set_by_hand(self, connection: Connection, andrew_id: str, override: Override) -> None:
        row = submission_row(connection, self._id, andrew_id)
        card = current_scorecard(connection, self._id, andrew_id)
        if override.withdrawn and card.override is None:
            raise OverrideError(f"nothing is set by hand for {andrew_id}: what was graded counts")
        if override.score is not None and not 0 <= override.score <= card.max_score:
            raise OverrideError(
                f"a score of {override.score:.15g} is out of range: "
                f"{andrew_id} can have 0 to {card.max_score:.15g}"
            )
        mine = (OVERRIDES.c.run_id == self._id) & (OVERRIDES.c.student == row.student)
        connection.execute(update(OVERRIDES).where(mine).values(stands=False))
        connection.execute(
            insert(OVERRIDES).values(
                run_id=self._id,
                student=row.student,
                stands=not override.withdrawn,
                document=OVERRIDE.dump_json(override).decode(),
            )
        )
