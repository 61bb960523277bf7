"""One question asked of one deployment, and judged."""

import contextlib
import dataclasses
import logging
import math
from collections.abc import Sequence

from grader.asking.passes import of_a_cache
from grader.judging import judge
from grader.judging.failures import judge_failure
from grader.judging.second_look import is_from_a_cache
from grader.model import ConsistencyKey, Judgement, ProbeKind, Question, ReleaseKey, Reply, Verdict
from grader.outcomes import Cause, Outcome
from grader.probes import Deployment
from grader.probes.beside import beside_if_long

_log = logging.getLogger(__name__)

# Outcomes that a cache may have kept from before the last push.
_MAY_BE_OLD = frozenset({Outcome.WRONG, Outcome.EMPTY})


async def ask(
    question: Question,
    deployment: Deployment,
    degraded_after: float = math.inf,
    earlier: Sequence[Verdict] = (),
) -> Verdict:
    """Ask one question and judge the reply. A crash of the grader is never the student's fault.

    A right reply counts as degraded after `degraded_after` seconds.
    """
    try:
        replies = await _replies(question, deployment)
        judgement = await judged(question, replies, earlier)
        if judgement.outcome in _MAY_BE_OLD and is_from_a_cache(replies[-1]):
            judgement = await _past_caches(question, deployment, replies, judgement, earlier)
        right = judgement.outcome is Outcome.RIGHT
        degraded = right and replies[-1].elapsed_ms > 1000 * degraded_after
        if right and question.probe is ProbeKind.BROWSER:
            # A picture is evidence for what was lost, and large.
            replies = [dataclasses.replace(reply, screenshot_png="") for reply in replies]
        return Verdict(question, judgement, tuple(replies), degraded)
    except Exception as error:
        # A class may meet it thousands of times, so the caller reports it, and only once.
        _log.debug("asking %r failed", question.query, exc_info=True)
        return Verdict(question, crash(error))


def crash(error: Exception) -> Judgement:
    """The judgement on what a bug of the grader kept from being checked."""
    reason = f"the grader itself failed: {type(error).__name__}"
    return Judgement(Outcome.NOT_CHECKED, reason, cause=Cause.CRASH)


async def judged(
    question: Question, replies: Sequence[Reply], earlier: Sequence[Verdict] = ()
) -> Judgement:
    """The judgement on `replies`, made without holding the loop up."""
    texts = (reply.text for reply in replies)
    return await beside_if_long(texts, judge, question, *replies, earlier=earlier)


async def _past_caches(
    question: Question,
    deployment: Deployment,
    replies: list[Reply],
    judgement: Judgement,
    earlier: Sequence[Verdict],
) -> Judgement:
    """Ask once more, past all caches. If that fails, the judgement on the cached reply stands."""
    fixed = isinstance(question.key, ConsistencyKey)
    if question.probe is not ProbeKind.API or not question.query or fixed:
        return judgement
    reply = await deployment.ask_past_caches(question.query)
    if reply is None or judge_failure(reply, earlier) or is_from_a_cache(reply):
        return of_a_cache(judgement, asked_again=False)
    replies.append(reply)
    return of_a_cache(await judged(question, [reply]), asked_again=True)


async def _replies(question: Question, deployment: Deployment) -> list[Reply]:
    """The replies to one question; only the last one can be a failure."""
    match question.key:
        case ReleaseKey():
            return [await deployment.ask_release()]
        case ConsistencyKey(connections):
            replies = []
            afresh = deployment.ask_afresh(question.query, connections)
            async with contextlib.aclosing(afresh):
                async for reply in afresh:
                    replies.append(reply)
                    if reply.failure is not None:
                        break
            return replies
        case _:
            return [await deployment.ask(question.probe, question.query, question.typing)]
