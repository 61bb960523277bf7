"""The browser profile that a visit has for itself, and the secret that goes with its requests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Error, Page

from grader.probes.chromium import Engine
from grader.probes.errand import Errand
from grader.probes.guard import ForbiddenAddressError, Origin
from grader.probes.http import BYPASS_HEADER
from grader.probes.tickets import Ticket

_CLOSING_SECONDS = 5.0


@contextlib.asynccontextmanager
async def profile(engine: Engine, ticket: Ticket) -> AsyncIterator[BrowserContext]:
    """A fresh profile, forgotten afterwards: no permissions, no downloads."""
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
            engine.kill()  # the page holds the browser: the next visit gets a fresh one


async def carry_secret(page: Page, cdp: CDPSession, errand: Errand, ticket: Ticket) -> None:
    """Send the secret with whatever is asked of the deployment itself.

    A route of Playwright's would send it along redirects, too, wherever those lead. The browser
    stops at each request and recites it here with its body, so the body's bytes are counted here.
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
