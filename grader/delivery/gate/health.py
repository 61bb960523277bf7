"""The rule on health: both sides wake up, and the candidate keeps what the baseline has. Pure."""

from collections.abc import Sequence

from grader.asking.waking import Waking
from grader.delivery.gate.values import Decision, Reason, Rule
from grader.judging.failures import judge_failure
from grader.model import Judgement, Question, ReleaseKey, Reply, Verdict
from grader.outcomes import Outcome

# Nothing of the app was seen, and the candidate's code need not be to blame.
_IN_BETWEEN = frozenset(
    {
        Outcome.NOT_CHECKED,
        Outcome.PROTECTED,
        Outcome.RATE_LIMITED,
        Outcome.FORBIDDEN_ADDRESS,
    }
)
_WAKE_UP = Question("release", "", ReleaseKey(), 0, name="wake-up")


def awake(candidate: Waking, baseline: Waking) -> Reason:
    """Whether both sides answer at all."""
    numbers = {"seconds": candidate.elapsed, "baseline_seconds": baseline.elapsed}
    if why := _down(baseline):
        words = f"the baseline does not answer, so there is nothing to compare with: {why.reason}"
        requests = (_verdict(baseline, why),)
        return Reason(Rule.HEALTH, Decision.HOLD, words, numbers, requests)
    if why := _down(candidate):
        is_in_between = why.outcome in _IN_BETWEEN
        decision = Decision.HOLD if is_in_between else Decision.REJECT
        words = f"nothing of the candidate could be seen: {why.reason}"
        if why.outcome is Outcome.PROTECTED:
            words += ". Open it with --bypass-secret"
        return Reason(Rule.HEALTH, decision, words, numbers, (_verdict(candidate, why),))
    return Reason(Rule.HEALTH, Decision.PROMOTE, "both sides answer", numbers)


def mute(replies: Sequence[Reply]) -> Reason:
    """The candidate's `/healthz` failed each time, and the baseline's tells its release."""
    told = [reply for reply in replies if reply.is_healthz]
    why = judge_failure(told[-1]) or Judgement(Outcome.EMPTY, Outcome.EMPTY.rule.words)
    words = f"/healthz failed {len(told)} times, and the baseline's tells its release: {why.reason}"
    requests = (Verdict(_WAKE_UP, why, tuple(told[-1:])),)
    decision = Decision.HOLD if why.outcome in _IN_BETWEEN else Decision.REJECT
    return Reason(Rule.HEALTH, decision, words, {"failed": len(told)}, requests)


def _down(waking: Waking) -> Judgement | None:
    """Why nothing of the app itself came; None if something did."""
    if waking.silence is not None:
        return waking.silence
    if not waking.only:
        return None
    failed = judge_failure(waking.evidence[-1])
    return failed or Judgement(Outcome.WRONG, waking.only)


def _verdict(waking: Waking, why: Judgement) -> Verdict:
    return Verdict(_WAKE_UP, why, waking.evidence)
