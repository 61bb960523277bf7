"""What came of it: replies, verdicts, and the scorecard of one submission."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from grader.model.points import exact, total
from grader.model.questions import Question
from grader.model.submissions import Release, State, Submission
from grader.outcomes import Cause, Outcome

TELLING_HEADERS = frozenset(
    {
        *(
            "age",
            "cf-cache-status",
            "cf-mitigated",
            "ngrok-error-code",
            "server",
            "x-amzn-waf-action",
        ),
        *("x-cache", "x-datadome", "x-nextjs-cache", "x-railway-fallback", "x-render-routing"),
        *("x-sucuri-block", "x-vercel-cache", "x-vercel-error", "x-vercel-mitigated"),
    }
)
"""The headers, in small letters, that tell whose reply it is and how old: kept as evidence."""

_LONGEST_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Timings:
    """How long the phases of a request took, in milliseconds.

    A phase that did not happen is None: a connection that was kept alive is neither resolved nor
    connected again, and plain http has no TLS. After redirects they are those of the last request.

    Attributes:
        first_byte: from sending the request to the first byte of the reply.
        transfer: from there to its last byte.
    """

    resolve: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    transfer: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one query.

    Attributes:
        url: the full URL that was asked, to be opened by a person who wants to repeat it.
        asked_at: when, in UTC.
        status: the HTTP status; None where no HTTP reply came.
        text: the body, or for the page and browser probes the answer shown on the page; cut to
            the cap.
        content_type: as sent; empty where none was.
        final_url: where redirects led; equal to `url` without them.
        failure: why there is no usable reply: TOO_SLOW, UNREACHABLE, TOO_LARGE,
            FORBIDDEN_ADDRESS or NOT_CHECKED; None where there is one.
        detail: the failure in words, with what was measured.
        elapsed_ms: from the first byte sent to the last one read, in milliseconds.
        attempts: how many requests it took.
        text_box: whether the page has one to ask in; that of a login is none. False too where a
            script failed while it was asked and took the box along. None where no page was read.
        login_field: whether the page asks for a password or a user name.
        page_error: the first error of the page's own scripts, as a browser tells it; empty where
            nothing came of it, or where what our proxy could not load may have caused it.
        screenshot_png: what the browser probe saw in the end, as a PNG in base64, at most 256 KiB
            before that; empty where there is no picture.
        timings: phase by phase; None where nothing was sent, or a browser asked.
        certificate_expires_at: until when the TLS certificate is valid, in UTC; None without TLS,
            or where a connection was kept alive.
        headers: those of `TELLING_HEADERS` that came.
        retry_after: seconds until it wants to be asked again; None where it said nothing of that.
        lasting: whether the failure is of a kind that neither waiting nor asking again changes.
    """

    url: str
    asked_at: datetime
    status: int | None = None
    text: str = ""
    content_type: str = ""
    final_url: str = ""
    failure: Outcome | None = None
    detail: str = ""
    elapsed_ms: float = 0.0
    attempts: int = 1
    text_box: bool | None = None
    login_field: bool = False
    page_error: str = ""
    screenshot_png: str = field(default="", repr=False)
    timings: Timings | None = None
    certificate_expires_at: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    retry_after: float | None = None
    lasting: bool = False

    @property
    def is_success(self) -> bool:
        """Whether its status is 2xx, whatever became of the rest of it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def ask_again_at(self) -> datetime | None:
        """When it wants to be asked again, in two minutes at most; None where it did not say."""
        if self.retry_after is None:
            return None
        wait = timedelta(seconds=min(self.retry_after, _LONGEST_WAIT.total_seconds()))
        return self.asked_at + timedelta(milliseconds=self.elapsed_ms) + wait


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a reply is right, how that was decided, and why.

    Attributes:
        outcome: RIGHT, WRONG, EMPTY or what the status or the failure says.
        reason: one sentence for the student.
        decided_by: the part of the reply that decided: "whole", "tail", "head", or "" where the
            text did not matter.
        cause: what lies behind it, where that decides what happens next.
        advice: what the student can do about just this; empty where the outcome's own is enough.
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
        points: None where the outcome is NOT_CHECKED.
        replies: every reply in the order it came; the last one was judged. Empty where nothing
            was asked.
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
        """The points earned; None where nothing could be checked."""
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


@dataclass(frozen=True, slots=True)
class Override:
    """What an instructor set by hand; it counts in place of what was graded.

    Attributes:
        by: who.
        at: when, in UTC.
        reason: why, for the student and whoever asks later.
        score: in points; None where the student is excused.
        withdrawn: whether nothing is set by hand any more: what was graded counts again.
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


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a deployment's replies took, in milliseconds; the percentile by nearest rank."""

    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All verdicts of one submission: one for each question, whatever the state.

    Attributes:
        reason: what the state rests on, in words; empty where it is GRADED.
        wake_up: the replies to the unscored looks at a waking app: what `/healthz` said, and what
            decided, of each pass.
        override: what was set by hand since, and not withdrawn; it decides the score.
        cause: what lies behind the state, where that decides what happens next.
        own: whether anything of the app's own came: text at its API, or a text box on its page.
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

    @property
    def max_score(self) -> float:
        """The points of all questions."""
        return total(verdict.question.points for verdict in self.verdicts)

    @property
    def score(self) -> float | None:
        """The points that count; None where the submission is not graded, or is excused."""
        return self.earned if self.override is None else self.override.score

    @property
    def earned(self) -> float | None:
        """The points earned, whatever was set by hand; None where it is not graded."""
        if self.state is State.NOT_GRADED:
            return None
        if self.state is not State.GRADED:
            return 0.0
        return self.seen

    @property
    def seen(self) -> float:
        """The points of what was right, also where the rest could not be checked."""
        return total(verdict.points or 0.0 for verdict in self.verdicts)

    @property
    def blocked(self) -> bool:
        """Whether a platform's bot protection kept the grader from grading it."""
        causes = (self.cause, *(verdict.judgement.cause for verdict in self.verdicts))
        return self.state is State.NOT_GRADED and Cause.BOT_PROTECTION in causes

    @property
    def percent(self) -> float | None:
        """The score of 100; None where there is no score."""
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

    @property
    def latency(self) -> Latency | None:
        """How long the judged replies that came took; None where none came."""
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
        """Whether an instructor should see it before signing; one who set it by hand has."""
        if self.override is not None:
            return self.set_too_high
        return self.state is not State.GRADED or any(
            verdict.outcome.rule.needs_a_look or verdict.judgement.cause is Cause.CACHE
            for verdict in self.verdicts
        )

    @property
    def set_too_high(self) -> bool:
        """Whether it was set by hand to more points than there are, as by an earlier battery."""
        by_hand = self.override.score if self.override is not None else None
        return by_hand is not None and by_hand > self.max_score

    @property
    def wants_second_pass(self) -> bool:
        """Whether anything in it is to be asked once more at the end of the run."""
        return self.state in (State.GRADED, State.UNREACHABLE, State.NOT_GRADED) and any(
            verdict.second_pass for verdict in self.verdicts
        )


class AttemptKind(StrEnum):
    """How a scorecard came about. The values appear in transcripts."""

    GRADED = "graded"
    REJUDGED = "rejudged"
    APPEALED = "appealed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One scorecard of an attempt of a student's: its second pass and its rejudgements are others.

    Attributes:
        number: which attempt it belongs to, from 1; each time the app was asked is one.
        asked_at: when that attempt was begun, in UTC.
        at: when the scorecard was made, in UTC; its replies may be older.
        superseded: whether a later scorecard of the same attempt stands in its place.
        current: whether it is the one that counts.
        accepted: who let it count, where the attempt is an appeal; None where nobody was named.
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
