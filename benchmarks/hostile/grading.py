"""The class graded by the real command line, and what its run then knows."""

import csv
import os
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.hostile.kinds import NORMAL
from benchmarks.hostile.sites import Student
from benchmarks.measuring import Memory
from grader.jobs import Run
from grader.model import Scorecard
from grader.services.folders import STORE_NAME
from tests.grader.apps import SEED

_PLACES = 3
# So many times a second at the very most.
_LOOKS = 4


@dataclass(frozen=True, slots=True)
class Graded:
    """What came of one student.

    Attributes:
        seconds: how long each pass took for this student.
    """

    student: Student
    card: Scorecard
    seconds: tuple[float, ...]

    @property
    def as_expected(self) -> bool:
        kind = self.student.kind
        return (self.card.state, self.card.earned or 0.0) == (kind.state, kind.points)

    def requests_allowed(self, wake_timeout: float) -> float:
        """The wake-up and the battery in each pass, with what one query may lead to.

        Where nothing of the app's own came, it is also looked at until its time to wake up is over.
        """
        kind = self.student.kind
        usual = len(self.seconds) * (1 + len(self.card.verdicts))
        looks = 0.0 if kind is NORMAL else _PLACES + wake_timeout * _LOOKS
        return (usual + looks) * kind.tries


@dataclass(frozen=True, slots=True)
class Command:
    """How the command ended, and what it took: wall seconds and MB of PSS."""

    code: int
    seconds: float
    memory: float


def grade(students: list[Student], out: Path, authorities: Path, *options: str) -> Command:
    """Grade `students` into the folder `out`, as an instructor does."""
    roster = out.with_suffix(".csv")
    with roster.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["andrew_id", "url"])
        rows.writerows((student.andrew_id, student.url) for student in students)
    started = time.perf_counter()
    process = psutil.Popen(
        [
            sys.executable, "-m", "grader", "batch", str(roster), "--out", str(out), "--quiet",
            "--battery", "activity", "--seed", str(SEED), *options,
        ],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "SSL_CERT_FILE": str(authorities)},
    )  # fmt: skip
    memory = Memory(process)
    memory.start()
    return Command(process.wait(), time.perf_counter() - started, memory.most)


def read(students: list[Student], out: Path) -> list[Graded]:
    """What the run in `out` knows of `students`."""
    with closing(Run.open(out / STORE_NAME)) as run:
        passes = [
            [stored.scorecard for stored in run.transcript(student.andrew_id).scorecards]
            for student in students
        ]
    # All are asked at once, and the second pass begins where the first one has ended for all.
    second = max(cards[0].finished_at for cards in passes)
    return [
        Graded(
            student,
            cards[-1],
            tuple(
                (card.finished_at - start).total_seconds()
                for start, card in zip((cards[0].started_at, second), cards, strict=False)
            ),
        )
        for student, cards in zip(students, passes, strict=True)
    ]
