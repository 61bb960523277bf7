"""One run in its store: begun or found, and with the students of a roster."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from grader.jobs import attempts, enrollment, rejudging_all
from grader.jobs.correcting import Correcting
from grader.jobs.grading import Grading
from grader.jobs.looking import Looking
from grader.jobs.opening import OtherRunError, require_same
from grader.jobs.tables import NOTES, ROOM, RUNS, reading
from grader.model import (
    Battery,
    Keep,
    Note,
    NoteKind,
    ProbeKind,
    Question,
    RunInfo,
    State,
    Submission,
)
from grader.questions import draw, parse_battery
from grader.store import StoreError, open_store
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
        if not location.is_file():
            raise StoreError(f"{location.parent} holds no run: it has no {location.name}")
        engine = open_store(location, ROOM)
        with reading(engine) as connection:
            row = connection.execute(sa.select(RUNS)).first()
        if row is None:
            engine.dispose()
            raise StoreError(f"the store {location} holds no run")
        where = f"{location} ({row.battery})"
        info = RunInfo(
            battery=parse_battery(row.battery_source, row.battery, where, stored=True),
            seed=row.seed,
            started_at=datetime.fromisoformat(row.started_at),
            notes=NOTES.validate_json(row.notes),
            probes=tuple(ProbeKind(probe) for probe in row.probes.split(",")),
            keep=Keep.read(row.keep),
            allow_private=row.allow_private,
        )
        return cls(engine, row.id, info)

    @classmethod
    def begin(
        cls,
        location: Path,
        battery: Battery,
        seed: int | None,
        probes: Sequence[ProbeKind] | None = None,
    ) -> "Run":
        """The run in the store at `location`, found there or begun now.

        The caller holds the lock of the folder. If there is no `seed`, the run keeps its own or
        draws one; if there are no `probes`, it keeps its own or asks the API.

        Raises:
            StoreError: if the store cannot be opened.
            OtherRunError: if the run found there has another battery, seed or probes.
        """
        engine = open_store(location, ROOM, locked=True)
        with engine.begin() as connection:
            if connection.execute(sa.select(RUNS.c.id)).first() is None:
                connection.execute(sa.insert(RUNS), _new(battery, seed, probes))
        engine.dispose()
        run = cls.open(location)
        try:
            require_same(run.info, location, battery, seed, probes)
        except OtherRunError:
            run.close()
            raise
        return run

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
            self._ask_again(connection, [], [State.REFUSED])
            self._set(connection, allow_private=True)
        self.info = replace(self.info, allow_private=True)

    def keep(self, keep: Keep) -> None:
        """Change the rule that says which attempts count; it holds for earlier attempts, too."""
        with self._engine.begin() as connection:
            for students in attempts.pages_of_students(connection, self._id):
                attempts.settle(connection, self._id, keep, students)
            self._set(connection, keep=str(keep))
        self.info = replace(self.info, keep=keep)


def _new(
    battery: Battery, seed: int | None, probes: Sequence[ProbeKind] | None
) -> dict[str, str | int]:
    """The row of a run that is begun."""
    return {
        "battery": battery.name,
        "battery_source": battery.source,
        "seed": secrets.randbelow(2**31) if seed is None else seed,
        "probes": ",".join(dict.fromkeys(probes or (ProbeKind.API,))),
        "started_at": datetime.now(UTC).isoformat(),
    }
