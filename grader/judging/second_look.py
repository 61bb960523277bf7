"""When to look at an app again: whether a reply is the app's own, may change, or is old.

An app could forge all of this. That buys it time, never points.
"""

from collections.abc import Iterable

from grader.judging.failures import judge_failure
from grader.judging.pages import is_html_page, says_html
from grader.judging.platforms import mark_of
from grader.model import Judgement, ProbeKind, Reply, Verdict
from grader.outcomes import Cause, Outcome

_CACHES = frozenset({"x-vercel-cache", "cf-cache-status", "x-cache", "x-nextjs-cache"})
_FROM_A_CACHE = ("HIT", "STALE", "TCP_HIT", "REVALIDATED")
# Up to this age, in seconds, a reply is fresh, though a cache may have handed it on.
_FRESH = 5
# Where each place of an app ends in one of these outcomes, nothing can be asked.
_SILENT = frozenset(
    {Outcome.UNREACHABLE, Outcome.TOO_SLOW, Outcome.FORBIDDEN_ADDRESS, Outcome.NOT_CHECKED}
)


def is_own(reply: Reply, probe: ProbeKind) -> bool:
    """Whether the app itself answered, right or not.

    From the API that is a 2xx reply and no HTML page, from a page its text box. Errors and other
    pages may come from platforms and content networks.
    """
    if reply.failure is Outcome.TOO_LARGE:
        return reply.is_success and not says_html(reply)
    if judge_failure(reply) is not None:
        return False
    return not is_html_page(reply) if probe is ProbeKind.API else bool(reply.text_box)


def may_change(reply: Reply) -> bool:
    """Whether another reply may come in a minute or two."""
    if mark := mark_of(reply):
        return mark.waits and not mark.is_challenge
    if reply.failure is Outcome.TOO_LARGE:
        return not is_own(reply, ProbeKind.API)
    if reply.failure is not None:
        passing = reply.failure in (Outcome.TOO_SLOW, Outcome.UNREACHABLE)
        return passing and not reply.lasting
    judgement = judge_failure(reply)
    is_login = judgement is not None and judgement.outcome is Outcome.PROTECTED
    # A platform that is not ready may send a 403; a 401 and a login page are there on purpose.
    return not is_login or reply.status == 403


def is_same_everywhere(reply: Reply) -> bool:
    """Whether the whole address failed for good, so that no other path needs to be asked."""
    ours = reply.failure is Outcome.NOT_CHECKED
    return reply.status is None and reply.failure is not None and (ours or not may_change(reply))


def seen_own(verdicts: Iterable[Verdict]) -> bool:
    """Whether the app itself answered any of these questions; `/healthz` does not count."""
    return any(
        verdict.outcome is Outcome.RIGHT
        or any(
            is_own(reply, verdict.question.probe)
            for reply in verdict.replies
            if not reply.is_healthz
        )
        for verdict in verdicts
    )


def is_api_asleep(verdicts: Iterable[Verdict]) -> bool:
    """Whether the API's host says that the app is not ready; the page's may be another server."""
    replies = [
        verdict.reply
        for verdict in verdicts
        if verdict.reply is not None and verdict.question.probe is ProbeKind.API
    ]
    return bool(replies) and all(map(_is_not_ready, replies))


def _is_not_ready(reply: Reply) -> bool:
    mark = mark_of(reply)
    return reply.status in (502, 503, 504) if mark is None else may_change(reply)


def is_challenged(reply: Reply) -> bool:
    """Whether a bot protection answered."""
    mark = mark_of(reply)
    return mark is not None and mark.is_challenge


def worth_another_look(verdicts: Iterable[Verdict]) -> bool:
    """Whether any of the last replies behind `verdicts` may change by waiting."""
    return any(verdict.reply is not None and may_change(verdict.reply) for verdict in verdicts)


def silence(replies: Iterable[Reply]) -> Judgement | None:
    """Say why nothing can be asked, by the last reply of each place; None if something can be."""
    judged = [judge_failure(reply) for reply in replies]
    for judgement in judged:
        if judgement is not None and judgement.cause is Cause.BOT_PROTECTION:
            return judgement
    refusals = [each for each in judged if each is not None and each.outcome in _SILENT]
    return refusals[-1] if refusals and len(refusals) == len(judged) else None


def what_came(reply: Reply) -> str:
    """Say what came instead of the app, in words."""
    if failed := judge_failure(reply):
        return failed.reason
    return "a page came that holds no text box, or that stands where plain text should"


def is_from_a_cache(reply: Reply) -> bool:
    """Whether a cache between the app and the grader answered."""
    for name, value in reply.headers.items():
        if name in _CACHES and value.upper().startswith(_FROM_A_CACHE):
            return True
    age = reply.headers.get("age", "")
    return age.isascii() and age.isdigit() and len(age) < 10 and int(age) > _FRESH
