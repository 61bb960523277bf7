"""What a pass over a submission asks, when, and what comes of it: decisions, and no asking."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from grader.model import Job, Judgement, Question, Reply, Scorecard, State, Verdict, called
from grader.outcomes import Cause, Outcome
from grader.text.hosts import leads_to_own_machine

WAKE_SECONDS, _WAKE_SECONDS_HERE = 90.0, 5.0
# Free hosts put an app to sleep after 15 idle minutes: what was awake less long ago still is.
_FALLS_ASLEEP = timedelta(minutes=10)
# The part of the wake-up's time for which an app is left alone whose platform saw a bot in us.
_LEFT_ALONE = 1 / 3
# And the part of it between two questions then.
_SLOWLY = 1 / 90


def wake_seconds(job: Job) -> float:
    """Seconds from the first request on in which the app may wake up."""
    if job.limits.wake_timeout is not None:
        return job.limits.wake_timeout
    return _WAKE_SECONDS_HERE if leads_to_own_machine(job.submission.url) else WAKE_SECONDS


def waited_before(job: Job, now: datetime) -> float:
    """How many of those seconds the first pass has used up; 0 where the app may sleep again.

    A request that reached the app's host woke it up, and time runs on; where none did, only the
    time that was spent on it counts.
    """
    previous = job.previous
    if previous is None or now - previous.finished_at > _FALLS_ASLEEP:
        return 0.0
    until = now if any(map(_reached, previous.replies)) else previous.finished_at
    return max(0.0, (until - previous.started_at).total_seconds())


def _reached(reply: Reply) -> bool:
    return reply.status is not None or reply.failure is Outcome.TOO_SLOW


def not_before(job: Job) -> datetime | None:
    """When the second pass of `job` may begin at the earliest; None for at once.

    As long as the app or its platform asked for, two minutes at most; and where a platform took the
    grader for a bot, it is left alone for a while.
    """
    previous = job.previous
    if previous is None:
        return None
    last = [verdict.reply for verdict in previous.verdicts if verdict.second_pass]
    wanted = [reply.ask_again_at for reply in (*last, *previous.wake_up[-1:]) if reply is not None]
    if previous.blocked:
        alone = timedelta(seconds=_LEFT_ALONE * min(wake_seconds(job), WAKE_SECONDS))
        wanted.append(previous.finished_at + alone)
    return max(filter(None, wanted), default=None)


def pause_between(job: Job) -> float:
    """Seconds between two questions: to an app whose platform saw a bot in us, slowly."""
    if job.previous is None or not job.previous.blocked:
        return 0.0
    return _SLOWLY * min(wake_seconds(job), WAKE_SECONDS)


def seconds_until(moment: datetime | None) -> float:
    """Seconds from now until `moment`; 0 where it is past, or None."""
    if moment is None:
        return 0.0
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def is_blocked(judgement: Judgement) -> bool:
    """Whether a platform's bot protection stood in the way."""
    return judgement.cause is Cause.BOT_PROTECTION


def asked_again(verdict: Verdict) -> bool:
    """Whether a second pass asks this again: it may pass this time, or what it builds on may."""
    return verdict.second_pass or verdict.outcome is Outcome.SKIPPED


def missing(question: Question, verdicts: Iterable[Verdict]) -> list[str]:
    """What `question` requires and is not all right among `verdicts`, as people call it."""
    if not question.requires:
        return []
    wrong = {
        verdict.question.name: verdict.question
        for verdict in verdicts
        if verdict.outcome is not Outcome.RIGHT
    }
    return [called(wrong[name]) for name in question.requires if name in wrong]


def skipped(question: Question, names: Iterable[str]) -> Verdict:
    """The verdict on a question whose requirements `names` are not met."""
    reason = f"not asked, since it builds on: {', '.join(names)}"
    return Verdict(question, Judgement(Outcome.SKIPPED, reason))


def joined(before: Verdict, now: Verdict) -> Verdict:
    """The verdict of a later look, with the evidence of both."""
    if not now.replies:
        # Nothing new was seen: the earlier reply and its judgement stand.
        kept = before if before.replies else now
        return dataclasses.replace(kept, replies=before.replies)
    return dataclasses.replace(now, replies=(*before.replies, *now.replies))


def state_of(verdicts: Sequence[Verdict]) -> tuple[State, str]:
    """The state of a submission that was asked, with its reason.

    One unscored verdict decides; it is refused where every question led to a forbidden address.
    """
    outcomes: dict[Outcome, str] = {}
    for verdict in verdicts:
        if not verdict.outcome.rule.scored:
            return State.NOT_GRADED, verdict.judgement.reason
        outcomes.setdefault(verdict.outcome, verdict.judgement.reason)
    forbidden = outcomes.pop(Outcome.FORBIDDEN_ADDRESS, None)
    outcomes.pop(Outcome.SKIPPED, None)
    if forbidden is not None and not outcomes:
        return State.REFUSED, forbidden
    return State.GRADED, ""


def of_a_cache(judgement: Judgement, *, asked_again: bool) -> Judgement:
    """The judgement on what a cache answered at first, with a note of that.

    What is right only past the cache is for an instructor to see: an app could say that of itself,
    and guess twice.
    """
    note = "the first reply came from a cache" + (", and it was asked once more" * asked_again)
    right = judgement.outcome is Outcome.RIGHT
    return dataclasses.replace(
        judgement,
        reason=f"{judgement.reason} ({note})",
        cause=Cause.CACHE if right else judgement.cause,
    )


def as_accepted(scorecard: Scorecard) -> Scorecard:
    """The scorecard as it counts once an instructor has accepted what a bot protection left of it.

    What could not be checked earns nothing then.
    """
    return dataclasses.replace(scorecard, state=State.GRADED, reason="")
