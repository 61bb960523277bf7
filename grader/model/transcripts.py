"""All that a run knows of one student: every attempt, and all that was set by hand."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from grader.model.scorecards import Override, Scorecard
from grader.model.submissions import Submission


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who let an appeal count.

    Attributes:
        by: who.
        at: when, in UTC.
        reason: why, for the student and whoever asks later.
    """

    by: str
    at: datetime
    reason: str


class AttemptKind(StrEnum):
    """How a scorecard came about. The values appear in transcripts."""

    GRADED = "graded"
    REJUDGED = "rejudged"
    APPEALED = "appealed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One scorecard of an attempt. Each pass and each rejudgement of an attempt has its own.

    Attributes:
        number: which attempt it belongs to, from 1; each time the app was asked is one.
        asked_at: when that attempt was begun, in UTC.
        at: when the scorecard was made, in UTC; its replies may be older.
        superseded: whether a later scorecard of the same attempt stands in its place.
        current: whether it is the one that counts.
        accepted: who let it count, if the attempt is an appeal; None where nobody was named.
    """

    scorecard: Scorecard
    kind: AttemptKind
    number: int
    asked_at: datetime
    at: datetime
    superseded: bool
    current: bool
    accepted: Acceptance | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything that a run knows of one student.

    Attributes:
        attempts: all scorecards, attempt by attempt, the oldest first.
        overrides: all that was ever set by hand, the oldest first; the last one counts, unless it
            is withdrawn.
    """

    submission: Submission
    attempts: tuple[Attempt, ...]
    overrides: tuple[Override, ...]

    @property
    def current(self) -> Scorecard | None:
        """The scorecard that counts; None where there is none yet."""
        return next((each.scorecard for each in self.attempts if each.current), None)
