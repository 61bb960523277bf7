"""Events: what grading tells while it happens."""

from dataclasses import dataclass

from grader.model.scorecards import Scorecard
from grader.model.submissions import Release, Submission
from grader.model.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class WakingUp:
    """The wake-up request is about to be sent."""

    submission: Submission
    deadline: float


@dataclass(frozen=True, slots=True)
class Awake:
    """The deployment answered, or the wait for it is over: `only` says what came instead."""

    release: Release | None
    elapsed_ms: float
    only: str = ""


@dataclass(frozen=True, slots=True)
class LookingAgain:
    """The app itself has not answered so far. It is asked again and again, for some seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One question has its verdict."""

    verdict: Verdict
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class AskingAgain:
    """The second pass begins: so many questions are asked again, after so many seconds."""

    questions: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Finished:
    """Grading has ended; always the last event."""

    scorecard: Scorecard


Event = WakingUp | Awake | Judged | LookingAgain | AskingAgain | Finished
