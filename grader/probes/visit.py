"""One visit to a stranger's page in the browser. All that the page does ends with the visit."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime

from playwright.async_api import CDPSession, Error, Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from grader.model import Reply
from grader.outcomes import Outcome
from grader.probes import playwright_words
from grader.probes.answers import TEXT_CAP, answer_in, appeared
from grader.probes.browser_thread import BrowserError
from grader.probes.chromium import Engine
from grader.probes.errand import Errand
from grader.probes.evidence import ScriptError, picture, script_errors
from grader.probes.faults import RequestError
from grader.probes.guard import Origin, shown
from grader.probes.http import LINE_CAP
from grader.probes.looks import Looks, asks_for_login, holds_box, text_box
from grader.probes.profile import carry_secret, profile
from grader.probes.tickets import Ticket
from grader.probes.traffic import Traffic, origin_of

_NOTHING = 1.0  # seconds to wait for anything at all, after each thing that a person would try
_LOAD = 3.0  # seconds for the page's images and the like
_LOOKING_BACK_SECONDS = 3.0
_TYPING = 0.01  # seconds from letter to letter
# What Chromium calls a connection that ended before a reply, or a reply that is no HTTP.
_NO_HTTP = frozenset({"EMPTY_RESPONSE", "CONNECTION_CLOSED", "INVALID_HTTP_RESPONSE"})


async def visit(errand: Errand, engine: Engine) -> Reply:
    """Ask on the page.

    Raises:
        BrowserError: if the browser itself failed.
    """
    ticket = await engine.proxy.admit(errand.guard)
    try:
        async with profile(engine, ticket) as context:
            page = await context.new_page()
            traffic = Traffic(context, page, f"{errand.base}/")
            cdp = await context.new_cdp_session(page)
            if errand.bypass_secret:
                await carry_secret(page, cdp, errand, ticket)
            return await _Visit(errand, engine, ticket, traffic).reply(page, cdp)
    except Error as error:
        raise BrowserError(f"the browser failed: {error.message[:200]}") from error
    finally:
        engine.proxy.revoke(ticket)


class _Visit:
    def __init__(self, errand: Errand, engine: Engine, ticket: Ticket, traffic: Traffic) -> None:
        self._errand = errand
        self._engine = engine
        self._ticket = ticket
        self._traffic = traffic
        self._box: Locator | None = None
        self._text_box: bool | None = None
        self._login_field = False
        self._typed_at = 0.0  # in seconds since 1970
        self._errors: list[ScriptError] = []
        # When the answer was last seen to change, and how long the grader itself waited before.
        self._changed_at: float | None = None
        self._waited = 0.0

    async def reply(self, page: Page, cdp: CDPSession) -> Reply:
        """Ask, look back at what the query did to the page, and keep a picture."""
        asked_at = datetime.now(UTC)
        started = time.monotonic()
        text, failure, detail = await self._ask_in_time(page, cdp)
        ended = self._changed_at or time.monotonic()
        if failure is None:
            await self._look_back(page)
        failure, detail = self._failure() or (failure, detail)
        page_error, trouble = self._script_failure()
        took = ended - started - (0.0 if failure else self._waited)
        traffic = self._traffic
        return Reply(
            url=f"{self._errand.base}/",
            asked_at=asked_at,
            status=traffic.status,
            text="" if failure else _well_formed(text[:TEXT_CAP]),
            content_type=traffic.content_type[:LINE_CAP],
            final_url=traffic.url[:LINE_CAP],
            failure=failure,
            detail=_well_formed(detail or trouble),
            elapsed_ms=round(1000 * took, 1),
            text_box=self._text_box,
            login_field=self._login_field,
            page_error=_well_formed(page_error),
            screenshot_png=await picture(page, self._box),
            headers=traffic.headers,
            retry_after=traffic.retry_after,
        )

    async def _ask_in_time(self, page: Page, cdp: CDPSession) -> tuple[str, Outcome | None, str]:
        """The answer, and why there is none: the outcome, and words."""
        try:
            async with asyncio.timeout(self._errand.seconds):
                return await self._ask(page, cdp), None, ""
        except TimeoutError:
            words = f"no answer appeared and stayed within {self._errand.seconds:g} s"
            return "", Outcome.TOO_SLOW, words
        except Error as error:
            if not await self._engine.answers():
                raise
            return "", Outcome.UNREACHABLE, self._words(error)

    def _failure(self) -> tuple[Outcome, str] | None:
        """A failure that the proxy or the tab saw. It explains more than the page's own."""
        if self._ticket.exhausted:
            return Outcome.TOO_LARGE, "the page loads or sends more than 20 MiB"
        if self._traffic.crashed:
            return Outcome.UNREACHABLE, "the page crashed its browser tab"
        if self._traffic.status is None and (error := self._not_connected(self._traffic.url)):
            return error.outcome, str(error)
        return None

    async def _ask(self, page: Page, cdp: CDPSession) -> str:
        """The answer to the query; without a query, the text of the page."""
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
        status = self._traffic.status
        if self._box is None or status is None or status >= 400:
            return ""
        self._traffic.loading.clear()  # what began before the query is not its answer
        self._traffic.led_on = False
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
        """Open the page, and look at it until it no longer changes by itself."""
        half = self._errand.seconds / 2
        try:
            await page.goto(self._traffic.url, wait_until="domcontentloaded")
        except Error as error:
            if not playwright_words.is_interrupted(error):
                raise
        since = time.monotonic()
        try:
            async with asyncio.timeout(min(_LOAD, half)):
                await page.wait_for_load_state("load")
        except TimeoutError:  # the answer can do without an image that never comes
            self._waited += time.monotonic() - since
        looks = Looks(cdp, self._traffic.loading)
        since = time.monotonic()
        with contextlib.suppress(TimeoutError):  # a page with a clock on it never settles
            async with asyncio.timeout(half / 2):
                await looks.until_still(lambda seen: seen)
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
        # The page may be gone, or its script may run for ever.
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_LOOKING_BACK_SECONDS):
                self._errors = await script_errors(page)
                if self._typed_at and self._traffic.led_on:
                    self._login_field = await asks_for_login(page)
                    if self._login_field:
                        self._text_box = await text_box(page, _NOTHING) is not None
                elif self._text_box and self._while_asked() and not self._missing():
                    self._text_box = await holds_box(page, _NOTHING)

    def _while_asked(self) -> list[ScriptError]:
        return [each for each in self._errors if each.at >= self._typed_at]

    def _script_failure(self) -> tuple[str, str]:
        """In words: the page's own error, and an error that the grader's proxy may have caused.

        An error that a script caught counts only if no text box is left. An error from before the
        query counts if no answer came.
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
        """Other sites that the page asked in vain."""
        others = self._traffic.asked - {origin_of(self._errand.base), origin_of(self._traffic.url)}
        return [each for each in others if (each.host, each.port) in self._ticket.failures]

    def _not_connected(self, url: str) -> RequestError | None:
        origin = origin_of(url)
        return self._ticket.failures.get((origin.host, origin.port)) if origin else None

    def _words(self, error: Error) -> str:
        """Why the browser could not show the page."""
        if playwright_words.is_download(error):
            return "the link downloads a file, but a page was expected"
        code = playwright_words.network_error(error)
        if not code:
            return f"the browser could not use the page: {error.message.splitlines()[0][:200]}"
        if code in _NO_HTTP and (origin := origin_of(self._traffic.url)):
            return f"{shown(origin.host)} closed the connection without a reply, or sent no HTTP"
        return f"the browser could not load the page: {code.replace('_', ' ').lower()}"


async def _nothing(_page: Page) -> None:
    """Many pages answer while a person types."""


async def _press_enter(page: Page) -> None:
    await page.keyboard.press("Enter")


def _well_formed(text: str) -> str:
    """Without halves of surrogate pairs: a script may write them, and no file could hold them."""
    return text.encode(errors="replace").decode()
