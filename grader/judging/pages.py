"""What kind of page a body is, seen from its text."""

import re

from grader.model import Reply

_PASSWORD_FIELD = re.compile(r"<input\b[^<>]{0,400}\btype\s*=\s*[\"']?password\b", re.IGNORECASE)


def is_html_page(reply: Reply) -> bool:
    """Whether the body is a page: Flask and Express call bare text HTML too, unless told not to."""
    start = reply.text.lstrip("\ufeff \t\r\n")[:20].casefold()
    return start.startswith(("<!doctype html", "<html")) or (
        says_html(reply) and start.startswith("<")
    )


def says_html(reply: Reply) -> bool:
    """Whether the reply calls itself a page."""
    return reply.content_type.casefold().startswith(("text/html", "application/xhtml"))


def asks_for_a_password(text: str) -> bool:
    """Whether a page's text holds a field for a password."""
    return _PASSWORD_FIELD.search(text) is not None
