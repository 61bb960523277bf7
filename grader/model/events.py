"""Events: what grading tells while it happens."""

from dataclasses import dataclass

from grader.model.scorecards import Scorecard, Verdict
from grader.model.submissions import Release, Submission


@dataclass(frozen=True, slots=True)
class WakingUp:
    """The wake-up request is about to be sent."""

    submission: Submission
    deadline: float


@dataclass(frozen=True, slots=True)
class Awake:
    """The deployment answered the wake-up request."""

    release: Release | None
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One question has its verdict."""

    verdict: Verdict
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class AskingAgain:
    """The second pass begins: what may have failed for a passing reason is asked once more."""

    questions: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Grading has ended; always the last event."""

    scorecard: Scorecard


Event = WakingUp | Awake | Judged | AskingAgain | Finished
