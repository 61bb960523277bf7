"""Whether replies are right: the judgement on a reply, and the verdict on a question."""

from dataclasses import dataclass
from typing import Literal

from grader.model.questions import Question
from grader.model.replies import Reply
from grader.outcomes import Cause, Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a reply is right, how that was decided, and why.

    Attributes:
        reason: one sentence for the student.
        decided_by: the part of the reply that decided; "" if the text did not matter.
        advice: what the student can do about just this; empty if the outcome's own is enough.
    """

    outcome: Outcome
    reason: str
    decided_by: Literal["", "whole", "tail", "head"] = ""
    cause: Cause | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome, points and reason for one question.

    Attributes:
        replies: in the order they came; the last one was judged. Empty if nothing was asked.
        degraded: whether it is right, but came later than a user would like to wait.
    """

    question: Question
    judgement: Judgement
    replies: tuple[Reply, ...] = ()
    degraded: bool = False

    @property
    def outcome(self) -> Outcome:
        """How the question ended."""
        return self.judgement.outcome

    @property
    def points(self) -> float | None:
        """The points earned; None if nothing could be checked."""
        rule = self.judgement.outcome.rule
        if not rule.scored:
            return None
        return self.question.points if rule.earns else 0.0

    @property
    def second_pass(self) -> bool:
        """Whether it is asked once more at the end of the run."""
        return self.outcome.rule.second_pass and self.judgement.cause is not Cause.PROBE

    @property
    def reply(self) -> Reply | None:
        """The reply that was judged."""
        return self.replies[-1] if self.replies else None
