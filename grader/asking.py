"""One question asked of one deployment, and judged."""

import dataclasses
import logging
from collections.abc import Iterator, Sequence

from grader.judging import judge
from grader.judging.delivery import judge_delivery
from grader.judging.second_look import is_from_a_cache
from grader.model import ConsistencyKey, Judgement, ProbeKind, Question, ReleaseKey, Reply, Verdict
from grader.outcomes import Cause, Outcome
from grader.passes import of_a_cache
from grader.probes import Deployment

_log = logging.getLogger(__name__)

# What a cache may have kept from before the last push.
_MAY_BE_OLD = frozenset({Outcome.WRONG, Outcome.EMPTY})


def ask(
    question: Question,
    deployment: Deployment,
    degraded_after: float,
    earlier: Sequence[Verdict] = (),
) -> Verdict:
    """Ask one question and judge what comes back. Our own crash is never the student's fault.

    Args:
        question: what is asked.
        deployment: who is asked.
        degraded_after: seconds after which a right reply counts as degraded.
        earlier: the verdicts on what the deployment was asked before.
    """
    try:
        replies: list[Reply] = []
        for reply in _replies(question, deployment):
            replies.append(reply)
            if reply.failure is not None:
                break
        judgement = judge(question, *replies, earlier=earlier)
        if judgement.outcome in _MAY_BE_OLD and is_from_a_cache(replies[-1]):
            judgement = _past_caches(question, deployment, replies, judgement, earlier)
        right = judgement.outcome is Outcome.RIGHT
        degraded = right and replies[-1].elapsed_ms > 1000 * degraded_after
        if right:
            # A picture is evidence for what was lost, and large.
            replies = [dataclasses.replace(reply, screenshot_png="") for reply in replies]
        return Verdict(question, judgement, tuple(replies), degraded)
    except Exception as error:
        # A class may meet it thousands of times: who hears of the verdict tells people of it.
        _log.debug("asking %r failed", question.query, exc_info=True)
        return Verdict(question, crash(error))


def crash(error: Exception) -> Judgement:
    """The judgement on what a bug of ours kept from being checked."""
    reason = f"the grader itself failed: {type(error).__name__}"
    return Judgement(Outcome.NOT_CHECKED, reason, cause=Cause.CRASH)


def _past_caches(
    question: Question,
    deployment: Deployment,
    replies: list[Reply],
    judgement: Judgement,
    earlier: Sequence[Verdict],
) -> Judgement:
    """Ask once more where no cache answers; what one did answer stands unless that worked."""
    fixed = isinstance(question.key, ConsistencyKey)
    if question.probe is not ProbeKind.API or not question.query or fixed:
        return judgement
    reply = deployment.ask_past_caches(question.query)
    if reply is None or judge_delivery(reply, earlier) or is_from_a_cache(reply):
        return of_a_cache(judgement, asked_again=False)
    replies.append(reply)
    return of_a_cache(judge(question, reply), asked_again=True)


def _replies(question: Question, deployment: Deployment) -> Iterator[Reply]:
    match question.key:
        case ReleaseKey():
            yield deployment.ask_release()
        case ConsistencyKey(connections):
            yield from deployment.ask_afresh(question.query, connections)
        case _:
            yield deployment.ask(question.probe, question.query, question.typing)
