"""What is to be done: runs, and the jobs that they are made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from grader.model.keeping import LAST, Keep
from grader.model.questions import Battery, ProbeKind, Question
from grader.model.scorecards import Scorecard
from grader.model.submissions import Submission


def asks_in_browser(battery: Battery, probes: Iterable[ProbeKind]) -> bool:
    """Whether any of `battery` is asked in a browser, by its own word or by `probes`."""
    return ProbeKind.BROWSER in (*probes, *(entry.probe for entry in battery.entries))


class NoteKind(StrEnum):
    """What a note on a class is about. The values are stored.

    Attributes:
        DOUBT: more than half could not be reached.
        KEEP: which of several attempts counts.
        ROSTER: how the roster was read.
        SAMPLE: the class is the demo's.
        UNLISTED: the roster no longer has some students.
    """

    DOUBT = "doubt"
    KEEP = "keep"
    ROSTER = "roster"
    SAMPLE = "sample"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class Note:
    """What the instructor should know of a class, in words."""

    words: str
    kind: NoteKind = NoteKind.ROSTER


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One grading of a class: what all its scorecards have in common.

    Attributes:
        notes: what the instructor should know of the roster and of the class as a whole.
        probes: how questions are asked that the battery does not pin to a probe.
        keep: which of a student's attempts counts.
        allow_private: whether submissions in a private network are asked.
    """

    battery: Battery
    seed: int
    started_at: datetime
    notes: tuple[Note, ...] = ()
    probes: tuple[ProbeKind, ...] = (ProbeKind.API,)
    keep: Keep = LAST
    allow_private: bool = False

    @property
    def is_sample(self) -> bool:
        """Whether it is the demo's class, whose students are invented."""
        return any(note.kind is NoteKind.SAMPLE for note in self.notes)

    @property
    def in_browser(self) -> bool:
        """Whether any of it is asked in a browser."""
        return asks_in_browser(self.battery, self.probes)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how a deployment is asked.

    Attributes:
        timeout: seconds for one question, redirects and reading included.
        wake_timeout: seconds from the first request on in which the app may wake up; None for 90,
            or for 5 where it runs on this machine.
        allow_private: opens exactly the scheme, host and port of the submission's own URL.
        probes: how questions are asked that their battery does not pin to a probe.
        degraded_after: seconds after which a right answer counts as degraded; it costs nothing.
        connections: how many fresh connections are compared where the battery does not ask for it
            itself; it costs no points. 0 for none.
    """

    timeout: float = 10.0
    wake_timeout: float | None = None
    allow_private: bool = False
    probes: tuple[ProbeKind, ...] = (ProbeKind.API,)
    degraded_after: float = 2.0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """Everything needed to grade one submission, anywhere.

    Attributes:
        previous: the scorecard of the first pass; only what it marks for a second pass is asked.
        not_before: when the deployment wants to be asked again; None for at once.
        questions: asked in place of those that the battery draws; empty to draw them.
    """

    submission: Submission
    battery: Battery
    seed: int
    limits: Limits = Limits()
    previous: Scorecard | None = None
    questions: tuple[Question, ...] = ()
    not_before: datetime | None = None
