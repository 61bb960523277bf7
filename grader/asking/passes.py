"""Decisions about a pass over one submission: what is asked, when, and with which result."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from grader.model import (
    Job,
    Judgement,
    Limits,
    Question,
    Reply,
    Scorecard,
    State,
    Submission,
    Verdict,
    called,
)
from grader.outcomes import Cause, Outcome
from grader.text.hosts import leads_to_own_machine

WAKE_SECONDS, _WAKE_SECONDS_HERE = 90.0, 5.0
# Free hosts put an app to sleep after 15 idle minutes.
_FALLS_ASLEEP = timedelta(minutes=10)
# If a platform took the grader for a bot, the app is left alone for this part of the wake-up time,
_LEFT_ALONE = 1 / 3
# and later for this part of it between two questions.
_SLOWLY = 1 / 90


def wake_seconds(job: Job) -> float:
    """Seconds that the app of a job has to wake up, from the first request on."""
    return seconds_to_wake(job.submission, job.limits)


def seconds_to_wake(submission: Submission, limits: Limits) -> float:
    """Seconds that an app has to wake up, from the first request on."""
    if limits.wake_timeout is not None:
        return limits.wake_timeout
    return _WAKE_SECONDS_HERE if leads_to_own_machine(submission.url) else WAKE_SECONDS


def waited_before(job: Job, now: datetime) -> float:
    """How many of those seconds the first pass has used up; 0 if the app may be asleep again.

    Once a request has reached the app's host, the app is waking up, and the time between the passes
    counts, too. If none did, only the time of the first pass counts.
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

    The app or its platform may have asked for time: it gets two minutes at most. If a platform took
    the grader for a bot, the app is left alone for a while.
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
    """Seconds between two questions; more than 0 if a platform took the grader for a bot."""
    if job.previous is None or not job.previous.blocked:
        return 0.0
    return _SLOWLY * min(wake_seconds(job), WAKE_SECONDS)


def seconds_until(moment: datetime | None) -> float:
    """Seconds from now until `moment`; 0 if it is past or None."""
    if moment is None:
        return 0.0
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def is_blocked(judgement: Judgement) -> bool:
    """Whether a platform's bot protection stood in the way."""
    return judgement.cause is Cause.BOT_PROTECTION


def asked_again(verdict: Verdict) -> bool:
    """Whether a second pass asks this again: it, or a question that it requires, may pass then."""
    return verdict.second_pass or verdict.outcome is Outcome.SKIPPED


def missing(question: Question, verdicts: Iterable[Verdict]) -> list[str]:
    """The names of the questions that `question` requires and that were not all answered right."""
    if not question.requires:
        return []
    wrong = {
        verdict.question.name: verdict.question
        for verdict in verdicts
        if verdict.outcome is not Outcome.RIGHT
    }
    return [called(wrong[name]) for name in question.requires if name in wrong]


def skipped(question: Question, names: Iterable[str]) -> Verdict:
    """The verdict on a question that is not asked, since those called `names` were not right."""
    reason = f"not asked, since it builds on: {', '.join(names)}"
    return Verdict(question, Judgement(Outcome.SKIPPED, reason))


def joined(before: Verdict, now: Verdict) -> Verdict:
    """The later verdict, with the replies of both; the earlier one if there was no new reply."""
    if not now.replies:
        kept = before if before.replies else now
        return dataclasses.replace(kept, replies=before.replies)
    return dataclasses.replace(now, replies=(*before.replies, *now.replies))


def state_of(verdicts: Sequence[Verdict]) -> tuple[State, str]:
    """The state of a submission that was asked, with its reason.

    One verdict without a score decides. It is refused if each question led to a forbidden address.
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
    """The judgement, with a note that a cache gave the first reply.

    If the reply is right only past the cache, an instructor should see it: an app could claim to be
    a cache, and guess twice.
    """
    note = "the first reply came from a cache" + (", and it was asked once more" * asked_again)
    right = judgement.outcome is Outcome.RIGHT
    return dataclasses.replace(
        judgement,
        reason=f"{judgement.reason} ({note})",
        cause=Cause.CACHE if right else judgement.cause,
    )


def as_accepted(scorecard: Scorecard) -> Scorecard:
    """The scorecard with a bot protection accepted: a question that was not checked earns 0."""
    return dataclasses.replace(scorecard, state=State.GRADED, reason="")
