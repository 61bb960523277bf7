"""One visit to a page in the browser: what a person would see who asks there.

The page is a stranger's: whatever it does ends with the visit.
"""

import asyncio
import contextlib
import re
import time
from datetime import UTC, datetime

from playwright.async_api import (
    BrowserContext,
    CDPSession,
    Error,
    Locator,
    Page,
    Request,
    Response,
)
from playwright.async_api import TimeoutError as PlaywrightTimeout

from grader.model import Reply
from grader.outcomes import Outcome
from grader.probes.answers import TEXT_CAP, PageText, answer_in, appeared
from grader.probes.chromium import Engine
from grader.probes.errand import Errand, carry_secret, profile
from grader.probes.evidence import ScriptError, picture, script_errors
from grader.probes.guard import ForbiddenAddressError, Origin, shown
from grader.probes.http import LINE_CAP, retry_after, telling
from grader.probes.looks import Looks, asks_for_login, holds_box, text_box
from grader.probes.proxy import Ticket

_NOTHING = 1.0  # seconds to wait for anything at all, after each thing that a person would try
_LOAD = 3.0  # seconds for the page's images and the like
_LOOKING_BACK_SECONDS = 3.0
_TYPING = 0.01  # seconds from letter to letter
_LOADING = frozenset({"document", "fetch", "xhr", "script"})


async def visit(errand: Errand, engine: Engine) -> Reply:
    """Ask on the page.

    Raises:
        Error: if the browser itself failed.
    """
    ticket = await engine.proxy.admit(errand.guard)
    try:
        async with profile(engine, ticket) as context:
            return await _Visit(errand, ticket, context, engine).reply()
    finally:
        engine.proxy.revoke(ticket)


