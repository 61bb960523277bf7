"""One visit to a page in the browser: what a person would see who asks there.

The page is a stranger's: whatever it does ends with the visit.
"""

import asyncio
import base64
import contextlib
import dataclasses
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

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

from grader.model import Reply, Typing
from grader.outcomes import Outcome
from grader.probes.answers import TEXT_CAP, PageText, answer_in, appeared
from grader.probes.chromium import Engine
from grader.probes.guard import ForbiddenAddressError, Guard, Origin
from grader.probes.http import BYPASS_HEADER, LINE_CAP
from grader.probes.looks import Looks, text_box
from grader.probes.proxy import Ticket

SCREENSHOT_CAP = 256 * 1024
_NOTHING = 1.0  # seconds to wait for anything at all, after each thing that a person would try
_LOAD = 3.0  # seconds for the page's images and the like
_CLOSING_SECONDS = 5.0
_PICTURE_SECONDS = 2.0
_LOADING = frozenset({"document", "fetch", "xhr", "script"})


@dataclasses.dataclass(frozen=True, slots=True)
class Errand:
    """What a visit is for.

    Attributes:
        base: the submission's URL, without a trailing slash.
        query: empty to look at the page alone.
        seconds: from the first request to the answer.
        bypass_secret: sent to the origin of `base`, and to no other.
    """

    base: str
    query: str
    typing: Typing
    seconds: float
    guard: Guard
    bypass_secret: str = dataclasses.field(default="", repr=False)


async def visit(errand: Errand, engine: Engine) -> Reply:
    """Ask on the page.

    Raises:
        Error: if the browser itself failed.
    """
    ticket = await engine.proxy.admit(errand.guard)
    try:
        async with _context(engine, ticket) as context:
            return await _Visit(errand, ticket, context, engine).reply()
    finally:
        engine.proxy.revoke(ticket)


@contextlib.asynccontextmanager
async def _context(engine: Engine, ticket: Ticket) -> AsyncIterator[BrowserContext]:
    """A browser profile of its own, which forgets everything; no permission, no download."""
    context = await engine.browser.new_context(
        accept_downloads=False,
        locale="en-US",
        permissions=[],
        proxy={"server": ticket.url, "bypass": "<-loopback>"},
        service_workers="block",
        user_agent=engine.user_agent,
        viewport={"width": 800, "height": 500},
    )
    # The visit has deadlines of its own.
    context.set_default_timeout(0)
    try:
        yield context
    finally:
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                await context.close()
        except (Error, TimeoutError):
            engine.kill()  # it cannot even end: the next visit gets a browser that is sane


async def _carry_secret(page: Page, cdp: CDPSession, errand: Errand, ticket: Ticket) -> None:
    """Send the secret along with whatever is asked of the deployment itself.

    A route of Playwright's sends its headers along redirects, too, wherever those lead. Each
    request is recited here with its body: a page that uploads too much ends with its visit.
    """
    home = Origin.of(errand.base)

    async def carry(paused: dict[str, Any]) -> None:
        request: dict[str, Any] = {"requestId": paused["requestId"]}
        with contextlib.suppress(ForbiddenAddressError):
            if Origin.of(paused["request"]["url"]) == home:
                headers = {**paused["request"]["headers"], BYPASS_HEADER: errand.bypass_secret}
                request["headers"] = [
                    {"name": name, "value": value} for name, value in headers.items()
                ]
        with contextlib.suppress(Error):  # the visit may be over
            try:
                ticket.spend(len(paused["request"].get("postData", "")))
            except ConnectionAbortedError:
                await page.close()
            else:
                await cdp.send("Fetch.continueRequest", request)

    cdp.on("Fetch.requestPaused", carry)
    await cdp.send("Fetch.enable")


