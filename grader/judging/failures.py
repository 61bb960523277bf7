"""Judges what failed before a reply's text matters: no reply, an error, a platform's own page."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from grader.judging.pages import is_html_page, login_of, says_html
from grader.judging.platforms import Mark, mark_of
from grader.model import Judgement, ProbeKind, Reply, Verdict
from grader.outcomes import Cause, Outcome
from grader.text.cutting import excerpt

# Where platforms send people who must log in. No student's app is at these addresses.
_LOGIN_PAGE = re.compile(
    r"""https?://(?:
        vercel\.com/(?:sso|login)
        | (?:dashboard\.render|dashboard\.heroku|id\.heroku)\.com(?:[/?\#]|$)
        | (?>(?:[\w-]+\.)*)cloudflareaccess\.com(?:[/?\#]|$)
        | [^/?\#]+/cdn-cgi/access/login
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# What frameworks say when an app hands them its answer as the status of the reply.
_STATUS_OF_ITS_OWN = re.compile(r"invalid (?:http )?status code:? *(\S{1,20})", re.IGNORECASE)
# What servers say when plain http comes to a port for https.
_WANTS_TLS = re.compile(
    r"plain http request was sent to https port|http request to an https server", re.IGNORECASE
)
_BEGINNING = 4096
# Statuses of nginx and content networks that are in no standard.
_OF_SERVERS = frozenset({444, *range(494, 500), *range(520, 531), 598, 599})
_IN_BROWSER_ADVICE = (
    "Ask the page with --probe browser: that is no zero, and no fault of anybody's."
)
_LOGIN_ADVICE = (
    "Open your link in a private window: whoever has no account must see the app, not a login."
)


def judge_failure(reply: Reply, earlier: Iterable[Verdict] = ()) -> Judgement | None:
    """Judge a reply whose text does not matter; None if its text decides.

    The verdicts on earlier questions to the same deployment tell a missing path from an unknown
    query, and a limit from a bot protection.
    """
    if mark := mark_of(reply):
        return _marked(mark, reply)
    if reply.failure is Outcome.NOT_CHECKED and reply.lasting:
        return Judgement(reply.failure, reply.detail, cause=Cause.PROBE, advice=_IN_BROWSER_ADVICE)
    if reply.failure is not None and not _is_large_error(reply):
        return Judgement(reply.failure, reply.detail or reply.failure.rule.words)
    if reply.status is None:
        return Judgement(Outcome.NOT_CHECKED, "the grader kept neither a reply nor a failure")
    if _LOGIN_PAGE.match(reply.final_url):
        reason = f"the request was led to a login page, {excerpt(reply.final_url)}"
        return Judgement(Outcome.PROTECTED, reason)
    if login := login_of(reply):
        return Judgement(Outcome.PROTECTED, login, advice=_LOGIN_ADVICE)
    if reply.is_success:
        return None
    return _judge_status(reply.status, reply, list(earlier))


def _is_large_error(reply: Reply) -> bool:
    """Whether it is an error with a long text: nobody needs to read all of that."""
    is_error = reply.status is not None and reply.status >= 400
    return reply.failure is Outcome.TOO_LARGE and is_error


def _marked(mark: Mark, reply: Reply) -> Judgement:
    cause = Cause.BOT_PROTECTION if mark.is_challenge else None
    reason = f"{mark.words} (status {reply.status})"
    return Judgement(mark.outcome, reason, cause=cause, advice=mark.advice)


def _judge_status(status: int, reply: Reply, earlier: list[Verdict]) -> Judgement:
    answered = f"the app answered with status {_words_of(status)}"
    return (
        _judge_error_text(status, reply, answered)
        or _judge_beside(status, reply, answered, earlier)
        or _judge_class(status, reply, answered)
    )


def _judge_error_text(status: int, reply: Reply, answered: str) -> Judgement | None:
    """Judge an error by its text; None if that tells nothing."""
    text = reply.text[:_BEGINNING]
    if status >= 500 and (sent := _STATUS_OF_ITS_OWN.search(text)):
        return Judgement(Outcome.SERVER_ERROR, f"{answered}: {_sent_as_status(sent[1])}")
    if status in (400, 497) and _WANTS_TLS.search(text):
        address = urlsplit(reply.url)._replace(scheme="https", query="").geturl()
        reason = f"{answered}: the server expects https at this port"
        return Judgement(Outcome.CLIENT_ERROR, reason, advice=f"Try {address}")
    return None


def _judge_beside(
    status: int, reply: Reply, answered: str, earlier: list[Verdict]
) -> Judgement | None:
    """Judge an error by what came before it; None if that tells nothing."""
    # A browser hands over what is shown, not the markup.
    is_page = is_html_page(reply) or (reply.text_box is not None and says_html(reply))
    if status in (403, 429) and is_page and _was_right(earlier):
        return Judgement(
            Outcome.NOT_CHECKED,
            f"a page with status {status} came after right answers: the platform seems to take "
            "the grader for a bot",
            cause=Cause.BOT_PROTECTION,
            advice="Switch the platform's bot protection off while the app is graded.",
        )
    if status == 404 and _has_answered(earlier):
        return Judgement(
            Outcome.CLIENT_ERROR,
            f"{answered} to this query, and answered others",
            advice="Let the app answer an unknown query with nothing, and with status 200.",
        )
    return None


def _judge_class(status: int, reply: Reply, answered: str) -> Judgement:
    match status:
        case 401 | 403:
            return Judgement(Outcome.PROTECTED, f"{answered}: it does not let the grader in")
        case 429:
            reason = f"{answered}: it was asked too often"
            if reply.retry_after:
                reason += f", and wants to be left alone for {reply.retry_after:.0f} s"
            return Judgement(Outcome.RATE_LIMITED, reason)
        case 404:
            return Judgement(
                Outcome.CLIENT_ERROR,
                f"{answered}: there is nothing at this address; is the link that of your "
                "deployed app, and is the path spelled as in your code, small letters included?",
            )
        case _ if 300 <= status < 400:
            words = reply.detail or "a redirect that leads nowhere the grader can go"
            return Judgement(Outcome.CLIENT_ERROR, f"{answered}: {words}")
        case _ if status < 200:
            return Judgement(Outcome.CLIENT_ERROR, f"{answered}, which is no final reply")
    outcome = Outcome.SERVER_ERROR if status >= 500 else Outcome.CLIENT_ERROR
    if _is_unknown(status) and status not in _OF_SERVERS:
        answered += f", which HTTP does not know: {_sent_as_status(str(status))}"
    return Judgement(outcome, answered)


def _sent_as_status(sent: str) -> str:
    return f"the app seems to have sent its answer ({excerpt(sent)}) as the status of the reply"


def _was_right(earlier: list[Verdict]) -> bool:
    return any(verdict.outcome is Outcome.RIGHT for verdict in earlier)


def _has_answered(earlier: list[Verdict]) -> bool:
    """Whether the app answered another query over the same path with 2xx."""
    return any(
        reply.failure is None and reply.is_success
        for verdict in earlier
        if verdict.question.probe is ProbeKind.API and verdict.question.query
        for reply in verdict.replies
    )


def _is_unknown(status: int) -> bool:
    try:
        HTTPStatus(status)
    except ValueError:
        return True
    return False


def _words_of(status: int) -> str:
    return str(status) if _is_unknown(status) else f"{status} ({HTTPStatus(status).phrase})"
