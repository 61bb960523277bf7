"""When an app is looked at again: what is its own, what may change by waiting, what is old.

What could be forged here buys time, never points.
"""

from collections.abc import Iterable

from grader.judging.failures import judge_failure
from grader.judging.pages import is_html_page, says_html
from grader.judging.platforms import mark_of
from grader.model import Judgement, ProbeKind, Reply, Verdict
from grader.outcomes import Cause, Outcome

_CACHES = ("x-vercel-cache", "cf-cache-status", "x-cache", "x-nextjs-cache")
_FROM_A_CACHE = ("HIT", "STALE", "TCP_HIT", "REVALIDATED")
# A reply may wait so many seconds in a cache on the way without having been kept there.
_FRESH = 5
# Outcomes that leave nothing to ask, where every place of an app has one of them.
_SILENT = frozenset(
    {
        Outcome.UNREACHABLE,
        Outcome.TOO_SLOW,
        Outcome.FORBIDDEN_ADDRESS,
        Outcome.NOT_CHECKED,
    }
)


def is_own(reply: Reply, probe: ProbeKind) -> bool:
    """Whether something of the app's own came, right or not.

    Of the API that is a 2xx reply which is no HTML page, of a page its text box: platforms and
    content networks answer with errors and with pages of their own.
    """
    if reply.failure is Outcome.TOO_LARGE:
        return reply.is_success and not says_html(reply)
    if judge_failure(reply) is not None:
        return False
    return not is_html_page(reply) if probe is ProbeKind.API else bool(reply.text_box)


def may_change(reply: Reply) -> bool:
    """Whether what came instead of the app may be another in a minute or two."""
    if mark := mark_of(reply):
        return mark.waits and not mark.is_challenge
    if reply.failure is Outcome.TOO_LARGE:
        return not is_own(reply, ProbeKind.API)
    if reply.failure is not None:
        passing = reply.failure in (Outcome.TOO_SLOW, Outcome.UNREACHABLE)
        return passing and not reply.lasting
    judgement = judge_failure(reply)
    is_login = judgement is not None and judgement.outcome is Outcome.PROTECTED
    # A 403 may be a platform's that is not ready; a 401 and a login page are meant.
    return not is_login or reply.status == 403


def is_same_everywhere(reply: Reply) -> bool:
    """Whether the whole address failed for good: no other path of it needs to be asked."""
    ours = reply.failure is Outcome.NOT_CHECKED
    return reply.status is None and reply.failure is not None and (ours or not may_change(reply))


def seen_own(verdicts: Iterable[Verdict]) -> bool:
    """Whether anything of the app's own is behind `verdicts`; `/healthz` does not count."""
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
    """Whether the API gave nothing but what a host says of an app that is not ready.

    The page may be served from elsewhere, and be there before it.
    """
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
    """Why nothing can be asked, where no reply is the app's; None where it may be asked.

    Args:
        replies: the last one from each place that was looked at.
    """
    judged = [judge_failure(reply) for reply in replies]
    for judgement in judged:
        if judgement is not None and judgement.cause is Cause.BOT_PROTECTION:
            return judgement
    refusals = [each for each in judged if each is not None and each.outcome in _SILENT]
    return refusals[-1] if refusals and len(refusals) == len(judged) else None


def what_came(reply: Reply) -> str:
    """What a reply is that is not the app's own, in words."""
    judgement = judge_failure(reply)
    if judgement is not None:
        return judgement.reason
    return "a page came that holds no text box, or that stands where plain text should"


def is_from_a_cache(reply: Reply) -> bool:
    """Whether a cache between the app and the grader answered."""
    told = (reply.headers.get(name, "").upper() for name in _CACHES)
    if any(value.startswith(_FROM_A_CACHE) for value in told):
        return True
    age = reply.headers.get("age", "")
    return age.isascii() and age.isdigit() and len(age) < 10 and int(age) > _FRESH