class _Visit:
    def __init__(
        self, errand: Errand, ticket: Ticket, context: BrowserContext, engine: Engine
    ) -> None:
        self._errand = errand
        self._ticket = ticket
        self._context = context
        self._engine = engine
        self._loading: set[Request] = set()
        self._url = f"{errand.base}/"
        self._status: int | None = None
        self._content_type = ""
        self._crashed = False
        self._trouble = ""
        self._text_box: bool | None = None
        self._answered_at: float | None = None

    async def reply(self) -> Reply:
        page = await self._context.new_page()
        self._watch(page)
        cdp = await self._context.new_cdp_session(page)
        if self._errand.bypass_secret:
            await _carry_secret(page, cdp, self._errand, self._ticket)
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
        ended = self._answered_at or time.monotonic()
        failure, detail = self._failure() or (failure, detail or self._trouble)
        return Reply(
            url=f"{self._errand.base}/",
            asked_at=asked_at,
            status=self._status,
            text="" if failure else _well_formed(text[:TEXT_CAP]),
            content_type=self._content_type[:LINE_CAP],
            final_url=self._url[:LINE_CAP],
            failure=failure,
            detail=_well_formed(detail),
            elapsed_ms=round(1000 * (ended - started), 1),
            text_box=self._text_box,
            screenshot_png=await _picture(page),
        )

    def _watch(self, page: Page) -> None:
        """Follow what the page loads, where it goes and how it fails; close other windows."""

        def crashed(_page: Page) -> None:
            self._crashed = True

        def failed(error: Error) -> None:
            self._trouble = self._trouble or f"the page's script failed: {error.message[:200]}"

        async def close(other: Page) -> None:
            with contextlib.suppress(Error):
                await other.close()

        def requested(request: Request) -> None:
            if request.resource_type in _LOADING:
                self._loading.add(request)
            if request.is_navigation_request() and request.frame == page.main_frame:
                self._url, self._status, self._content_type = request.url, None, ""

        def loaded(request: Request) -> None:
            self._loading.discard(request)

        def responded(response: Response) -> None:
            request = response.request
            if request.is_navigation_request() and request.frame == page.main_frame:
                self._url, self._status = response.url, response.status
                self._content_type = response.headers.get("content-type", "")

        page.on("crash", crashed)
        page.on("pageerror", failed)
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
            with contextlib.suppress(ForbiddenAddressError):
                if error := self._ticket.failures.get(Origin.of(self._url)):
                    return error.outcome, str(error)
        return None

    async def _ask(self, page: Page, cdp: CDPSession) -> str:
        """The answer to the query; without one, the text of the page."""
        half = self._errand.seconds / 2
        try:
            await page.goto(self._url, wait_until="domcontentloaded")
        except Error as error:
            if "interrupted by another navigation" not in error.message:  # a script went on
                raise
        with contextlib.suppress(TimeoutError):  # an image that never comes is no answer's fault
            async with asyncio.timeout(min(_LOAD, half)):
                await page.wait_for_load_state("load")
        looks = Looks(cdp, self._loading)
        with contextlib.suppress(TimeoutError):  # a page with a clock on it never settles
            async with asyncio.timeout(half / 2):
                await looks.until_still(_everything)
        before = looks.seen
        pause = min(_NOTHING, half / 2)
        box = await text_box(page, pause)
        self._text_box = box is not None
        if not self._errand.query:
            return "\n".join(before.pieces)
        if box is None or self._status is None or self._status >= 400:
            return ""
        self._loading.clear()  # what began before the query is not its answer
        await self._type(box)
        for act in (_nothing, _press_enter, _press_button):
            await act(page)
            text = await looks.until_still(
                lambda seen: appeared(before, seen, self._errand.query), pause
            )
            if text:
                self._answered_at = looks.changed_at
                return answer_in(text)
        return ""

    async def _type(self, box: Locator) -> None:
        if self._errand.typing == "letters":
            await box.press_sequentially(self._errand.query, delay=10)
        else:
            await box.fill(self._errand.query)


def _everything(seen: PageText) -> PageText:
    return seen


async def _nothing(_page: Page) -> None:
    """Many pages answer while a person types."""


async def _press_enter(page: Page) -> None:
    await page.keyboard.press("Enter")


async def _press_button(page: Page) -> None:
    buttons = page.get_by_role("button").filter(visible=True)
    if await buttons.count() == 1:
        with contextlib.suppress(PlaywrightTimeout):
            await buttons.click(timeout=1000 * _NOTHING)


async def _picture(page: Page) -> str:
    """A PNG of what is on the screen, as base64; empty where the page does not let itself show."""
    try:
        # Playwright's own timeout waits for a driver that the page may keep busy.
        async with asyncio.timeout(_PICTURE_SECONDS):
            picture = await page.screenshot(animations="disabled")
    except (Error, TimeoutError):
        return ""
    return base64.b64encode(picture).decode() if len(picture) <= SCREENSHOT_CAP else ""


def _well_formed(text: str) -> str:
    """Without halves of surrogate pairs: a script may write them, and no file could hold them."""
    return text.encode(errors="replace").decode()


def _words(error: Error) -> str:
    if "Download is starting" in error.message:
        return "the link downloads a file, where a page was expected"
    if code := re.search(r"net::ERR_(\w+)", error.message):
        return f"the browser could not load the page: {code[1].replace('_', ' ').lower()}"
    return f"the browser could not use the page: {error.message.splitlines()[0][:200]}"
