"""The page as plain HTTP shows it."""

import dataclasses
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from grader.model import Reply
from grader.outcomes import Outcome
from grader.probes.answers import answer_in, appeared
from grader.probes.beside import beside
from grader.probes.http import Line

if TYPE_CHECKING:
    from grader.probes.markup import Markup

# Frameworks inline their styles and data: a page is larger than an answer.
PAGE_CAP = 256 * 1024
_IN_BROWSER = (
    "this page computes its answer in the browser: --probe browser sees it, --probe page cannot"
)


class PageProbe:
    """Asks through the page's own form, without a browser.

    A page that computes its answer in a browser is NOT_CHECKED. The first reply says what to do.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._blank: tuple[Reply, Markup] | None = None
        self._said = False

    async def ask(self, query: str, seconds: float) -> Reply:
        """The answer that the page shows to `query`; the page itself if `query` is empty."""
        if self._blank is None or not query:
            page = await self._line.get(self._line.page, seconds, PAGE_CAP)
            if page.failure is not None:
                return page
            markup = await beside(_read, page)
            page = dataclasses.replace(page, text_box=markup.has_box, login_field=markup.has_login)
            if page.status == 200:
                self._blank = page, markup
            if not query or self._blank is None:
                return page
        return await self._ask_form(*self._blank, query, seconds)

    async def _ask_form(self, blank: Reply, page: "Markup", query: str, seconds: float) -> Reply:
        if not page.has_box and (page.has_login or not page.is_drawn_by_script):
            return dataclasses.replace(blank, text="")
        if page.action is None or not page.box_name:
            words = "its answers appear in a browser only" if self._said else _IN_BROWSER
            self._said = True
            return dataclasses.replace(
                blank, text="", failure=Outcome.NOT_CHECKED, detail=words, lasting=True
            )
        asked = urlencode({page.box_name: query}, quote_via=quote)
        url = urlsplit(page.action)._replace(query=asked, fragment="").geturl()
        reply = await self._line.get(url, seconds, PAGE_CAP)
        shown, text = await beside(_answer, page, reply, query)
        # The page with the answer needs no box, but a login page is no answer.
        asked_on = shown.has_box or not shown.has_login
        return dataclasses.replace(reply, text=text, text_box=asked_on, login_field=shown.has_login)


def _read(page: Reply) -> "Markup":
    # lxml takes its time to be imported, and not every battery needs it.
    from grader.probes.markup import read_markup

    return read_markup(page.text, page.final_url)


def _answer(before: "Markup", reply: Reply, query: str) -> "tuple[Markup, str]":
    after = _read(reply)
    return after, answer_in(appeared(before.text, after.text, query))
