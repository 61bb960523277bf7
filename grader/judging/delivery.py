"""What can be said of a reply before its text is read: failures, statuses and login pages."""

import re
from http import HTTPStatus

from grader.judging.text import cut
from grader.model import Judgement, Reply
from grader.outcomes import Outcome

# Where platforms lead those whom they do not let in. Nobody's own app lives at these addresses.
_LOGIN_PAGE = re.compile(
    r"""https?://(?:
        vercel\.com/(?:sso|login)
        | (?:dashboard\.render|dashboard\.heroku|id\.heroku)\.com(?:[/?\#]|$)
        | (?>(?:[\w-]+\.)*)cloudflareaccess\.com(?:[/?\#]|$)
        | [^/?\#]+/cdn-cgi/access/login
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def judge_delivery(reply: Reply) -> Judgement | None:
    """The judgement on a reply whose text does not matter; None where a 2xx reply came."""
    if reply.failure is not None:
        reason = reply.detail or reply.failure.rule.words
        return Judgement(reply.failure, reason, final=reply.final)
    if reply.status is None:
        return Judgement(Outcome.NOT_CHECKED, "the grader kept neither a reply nor a failure")
    if _LOGIN_PAGE.match(reply.final_url):
        return Judgement(
            Outcome.PROTECTED, f"the request was led to a login page, {cut(reply.final_url)}"
        )
    if 200 <= reply.status < 300:
        return None
    return _judge_status(reply.status)


def _judge_status(status: int) -> Judgement:
    answered = f"the app answered with status {_words_of(status)}"
    match status:
        case 401 | 403:
            return Judgement(Outcome.PROTECTED, f"{answered}: it does not let the grader in")
        case 429:
            return Judgement(Outcome.RATE_LIMITED, f"{answered}: it was asked too often")
        case 404:
            return Judgement(
                Outcome.CLIENT_ERROR,
                f"{answered}: there is nothing at this address; is the link that of your "
                "deployed app, and is the path spelled as in your code, small letters included?",
            )
        case _ if status >= 500:
            return Judgement(Outcome.SERVER_ERROR, answered)
        case _ if status >= 400:
            return Judgement(Outcome.CLIENT_ERROR, answered)
        case _ if status >= 300:
            return Judgement(
                Outcome.CLIENT_ERROR, f"{answered}: a redirect that leads nowhere the grader can go"
            )
        case _:
            return Judgement(Outcome.CLIENT_ERROR, f"{answered}, which is no final reply")


def _words_of(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:  # a status of the app's own making
        return str(status)
