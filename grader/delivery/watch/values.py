"""What a watcher knows: targets, objectives, samples, and the incidents that they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from grader.model import Target
from grader.outcomes import Outcome


class Indicator(StrEnum):
    """What an objective is about. The values appear in the files of objectives."""

    RIGHT = "right"
    AVAILABLE = "available"
    ERRORS = "errors"
    LATENCY = "latency"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Objective:
    """What users may expect of an app, over a period.

    Attributes:
        name: what people call it; no two objectives of a watcher share it.
        share: how many looks of 1 must be good, such as 0.99.
        seconds: the period.
        bound: milliseconds of a good reply (latency), or days that the certificate must still last.
    """

    name: str
    indicator: Indicator
    share: float
    seconds: float
    bound: float = 0.0


@dataclass(frozen=True, slots=True)
class Objectives:
    """All objectives of a watcher; they hold for each of its targets."""

    title: str
    each: tuple[Objective, ...]

    @property
    def seconds(self) -> float:
        """The longest period."""
        return max(objective.seconds for objective in self.each)


@dataclass(frozen=True, slots=True)
class AppView:
    """What an app's own `/metrics` counted between two readings of the same process.

    Attributes:
        seconds: between the two readings.
        answered: how many queries it answered.
        unanswered: how many queries it had no answer for.
        errors: how many requests it answered with 5xx.
    """

    seconds: float
    answered: int
    unanswered: int
    errors: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What one look at a target saw. `at` is when the look ended, in UTC.

    Attributes:
        outcome: how its question ended. NOT_CHECKED says nothing of the app.
        ms: how long the reply took, or was waited for until the deadline; None if none came.
        words: why the outcome is not "right"; else empty.
        commit: the first 12 digits of the commit that answered; None if the app did not tell.
        certificate_expires_at: as the last fresh connection saw it; None without TLS.
        app: the app's own view, if it was just read.
    """

    at: datetime
    outcome: Outcome
    ms: float | None
    words: str = ""
    commit: str | None = None
    certificate_expires_at: datetime | None = None
    app: AppView | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an objective stands.

    Attributes:
        looks: how many looks of the period count.
        bad: how many of them were bad.
        measured: percent of looks (right, available, errors), milliseconds, or days; None if
            no look counts.
        spent: how much of the budget of bad looks is spent over the period; 1 is all of it. An
            objective without any budget spends 1 with each bad look.
        spent_lately: the same over the last sixth of the period.
        missed: whether more than the budget is spent in both, of enough looks.
    """

    objective: Objective
    looks: int
    bad: int
    measured: float | None
    spent: float
    spent_lately: float
    missed: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of an incident's timeline."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which a target misses at least one objective.

    Attributes:
        id: unique in the store.
        target: the target's address.
        objective: the name of the objective that was missed first.
        objectives: the names of all that were missed so far, in that order.
        ended_at: None while it is open.
        cause: what was seen when it began, in a sentence.
        commit: the release that answered when it began; None if unknown.
        commit_since: when that release was first seen; None if it was there before we looked.
        timeline: what happened, oldest first.
    """

    id: int
    target: str
    objective: str
    started_at: datetime
    cause: str
    objectives: tuple[str, ...] = ()
    ended_at: datetime | None = None
    commit: str | None = None
    commit_since: datetime | None = None
    timeline: tuple[Moment, ...] = ()


class Step(StrEnum):
    """What happened to an incident."""

    STARTED = "started"
    CHANGED = "changed"
    ENDED = "ended"
    RESUMED = "resumed"
    """The watcher was started again, and found it open in the store."""


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """An incident's step. It is in the store before anybody is told."""

    step: Step
    incident: Incident
    at: datetime


@dataclass(frozen=True, slots=True)
class Recovery:
    """The last looks were good, and the incident is still open.

    Attributes:
        since: when the first of them was.
        seconds: so much of the time before now must be good first; 0 if that is so.
        looks: so many more good looks end the incident then.
    """

    since: datetime
    seconds: float
    looks: int


@dataclass(frozen=True, slots=True)
class Status:
    """How a target is now; shares and latencies are over the longest period of an objective.

    Attributes:
        at: when it was so.
        outcome: of the last look, with its `words`; None before the first one.
        looks: how many looks count; `right`, `available` and `errors` are shares of them.
        median_ms: of the replies that came; None without any.
        p95_ms: their 95th percentile.
        commit_since: when that release was first seen; None if it was there before we looked.
        recovery: what the open incident still waits for; None if the last looks were not good.
        paused: why the target is not asked; empty if it is.
        ourselves: why this machine itself is suspected; empty if it is not.
        app: the last view of the app itself; None if it has no `/metrics`.
    """

    target: Target
    at: datetime
    outcome: Outcome | None
    words: str = ""
    looks: int = 0
    right: float | None = None
    available: float | None = None
    errors: float | None = None
    median_ms: float | None = None
    p95_ms: float | None = None
    commit: str | None = None
    commit_since: datetime | None = None
    certificate_expires_at: datetime | None = None
    standings: tuple[Standing, ...] = ()
    incident: Incident | None = None
    recovery: Recovery | None = None
    paused: str = ""
    ourselves: str = ""
    app: AppView | None = None

    @property
    def missed(self) -> bool:
        """Whether an objective is missed: an incident is open, or one is about to begin."""
        return self.incident is not None or any(each.missed for each in self.standings)


@dataclass(frozen=True, slots=True)
class Look:
    """A target was looked at; `sample` is None if it is paused."""

    status: Status
    sample: Sample | None

    @property
    def target(self) -> Target:
        """Who was looked at."""
        return self.status.target


@dataclass(frozen=True, slots=True)
class Minute:
    """The looks of one minute, as they are kept for a month.

    Attributes:
        at: its beginning.
        looks: how many looks count.
        unsure: how many say nothing of the app.
        commit: the last one that answered.
    """

    at: datetime
    looks: int
    right: int
    available: int
    errors: int
    unsure: int
    median_ms: float | None
    p95_ms: float | None
    commit: str | None
    app: AppView | None = None


Pauses = Mapping[str, str]
"""The address of each paused target, and why."""
