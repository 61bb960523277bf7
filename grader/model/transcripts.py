"""All that a run knows of one student: every scorecard, and all that was set by hand."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from grader.model.scorecards import Override, Scorecard
from grader.model.submissions import Submission


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who let an appeal count, when (in UTC), and why (for the student, and who asks later)."""

    by: str
    at: datetime
    reason: str


class ScorecardKind(StrEnum):
    """How a scorecard came about. The values appear in transcripts."""

    GRADED = "graded"
    REJUDGED = "rejudged"
    APPEALED = "appealed"


@dataclass(frozen=True, slots=True)
class StoredScorecard:
    """One scorecard of an attempt. An attempt has several after a second pass or a rejudgement.

    Attributes:
        number: of the attempt, from 1; each time the app was asked is one attempt.
        asked_at: when the attempt began, in UTC.
        at: when the scorecard was made, in UTC; its replies may be older.
        superseded: whether a later scorecard of the same attempt has replaced it.
        current: whether it is the one that counts.
        accepted: who let it count, if the attempt is an appeal and somebody was named.
    """

    scorecard: Scorecard
    kind: ScorecardKind
    number: int
    asked_at: datetime
    at: datetime
    superseded: bool
    current: bool
    accepted: Acceptance | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything that a run knows of one student: scorecards and overrides, the oldest first.

    The last override counts, unless it is withdrawn.
    """

    submission: Submission
    scorecards: tuple[StoredScorecard, ...]
    overrides: tuple[Override, ...]

    @property
    def current(self) -> Scorecard | None:
        """The scorecard that counts; None if there is none yet."""
        return next((each.scorecard for each in self.scorecards if each.current), None)
