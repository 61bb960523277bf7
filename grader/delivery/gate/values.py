"""The values of the gate: what it is asked to compare, what it sees, and what it decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from grader.model import Battery, Target, Verdict
from grader.outcomes import Outcome

# What hosts and proxies answer if they do not reach the app. 521 to 524 are Cloudflare's.
_APP_NOT_REACHED = frozenset({502, 503, 504, *range(521, 525)})


class Decision(StrEnum):
    """Whether a candidate may replace its baseline. The values appear in the JSON."""

    PROMOTE = "promote"
    HOLD = "hold"
    REJECT = "reject"


class Rule(StrEnum):
    """What a decision rests on; DATA is whether there was enough to decide by."""

    HEALTH = "health"
    RELEASE = "release"
    ANSWERS = "answers"
    ERRORS = "errors"
    LATENCY = "latency"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Order:
    """What is compared, and how much may be asked.

    Attributes:
        candidate: the release that is to be promoted. Without an `andrew_id`, what questions about
            the id are answered is compared with the baseline's reply.
        baseline: the release that serves users now.
        seed: what draws the questions; None for a new one.
        samples: how many pairs are asked at most.
        minutes: how long pairs are asked at most.
        per_second: how many pairs are asked in a second at most.
        expect_commit: what the candidate has to tell as its release; empty for any.
        captured: further queries, the most important first; the candidate's reply is compared with
            the baseline's.
    """

    candidate: Target
    baseline: Target
    battery: Battery
    seed: int | None = None
    samples: int = 1000
    minutes: float = 15.0
    per_second: float = 2.0
    expect_commit: str = ""
    captured: tuple[str, ...] = ()


class Grade(StrEnum):
    """What one side did with one question. The values appear in the JSON.

    Attributes:
        ANSWERED: a reply came, and nobody can tell whether it is right.
        FAILED: no reply came that could be judged: an error, a timeout, a login.
        UNSEEN: this machine or a limit of the platform stood in the way: it counts nowhere.
    """

    RIGHT = "right"
    WRONG = "wrong"
    ANSWERED = "answered"
    FAILED = "failed"
    UNSEEN = "unseen"


class Seen(NamedTuple):
    """What one side did with one question, and how many milliseconds it took.

    `on_time` is False if this machine was late itself: then the time is not compared.
    """

    grade: Grade
    ms: float
    on_time: bool = True
    verdict: Verdict | None = None

    @property
    def is_timed(self) -> bool:
        """Whether its time can be compared."""
        return self.on_time and self.is_answered

    @property
    def is_answered(self) -> bool:
        """Whether an answer came, right or not."""
        return self.grade not in (Grade.FAILED, Grade.UNSEEN)

    @property
    def is_silent(self) -> bool:
        """Whether it failed, and no reply of the app came: an app's own error is a reply."""
        if self.grade is not Grade.FAILED:
            return False
        if self.verdict is None or self.verdict.reply is None:
            return True
        is_lost = self.verdict.outcome in (Outcome.UNREACHABLE, Outcome.TOO_SLOW)
        status = self.verdict.reply.status
        return is_lost or status is None or status in _APP_NOT_REACHED


class Sample(NamedTuple):
    """One pair: a question, by its number, asked of both sides one right after the other."""

    text: int
    candidate: Seen
    baseline: Seen
    candidate_first: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says.

    Attributes:
        decision: PROMOTE if the rule has nothing against it.
        words: why, for people.
        numbers: what was counted and computed, for programs.
        samples: the places of the samples behind it, the most telling first.
    """

    rule: Rule
    decision: Decision
    words: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    samples: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule says, with the requests behind it: of the candidate, and of the baseline."""

    rule: Rule
    decision: Decision
    words: str
    numbers: Mapping[str, float]
    requests: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the gate is: `asked` of `total` pairs, and in words what it does."""

    words: str
    asked: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Gated:
    """The end: the decision, what each rule says, and all that was asked.

    Attributes:
        remarks: what does not decide, and should be known.
        queries: the questions' texts; a sample tells its own by its place.
        seed: what has drawn them.
        seconds: how long it took.
    """

    order: Order
    decision: Decision
    reasons: tuple[Reason, ...]
    remarks: tuple[str, ...]
    samples: tuple[Sample, ...]
    queries: tuple[str, ...]
    seed: int
    seconds: float
