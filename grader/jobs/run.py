"""One run in its store: begun or found, and with the students of a roster."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from grader.jobs import attempts, enrollment, opening, progress, rejudging_all
from grader.jobs.correcting import Correcting
from grader.jobs.grading import Grading
from grader.jobs.looking import Looking
from grader.jobs.tables import NOTES
from grader.model import Battery, Keep, Note, NoteKind, ProbeKind, Question, State, Submission
from grader.questions import draw
from grader.text.cutting import some_of


class Run(Grading, Correcting, Looking):
    """One run in its store: what is to be graded, and what was.

    Its methods may be called from any thread, by one thread at a time.
    """

    @classmethod
    def open(cls, location: Path) -> "Run":
        """The run that the store at `location` holds.

        Raises:
            StoreError: if there is none.
            FolderBusyError: if an earlier version made it, and another command uses the folder.
        """
        return cls(*opening.find(location))

    @classmethod
    def begin(
        cls,
        location: Path,
        battery: Battery,
        seed: int | None,
        probes: Sequence[ProbeKind] | None = None,
    ) -> "Run":
        """The run in the store at `location`, found there or begun now.

        The caller holds the lock of the folder.

        Args:
            location: the store's file.
            battery: what is asked.
            seed: draws the questions; None for that of the run, or for a random one.
            probes: how they are asked; None for those of the run, or for the API.

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
        """Take the submissions of a roster into the run."""

        def questions(submission: Submission) -> tuple[Question, ...]:
            return draw(self.info.battery, submission, self.info.seed)

        with self._engine.begin() as connection:
            enrolled, expected = enrollment.enroll(connection, self._id, submissions, questions)
            judged, unjudged = rejudging_all.judge_expected(
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
        """Allow from now on that a submission's own address is in a private network.

        The next first pass asks everybody whose address was refused.
        """
        with self._engine.begin() as connection:
            progress.ask_again(connection, self._id, [], [State.REFUSED])
            self._set(connection, allow_private=True)
        self.info = replace(self.info, allow_private=True)

    def keep(self, keep: Keep) -> None:
        """Change the rule that says which attempts count; it holds for earlier attempts, too."""
        with self._engine.begin() as connection:
            for students in attempts.pages_of_students(connection, self._id):
                attempts.settle(connection, self._id, keep, students)
            self._set(connection, keep=str(keep))
        self.info = replace(self.info, keep=keep)
