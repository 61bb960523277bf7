"""Whether a page can be asked, and what the answer that was read on it is worth."""

from dataclasses import replace
from urllib.parse import urlsplit

from grader.judging.text import cut, holds_words, normalize, quoted
from grader.model import AnythingKey, Judgement, Key, Reply
from grader.outcomes import Outcome


def judge_page(reply: Reply) -> Judgement:
    """A page came, with a text box on it that is not a login's."""
    # Without a content type a browser finds out by itself, and so did the probe.
    if reply.content_type and not _says_html(reply):
        return Judgement(
            Outcome.WRONG, f"an HTML page was expected, the app sent {cut(reply.content_type)}"
        )
    if (login := _judge_login(reply)) is not None:
        return login
    if reply.text_box:
        return Judgement(Outcome.RIGHT, "the page is up and holds a text box")
    if reply.page_error:
        return Judgement(
            Outcome.WRONG, f"no text box was found on the page: {_script_failed(reply)}"
        )
    if not normalize(reply.text):
        return Judgement(Outcome.EMPTY, "the page is up, but there is nothing on it")
    words = "the page is up, but no text box was found on it"
    # The page probe hands over the markup, a browser what is shown.
    if "<script" in reply.text.casefold():
        words += "; one that a script makes is found with --probe browser alone"
    return Judgement(Outcome.WRONG, words)


def judge_asked(reply: Reply) -> Judgement | None:
    """The judgement on a page that could not be asked; None where an answer was looked for."""
    if (login := _judge_login(reply)) is not None:
        return login
    if reply.text_box is False and not reply.text and not reply.page_error:
        return Judgement(Outcome.WRONG, "the page shows no text box to ask in, and no answer")
    return None


def judge_shown(key: Key, judgement: Judgement, reply: Reply) -> Judgement:
    """The judgement on what a page shows, its scripts' failure taken into account.

    A right answer stands, whatever failed beside it. Where any answer would do, a page that lost
    its text box by the failure, or shows the error itself, has none.
    """
    if not reply.page_error:
        return judgement
    match judgement.outcome:
        case Outcome.EMPTY:
            return Judgement(Outcome.WRONG, f"no answer appeared, and {_script_failed(reply)}")
        case Outcome.WRONG:
            return replace(judgement, reason=f"{judgement.reason}; {_script_failed(reply)}")
    if isinstance(key, AnythingKey):
        if reply.text_box is False:
            words = f"no text box is left on the page: {_script_failed(reply)}"
            return Judgement(Outcome.WRONG, words)
        if holds_words(normalize(reply.text), reply.page_error):
            return Judgement(Outcome.WRONG, f"the page shows an error: {_script_failed(reply)}")
    return judgement


def is_html_page(reply: Reply) -> bool:
    """Whether the body is a page: Flask and Express call bare text HTML too, unless told not to."""
    start = reply.text.lstrip("\ufeff \t\r\n")[:20].casefold()
    return start.startswith(("<!doctype html", "<html")) or (
        _says_html(reply) and start.startswith("<")
    )


def _judge_login(reply: Reply) -> Judgement | None:
    """Whether the page is that of a login: one without anything to ask in, or elsewhere."""
    if not reply.login_field:
        return None
    if _host(reply.final_url or reply.url) != _host(reply.url):
        words = f"the link led to the page of a login, {cut(reply.final_url)}"
        return Judgement(Outcome.PROTECTED, words)
    if not reply.text_box:
        return Judgement(Outcome.PROTECTED, "the page asks for a login, and has no other text box")
    return None


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:  # where a page's script led may be no address at all
        return ""


def _script_failed(reply: Reply) -> str:
    return f"the page's script failed with {quoted(reply.page_error)}"


def _says_html(reply: Reply) -> bool:
    return reply.content_type.casefold().startswith(("text/html", "application/xhtml"))
