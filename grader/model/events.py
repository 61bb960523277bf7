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
    """The deployment answered, or the wait for it is over.

    Attributes:
        elapsed_ms: since the first request.
        only: what came instead of the app, in words; empty where the app answered.
    """

    release: Release | None
    elapsed_ms: float
    only: str = ""


@dataclass(frozen=True, slots=True)
class LookingAgain:
    """Nothing of the app's own came so far: it is looked at again, every few seconds.

    Attributes:
        seconds: how long at most.
        reason: what came instead.
    """

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
    """The second pass begins: what failed and may work now is asked once more.

    Attributes:
        questions: how many are asked.
        seconds: how long the app is left alone before.
    """

    questions: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Finished:
    """Grading has ended; always the last event."""

    scorecard: Scorecard


Event = WakingUp | Awake | Judged | LookingAgain | AskingAgain | Finished
