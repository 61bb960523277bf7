"""Judges pages: what kind of page came, whether it can be asked, and the answer on it."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

from grader.model import AnythingKey, Judgement, Key, Reply
from grader.outcomes import Outcome
from grader.text.cutting import excerpt, quoted
from grader.text.replies import holds_words, normalize

_PASSWORD_FIELD = re.compile(r"<input\b[^<>]{0,400}\btype\s*=\s*[\"']?password\b", re.IGNORECASE)
_CONSOLE = "Open your page and the browser's console (F12), and type the query: see what fails."


def is_html_page(reply: Reply) -> bool:
    """Whether the body is a page: Flask and Express call bare text HTML too, unless told not to."""
    start = reply.text.lstrip("\ufeff \t\r\n")[:20].casefold()
    if not start.startswith("<"):
        return False
    return start.startswith(("<!doctype html", "<html")) or says_html(reply)


def says_html(reply: Reply) -> bool:
    """Whether the reply calls itself a page."""
    return reply.content_type.casefold().startswith(("text/html", "application/xhtml"))


def login_of(reply: Reply) -> str:
    """Say why a reply is a login page, as a clause; empty if it is none.

    On another host than the link's, a field for a password or a user name is enough. On the same
    host, there is no other text box either. If no page was read, a redirect led to such a field.
    """
    final = reply.final_url or reply.url
    if reply.text_box is None:
        asks = final != reply.url and _PASSWORD_FIELD.search(reply.text) is not None
    else:
        asks = reply.login_field and (_host(final) != _host(reply.url) or not reply.text_box)
    if not asks:
        return ""
    if final == reply.url:
        return "the page asks for a password or a user name, and has no other text box"
    words = "the request was led to a page that asks for a password or a user name"
    return f"{words}, {excerpt(final)}"


def judge_page(reply: Reply) -> Judgement:
    """Judge whether a page came with a text box that is not a login's."""
    # Without a content type a browser looks at the content, and so did the probe.
    if reply.content_type and not says_html(reply):
        words = f"an HTML page was expected, the app sent {excerpt(reply.content_type)}"
        return Judgement(Outcome.WRONG, words)
    if reply.text_box:
        return Judgement(Outcome.RIGHT, "the page is up and holds a text box")
    if reply.page_error:
        words = f"no text box was found on the page: {_script_failed(reply)}"
        return Judgement(Outcome.WRONG, words, advice=_CONSOLE)
    if not normalize(reply.text):
        return Judgement(Outcome.EMPTY, "the page is up, but there is nothing on it")
    words = "the page is up, but no text box was found on it"
    # The page probe hands over the markup, a browser what is shown.
    if "<script" in reply.text.casefold():
        words += "; one that a script makes is found with --probe browser alone"
    return Judgement(Outcome.WRONG, words)


def judge_shown(key: Key, judgement: Judgement, reply: Reply) -> Judgement:
    """Correct the judgement on a page's answer if its scripts failed or it has no text box.

    A right answer stays right. If any answer would do, it is wrong if the failure removed the text
    box, or if the page shows the error. A page without text box and answer is wrong, too.
    """
    if not reply.page_error:
        if reply.text_box is False and not reply.text:
            return Judgement(Outcome.WRONG, "the page shows no text box to ask in, and no answer")
        return judgement
    advice = "" if reply.text_box else _CONSOLE
    match judgement.outcome:
        case Outcome.EMPTY:
            words = f"no answer appeared, and {_script_failed(reply)}"
            return Judgement(Outcome.WRONG, words, advice=advice)
        case Outcome.WRONG:
            words = f"{judgement.reason}; {_script_failed(reply)}"
            return replace(judgement, reason=words, advice=advice)
    if isinstance(key, AnythingKey):
        if reply.text_box is False:
            words = f"no text box is left on the page: {_script_failed(reply)}"
            return Judgement(Outcome.WRONG, words, advice=advice)
        if holds_words(normalize(reply.text), reply.page_error):
            words = f"the page shows an error: {_script_failed(reply)}"
            return Judgement(Outcome.WRONG, words, advice=_CONSOLE)
    return judgement


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:  # a page's script may lead to a text that is no address
        return ""


def _script_failed(reply: Reply) -> str:
    return f"the page's script failed with {quoted(reply.page_error)}"
