"""The page as plain HTTP shows it: fetched with requests, read with Beautiful Soup over lxml.

The standard library's own parser needs minutes for markup that was made to hurt it.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from bs4 import BeautifulSoup, Tag
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse

from grader.model import Reply
from grader.outcomes import Outcome
from grader.probes.answers import (
    LIVE_REGIONS,
    LOGIN_FIELDS,
    MOST_REGIONS,
    TEXT_CAP,
    PageText,
    answer_in,
    appeared,
)
from grader.probes.dialing import Dialer, pool_classes, tls_context
from grader.probes.http import WEB_SCHEMES, Line, Send, address_from

# Frameworks inline their styles and data: a page is larger than an answer.
PAGE_CAP = 256 * 1024
_TEXT_BOXES = (
    "textarea, [role=textbox], [role=searchbox], [contenteditable=true], "
    "input:not([type]), input[type=''], input[type=text i], input[type=search i]"
)
_BOXES = 20  # as many as are looked at, each with the form around it
_IN_BROWSER = (
    "this page computes its answer in the browser: --probe browser sees it, --probe page cannot"
)


class PageProbe:
    """Asks through the page's own form, without a browser.

    A page that computes its answer in the browser cannot be asked this way, however often: that
    is NOT_CHECKED, for good, with what to do said once.
    """

    def __init__(self, base: str, line: Line) -> None:
        self._base = base
        self._line = line
        self._blank: tuple[Reply, BeautifulSoup] | None = None
        self._said = False

    def ask(self, query: str, seconds: float) -> Reply:
        """The page itself for an empty query, else the answer that the page shows to it."""
        if self._blank is None or not query:
            page = self._line.get(f"{self._base}/", seconds, PAGE_CAP)
            soup = BeautifulSoup(page.text, "lxml")
            page = dataclasses.replace(
                page, text_box=_text_box(soup) is not None, login_field=_has_login(soup)
            )
            if page.failure is None and page.status == 200:
                self._blank = page, soup
            if not query or self._blank is None:
                return page
        return self._ask_form(*self._blank, query, seconds)

    def _ask_form(self, blank: Reply, soup: BeautifulSoup, query: str, seconds: float) -> Reply:
        box = _text_box(soup)
        form = box.find_parent("form") if box is not None else None
        if box is None and (blank.login_field or not _is_drawn_by_script(soup)):
            return dataclasses.replace(blank, text="")
        action = _action(form, blank.final_url) if form is not None else None
        if box is None or action is None or not box.get("name"):
            words = "its answers appear in a browser only" if self._said else _IN_BROWSER
            self._said = True
            return dataclasses.replace(
                blank, text="", failure=Outcome.NOT_CHECKED, detail=words, lasting=True
            )
        asked = urlencode({str(box["name"]): query}, quote_via=quote)
        reply = self._line.get(
            urlsplit(action)._replace(query=asked, fragment="").geturl(), seconds, PAGE_CAP
        )
        answered = BeautifulSoup(reply.text, "lxml")
        text = answer_in(appeared(_page_text(soup), _page_text(answered), query))
        # A page of its own for the answer needs no box, but that of a login is no answer.
        login = _has_login(answered)
        asked_on = not login or _text_box(answered) is not None
        return dataclasses.replace(reply, text=text, text_box=asked_on, login_field=login)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        """Nowhere: to prepare the next request, requests would read and unpack all of a body."""
        return


def session(dialer: Dialer) -> tuple[Send, Callable[[], None]]:
    """Requests as a transport, and what closes it."""

    class VettedAdapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs, ssl_context=tls_context())
            self.poolmanager.pool_classes_by_scheme = pool_classes(dialer)

        def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ARG002
            # The context has its authorities; requests would load its own into it again each time.
            conn.cert_reqs = "CERT_REQUIRED"

    opened = _Session()
    opened.trust_env = False
    opened.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        opened.mount(scheme, VettedAdapter(pool_connections=4, pool_maxsize=1))

    def send(url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        # No timeout: the deadline ends it.
        response = opened.get(url, headers=dict(headers), stream=True, allow_redirects=False)
        raw: BaseHTTPResponse = response.raw
        return raw

    return send, opened.close


def _action(form: Tag, url: str) -> str | None:
    """Where a form on the page at `url` sends its fields in the address; None where nowhere.

    A form whose method is unknown does so, too.
    """
    if str(form.get("method") or "").strip().lower() in ("post", "dialog"):
        return None
    action = address_from(url, str(form.get("action") or ""))
    # "javascript:void(0)" stands where the form's onsubmit does the work.
    return action if action is not None and urlsplit(action).scheme in WEB_SCHEMES else None


def _text_box(soup: BeautifulSoup) -> Tag | None:
    """The first box to ask in: none of a form that lets people in.

    Where no form tells, the box right before a password is the user's name.
    """
    found = soup.select(f"{_TEXT_BOXES}, {LOGIN_FIELDS}", limit=_BOXES)
    fields = [(box, box.find_parent("form"), box.css.match(LOGIN_FIELDS)) for box in found]
    logins = {id(form) for _, form, login in fields if login and form is not None}
    for (box, form, login), after in itertools.zip_longest(fields, fields[1:]):
        is_users = after is not None and after[1] is None and after[2]
        if form is not None:
            is_users = id(form) in logins
        if not (login or is_users or box.has_attr("disabled")):
            return box
    return None


def _has_login(soup: BeautifulSoup) -> bool:
    return soup.select_one(LOGIN_FIELDS) is not None


def _is_drawn_by_script(soup: BeautifulSoup) -> bool:
    """Whether there is a script, and no text but what is for browsers without one."""
    without = soup.find_all("noscript", limit=_BOXES)
    told = sum(len(list(each.stripped_strings)) for each in without)
    shown = len(list((soup.body or soup).stripped_strings))
    return soup.find("script") is not None and shown <= told


def _page_text(soup: BeautifulSoup) -> PageText:
    found = soup.select(LIVE_REGIONS, limit=MOST_REGIONS)
    regions = [region.get_text(" ", strip=True)[:TEXT_CAP] for region in found]
    return PageText(regions, list(soup.stripped_strings))
