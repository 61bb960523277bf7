"""The scorecard of one submission: its verdicts, its score, and what was set by hand."""

import math
import statistics
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from grader.model.points import exact, total
from grader.model.replies import Reply
from grader.model.submissions import Release, State, Submission
from grader.model.verdicts import Verdict
from grader.outcomes import Cause


@dataclass(frozen=True, slots=True)
class Override:
    """What an instructor set by hand, when (in UTC) and why. It counts instead of the grade.

    The score is in points; None excuses the student. If it is withdrawn, the grade counts again.
    """

    by: str
    at: datetime
    reason: str
    score: float | None
    withdrawn: bool = False

    @property
    def excused(self) -> bool:
        """Whether the student needs no score."""
        return self.score is None and not self.withdrawn


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an app's replies took; the percentile by nearest rank."""

    median_ms: float
    p95_ms: float


# It has no slots, so that its sums can be kept: every file of a class asks for them again.
@dataclass(frozen=True)
class Scorecard:
    """All verdicts of one submission: one for each question, whatever the state.

    Attributes:
        reason: why it has this state, in words; empty if it is GRADED.
        wake_up: replies that earn no points: of each pass the one of `/healthz`, and the one that
            decided.
        override: set by hand since, and not withdrawn.
        own: whether the app itself answered: with text at its API, or a text box on its page.
    """

    submission: Submission
    state: State
    verdicts: tuple[Verdict, ...]
    started_at: datetime
    finished_at: datetime
    reason: str = ""
    release: Release | None = None
    wake_up: tuple[Reply, ...] = ()
    override: Override | None = None
    cause: Cause | None = None
    own: bool = True

    @cached_property
    def max_score(self) -> float:
        """The points of all questions."""
        return total(verdict.question.points for verdict in self.verdicts)

    @property
    def score(self) -> float | None:
        """The points that count; None if the submission is not graded, or excused."""
        return self.earned if self.override is None else self.override.score

    @property
    def earned(self) -> float | None:
        """The points earned, without what was set by hand; None if it is not graded."""
        if self.state is State.NOT_GRADED:
            return None
        if self.state is not State.GRADED:
            return 0.0
        return self.seen

    @cached_property
    def seen(self) -> float:
        """The points of what was right, even if the rest could not be checked."""
        return total(verdict.points or 0.0 for verdict in self.verdicts)

    @property
    def blocked(self) -> bool:
        """Whether it is not graded because of a platform's bot protection."""
        causes = (self.cause, *(verdict.judgement.cause for verdict in self.verdicts))
        return self.state is State.NOT_GRADED and Cause.BOT_PROTECTION in causes

    @cached_property
    def percent(self) -> float | None:
        """The score as a percentage; None if there is no score."""
        score, most = self.score, self.max_score
        if score is None:
            return None
        if not most:
            return 100.0 if self.verdicts and self.state is State.GRADED else 0.0
        # What was set by hand may have been for a battery with more points.
        return min(100.0, float(100 * exact(score) / exact(most)))

    @property
    def replies(self) -> tuple[Reply, ...]:
        """Every reply in it, the wake-up's first."""
        return (*self.wake_up, *(reply for verdict in self.verdicts for reply in verdict.replies))

    @property
    def certificate_expires_at(self) -> datetime | None:
        """Until when the deployment's TLS certificate is valid, as last seen; None without TLS."""
        seen = [each.certificate_expires_at for each in self.replies if each.certificate_expires_at]
        return seen[-1] if seen else None

    @cached_property
    def latency(self) -> Latency | None:
        """How long the judged replies that came took; None if none came."""
        took = sorted(
            verdict.reply.elapsed_ms
            for verdict in self.verdicts
            if verdict.reply is not None and verdict.reply.failure is None
        )
        if not took:
            return None
        return Latency(statistics.median(took), took[math.ceil(0.95 * len(took)) - 1])

    @property
    def needs_a_look(self) -> bool:
        """Whether an instructor should see it before signing. Who set it by hand has seen it."""
        if self.override is not None:
            return self.set_too_high
        return self.state is not State.GRADED or any(
            verdict.outcome.rule.needs_a_look or verdict.judgement.cause is Cause.CACHE
            for verdict in self.verdicts
        )

    @property
    def set_too_high(self) -> bool:
        """Whether it was set by hand to more points than there are in its battery."""
        by_hand = self.override.score if self.override is not None else None
        return by_hand is not None and by_hand > self.max_score

    @property
    def wants_second_pass(self) -> bool:
        """Whether anything in it is to be asked once more at the end of the run."""
        return self.state in (State.GRADED, State.UNREACHABLE, State.NOT_GRADED) and any(
            verdict.second_pass for verdict in self.verdicts
        )