class _Visit:
    def __init__(
        self, errand: Errand, ticket: Ticket, context: BrowserContext, engine: Engine
    ) -> None:
        self._errand = errand
        self._ticket = ticket
        self._context = context
        self._engine = engine
        self._loading: set[Request] = set()
        self._sources: set[Origin | None] = set()
        self._url = f"{errand.base}/"
        self._status: int | None = None
        self._content_type = ""
        self._headers: dict[str, str] = {}
        self._retry_after: float | None = None
        self._crashed = False
        self._box: Locator | None = None
        self._text_box: bool | None = None
        self._login_field = False
        # When the query was typed, in seconds since 1970, and whether that led to another page.
        self._typed_at: float | None = None
        self._led_on = False
        self._errors: list[ScriptError] = []
        # When what counts was last seen to change, and how long the grader itself waited before.
        self._changed_at: float | None = None
        self._waited = 0.0

    async def reply(self) -> Reply:
        page = await self._context.new_page()
        self._watch(page)
        cdp = await self._context.new_cdp_session(page)
        if self._errand.bypass_secret:
            await carry_secret(page, cdp, self._errand, self._ticket)
        asked_at = datetime.now(UTC)
        started = time.monotonic()
        text, failure, detail = "", None, ""
        try:
            async with asyncio.timeout(self._errand.seconds):
                text = await self._ask(page, cdp)
        except TimeoutError:
            failure = Outcome.TOO_SLOW
            detail = f"no answer appeared and stayed within {self._errand.seconds:g} s"
        except Error as error:
            if not await self._engine.answers():
                raise
            failure, detail = Outcome.UNREACHABLE, _words(error)
        ended = self._changed_at or time.monotonic()
        if failure is None:
            await self._look_back(page)
        failure, detail = self._failure() or (failure, detail)
        page_error, trouble = self._script_failure()
        took = ended - started - (0.0 if failure else self._waited)
        return Reply(
            url=f"{self._errand.base}/",
            asked_at=asked_at,
            status=self._status,
            text="" if failure else _well_formed(text[:TEXT_CAP]),
            content_type=self._content_type[:LINE_CAP],
            final_url=self._url[:LINE_CAP],
            failure=failure,
            detail=_well_formed(detail or trouble),
            elapsed_ms=round(1000 * took, 1),
            text_box=self._text_box,
            login_field=self._login_field,
            page_error=_well_formed(page_error),
            screenshot_png=await picture(page, self._box),
            headers=self._headers,
            retry_after=self._retry_after,
        )

    def _watch(self, page: Page) -> None:
        """Follow what the page loads and where it goes; close other windows."""

        def crashed(_page: Page) -> None:
            self._crashed = True

        async def close(other: Page) -> None:
            with contextlib.suppress(Error):
                await other.close()

        def requested(request: Request) -> None:
            if request.resource_type in _LOADING:
                self._loading.add(request)
                self._sources.add(_origin(request.url))
            if request.is_navigation_request() and request.frame == page.main_frame:
                self._url, self._status, self._content_type = request.url, None, ""
                self._led_on = self._typed_at is not None

        def loaded(request: Request) -> None:
            self._loading.discard(request)

        def responded(response: Response) -> None:
            request = response.request
            if request.is_navigation_request() and request.frame == page.main_frame:
                self._url, self._status = response.url, response.status
                self._content_type = response.headers.get("content-type", "")
                self._headers = telling(response.headers)
                self._retry_after = retry_after(response.headers)

        page.on("crash", crashed)
        page.on("request", requested)
        page.on("requestfinished", loaded)
        page.on("requestfailed", loaded)
        page.on("response", responded)
        self._context.on("page", close)

    def _failure(self) -> tuple[Outcome, str] | None:
        """What the proxy or the tab know better than whoever waited for the page."""
        if self._ticket.exhausted:
            return Outcome.TOO_LARGE, "the page loads or sends more than 20 MiB"
        if self._crashed:
            return Outcome.UNREACHABLE, "the page crashed its browser tab"
        if self._status in (None, 502):
            origin = _origin(self._url)
            if origin is not None and (error := self._ticket.failures.get(origin)):
                return error.outcome, str(error)
        return None

    async def _ask(self, page: Page, cdp: CDPSession) -> str:
        """The answer to the query; without one, the text of the page."""
        looks = await self._settle(page, cdp)
        before = looks.seen
        pause = min(_NOTHING, self._errand.seconds / 4)
        since = time.monotonic()
        self._box = await text_box(page, pause)
        self._text_box = self._box is not None
        self._login_field = await asks_for_login(page)
        if self._box is None:
            self._waited += time.monotonic() - since
        if not self._errand.query:
            return "\n".join(before.pieces)
        if self._box is None or self._status is None or self._status >= 400:
            return ""
        self._loading.clear()  # what began before the query is not its answer
        self._typed_at = time.time()
        await self._type(self._box)
        for act in (_nothing, _press_enter, self._press_button):
            await act(page)
            text = await looks.until_still(
                lambda seen: appeared(before, seen, self._errand.query), pause
            )
            if text:
                self._changed_at = looks.changed_at
                return answer_in(text)
            self._waited += time.monotonic() - looks.changed_at
        return ""

    async def _settle(self, page: Page, cdp: CDPSession) -> Looks:
        """Open the page, and look at it until it has said what it has to say by itself."""
        half = self._errand.seconds / 2
        try:
            await page.goto(self._url, wait_until="domcontentloaded")
        except Error as error:
            if "interrupted by another navigation" not in error.message:  # a script went on
                raise
        since = time.monotonic()
        try:
            async with asyncio.timeout(min(_LOAD, half)):
                await page.wait_for_load_state("load")
        except TimeoutError:  # an image that never comes is no answer's fault
            self._waited += time.monotonic() - since
        looks = Looks(cdp, self._loading)
        since = time.monotonic()
        with contextlib.suppress(TimeoutError):  # a page with a clock on it never settles
            async with asyncio.timeout(half / 2):
                await looks.until_still(_everything)
                since = looks.changed_at
        self._waited += time.monotonic() - since
        return looks

    async def _type(self, box: Locator) -> None:
        query = self._errand.query
        if self._errand.typing == "letters":
            await box.press_sequentially(query, delay=1000 * _TYPING)
            self._waited += _TYPING * len(query)
        else:
            await box.fill(query)

    async def _press_button(self, page: Page) -> None:
        buttons = page.get_by_role("button").filter(visible=True)
        if await buttons.count() == 1:
            try:
                await buttons.click(timeout=1000 * _NOTHING)
            except PlaywrightTimeout:
                self._waited += _NOTHING

    async def _look_back(self, page: Page) -> None:
        """See what the query has left of the page, and how its scripts failed."""
        # The page may be gone, or its script at work for ever.
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_LOOKING_BACK_SECONDS):
                self._errors = await script_errors(page)
                if self._led_on:
                    self._login_field = await asks_for_login(page)
                    if self._login_field:
                        self._text_box = await text_box(page, _NOTHING) is not None
                elif self._text_box and self._while_asked() and not self._missing():
                    self._text_box = await holds_box(page, _NOTHING)

    def _while_asked(self) -> list[ScriptError]:
        return [each for each in self._errors if each.at >= (self._typed_at or 0)]

    def _script_failure(self) -> tuple[str, str]:
        """The page's error, and one that may be the doing of the grader's own proxy, in words.

        What a script caught is an error only where no text box is left. What failed before the
        query was asked matters where nothing came of it.
        """
        errors = self._while_asked() + ([] if self._changed_at else self._errors)
        of_page = (each for each in errors if not (each.caught and self._text_box))
        if (error := next(of_page, None)) is None:
            return "", ""
        if missing := self._missing():
            words = f"nothing could be loaded from {shown(missing[0].host)}"
            return "", f"the page's script failed with {error.text}, but {words}"
        return error.text, ""

    def _missing(self) -> list[Origin]:
        """Other sites that the page asked in vain; the browser asks some on its own account."""
        others = self._sources - {_origin(url) for url in (self._errand.base, self._url)}
        return [origin for origin in self._ticket.failures if origin in others]


def _everything(seen: PageText) -> PageText:
    return seen


async def _nothing(_page: Page) -> None:
    """Many pages answer while a person types."""


async def _press_enter(page: Page) -> None:
    await page.keyboard.press("Enter")


def _origin(url: str) -> Origin | None:
    """The origin of an address; None where a script led to what has none."""
    with contextlib.suppress(ForbiddenAddressError):
        return Origin.of(url)
    return None


def _well_formed(text: str) -> str:
    """Without halves of surrogate pairs: a script may write them, and no file could hold them."""
    return text.encode(errors="replace").decode()


def _words(error: Error) -> str:
    if "Download is starting" in error.message:
        return "the link downloads a file, where a page was expected"
    if code := re.search(r"net::ERR_(\w+)", error.message):
        return f"the browser could not load the page: {code[1].replace('_', ' ').lower()}"
    return f"the browser could not use the page: {error.message.splitlines()[0][:200]}"
