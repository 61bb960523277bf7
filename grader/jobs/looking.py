"""What a run holds, as it is shown and exported; nothing is changed."""

from collections import Counter
from collections.abc import Collection

from grader.jobs import enrollment, progress, transcripts
from grader.jobs.opened import Opened
from grader.jobs.scorecards import StoredScorecards
from grader.jobs.tables import reading
from grader.model import Scorecard, State, Transcript


class Looking(Opened):
    """The part of a run that tells what it holds."""

    def total(self) -> int:
        """How many submissions the run has."""
        with reading(self._engine) as connection:
            return progress.total(connection, self._id)

    def finished(self) -> int:
        """How many of them need not be asked any more."""
        with reading(self._engine) as connection:
            return progress.finished(connection, self._id)

    def finished_states(self) -> Counter[State]:
        """What became of those that need not be asked any more, by what was seen last."""
        with reading(self._engine) as connection:
            return progress.finished_states(connection, self._id)

    def asked(self) -> set[str]:
        """The keys of the students who have an attempt: their ids, case folded."""
        with reading(self._engine) as connection:
            return progress.asked(connection, self._id)

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
        """The students whose attempt counts, though it was asked after the rule's moment."""
        with reading(self._engine) as connection:
            return progress.late(connection, self._id, self.info.keep)

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
