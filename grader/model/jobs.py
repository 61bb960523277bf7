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
    """Whether anything is asked in a browser, since `battery` or `probes` say so."""
    return ProbeKind.BROWSER in (*probes, *(entry.probe for entry in battery.entries))


class NoteKind(StrEnum):
    """What a note on a class is about. The values are stored.

    Attributes:
        DOUBT: more than half could not be reached.
        KEEP: which of several attempts counts.
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

    `probes` ask what the battery does not pin to a probe.
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
    """How a deployment is asked, and for how long, in seconds.

    Attributes:
        timeout: for one question, redirects and reading included.
        wake_timeout: for the app to wake up, from the first request; None for 90, 5 if local.
        allow_private: whether the submission's own scheme, host and port may be private.
        probes: how to ask what the battery does not pin to a probe.
        degraded_after: a later right answer counts as degraded; it costs nothing.
        connections: how many fresh connections to compare, for no points, if the battery does not.
    """

    timeout: float = 10.0
    wake_timeout: float | None = None
    allow_private: bool = False
    probes: tuple[ProbeKind, ...] = (ProbeKind.API,)
    degraded_after: float = 2.0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment that is asked, and how. Its address tells it from other targets."""

    submission: Submission
    limits: Limits

    @property
    def url(self) -> str:
        """The address, without a slash at its end: the key of the target everywhere."""
        return self.submission.url

    @property
    def name(self) -> str:
        """The address as people write it."""
        return self.url.partition("://")[2]


@dataclass(frozen=True, slots=True)
class Job:
    """Everything needed to grade one submission, anywhere.

    `previous` is the scorecard of the first pass: it says what to ask again. Without questions,
    they are drawn from the battery. `not_before` is when the deployment wants to be asked again.
    """

    submission: Submission
    battery: Battery
    seed: int
    limits: Limits = Limits()
    previous: Scorecard | None = None
    questions: tuple[Question, ...] = ()
    not_before: datetime | None = None
