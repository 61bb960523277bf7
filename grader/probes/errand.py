"""What a visit of the browser is for, and the profile of its own that it is made in."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Error, Page

from grader.model import Typing
from grader.probes.chromium import Engine
from grader.probes.guard import ForbiddenAddressError, Guard, Origin
from grader.probes.http import BYPASS_HEADER
from grader.probes.proxy import Ticket

_CLOSING_SECONDS = 5.0


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


@contextlib.asynccontextmanager
async def profile(engine: Engine, ticket: Ticket) -> AsyncIterator[BrowserContext]:
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


async def carry_secret(page: Page, cdp: CDPSession, errand: Errand, ticket: Ticket) -> None:
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
