"""What differs between two releases in their replies to one query. Pure.

The baseline is asked twice, before and after the candidate. What differs between two replies of
the same code is noise, and no difference.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from grader.judging.failures import judge_failure
from grader.model import Reply
from grader.outcomes import Outcome
from grader.text.cutting import cut

_KEPT = 2000
# They say something of the platform or of this machine, and nothing of the code.
_TELLS_NOTHING = frozenset({Outcome.NOT_CHECKED, Outcome.PROTECTED, Outcome.RATE_LIMITED})


class ReplyKind(StrEnum):
    """What a reply is, whatever its words are. The values appear in JSON."""

    ANSWER = "answer"
    NOTHING = "nothing"
    ERROR = "error"
    UNTOLD = "untold"


class Kind(StrEnum):
    """How the replies to one query differ. The values appear in JSON and are stable.

    Attributes:
        ERROR: the candidate gives an error, the baseline gives none.
        LOST: the candidate gives nothing, the baseline answers.
        CHANGED: both do the same, but not in the same words.
        NEW: the candidate answers, the baseline does not.
        SAME: no difference.
        NOISE: the baseline itself does not reply the same each time, or a difference did not show
            again.
        UNTOLD: a platform or this machine stood in the way.
    """

    ERROR = "error"
    LOST = "lost"
    CHANGED = "changed"
    NEW = "new"
    SAME = "same"
    NOISE = "noise"
    UNTOLD = "untold"

    @property
    def differs(self) -> bool:
        """Whether it is a difference between the two releases."""
        return self in (Kind.ERROR, Kind.LOST, Kind.CHANGED, Kind.NEW)


@dataclass(frozen=True, slots=True)
class Seen:
    """One reply, as much of it as is compared and kept.

    Attributes:
        same_by: two replies are the same if this is. The text of an error counts for nothing: it
            may hold a time or a number of its own.
        status: the HTTP status; None if none came.
        text: its beginning.
        words: what failed; empty for an answer.
    """

    kind: ReplyKind
    same_by: str
    status: int | None
    text: str
    words: str
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Replies:
    """The replies to one query: the baseline's, the candidate's, and the baseline's once more."""

    baseline: Seen
    candidate: Seen
    again: Seen

    @property
    def seen(self) -> tuple[Seen, Seen, Seen]:
        """All three."""
        return self.baseline, self.candidate, self.again


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one query.

    Attributes:
        times: how often the capture holds it.
        reason: why it is noise, or why nobody knows; else empty.
        replies: the replies behind it, of each time that both were asked.
    """

    query: str
    times: int
    kind: Kind
    reason: str
    replies: tuple[Replies, ...]

    @property
    def asks_again(self) -> bool:
        """Whether asking both again may show something else: no difference counts at first sight.

        The third time is the last one.
        """
        first, last = self.replies[0], self.replies[-1]
        if len(self.replies) > 1:
            is_first_sight = not _difference(first)[0].differs
            return len(self.replies) == 2 and self.kind.differs and is_first_sight
        failed = ReplyKind.ERROR in (last.baseline.kind, last.again.kind)
        is_unsure = self.kind is Kind.UNTOLD or (self.kind is Kind.NOISE and failed)
        return self.kind.differs or is_unsure


def seen(reply: Reply) -> Seen:
    """What is compared of a reply."""
    judgement = judge_failure(reply)
    text, words = cut(reply.text, _KEPT), ""
    if judgement is not None:
        untold = judgement.outcome in _TELLS_NOTHING
        kind = ReplyKind.UNTOLD if untold else ReplyKind.ERROR
        same_by = reply.failure or f"status {reply.status}"
        words = judgement.reason
    elif reply.text.strip():
        kind = ReplyKind.ANSWER
        same_by = hashlib.sha256(reply.text.encode("utf-8", "replace")).hexdigest()
    else:
        kind, same_by = ReplyKind.NOTHING, ""
    return Seen(kind, same_by, reply.status, text, words, reply.elapsed_ms)


def compared(query: str, times: int, replies: Sequence[Replies]) -> Compared:
    """What differs, if both were asked up to three times: the last two times count."""
    kind, reason = _difference(replies[-1])
    before, _ = _difference(replies[-2:][0])
    if before.differs and kind is Kind.SAME:
        kind, reason = Kind.NOISE, "the difference did not show again"
    elif before.differs and kind.differs and _is_moving(replies[-2:], kind):
        kind, reason = Kind.NOISE, "later, the baseline itself replied something else"
    return Compared(query, times, kind, reason, tuple(replies))


def _difference(of: Replies) -> tuple[Kind, str]:
    for each in of.seen:
        if each.kind is ReplyKind.UNTOLD:
            return Kind.UNTOLD, each.words
    before = (of.baseline.same_by, of.again.same_by)
    steady = len(set(before)) == 1
    if of.candidate.same_by in before:
        return (Kind.SAME, "") if steady else (Kind.NOISE, _unsteady(of))
    if of.baseline.kind is not of.again.kind:
        return Kind.NOISE, _unsteady(of)
    match of.baseline.kind, of.candidate.kind:
        case was, now if was is now:
            return (Kind.CHANGED, "") if steady else (Kind.NOISE, _unsteady(of))
        case _, ReplyKind.ERROR:
            return Kind.ERROR, ""
        case ReplyKind.ANSWER, _:
            return Kind.LOST, ""
        case _, ReplyKind.ANSWER:
            return Kind.NEW, ""
    # An error became silence: neither of them answers.
    return Kind.CHANGED, ""


def _is_moving(replies: Sequence[Replies], kind: Kind) -> bool:
    """Whether the baseline itself is another one now: an answer may change with the time of day."""
    first, last = replies[0].baseline, replies[-1].baseline
    if kind is Kind.CHANGED:
        return first.same_by != last.same_by
    return first.kind is not last.kind


def _unsteady(of: Replies) -> str:
    """Why the baseline's two replies to one query are no measure."""
    failed = next((each for each in (of.baseline, of.again) if each.words), None)
    if failed is None:
        return "the baseline itself does not answer the same twice"
    return f"one of the baseline's two replies failed: {failed.words}"
