"""The page as a person sees it, in a real Chromium."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from grader.model import InputError, Reply, Typing
from grader.outcomes import Outcome
from grader.probes.browser_thread import BrowserError, browser_thread
from grader.probes.errand import Errand
from grader.probes.guard import Guard

if TYPE_CHECKING:
    from grader.probes.chromium import Engine

# The wait for a place and for the browser is no part of a visit's deadline. But it must end, too.
_QUEUE_SECONDS = 3600.0
_START_SECONDS = 90.0
_NEEDED = "this machine cannot ask in a browser:"


class NoBrowserError(InputError):
    """There is no browser on this machine, or it does not start. Says how to get one."""


def require_browser() -> None:
    """Start the browser before anybody is asked, so that a missing browser is said once.

    Raises:
        NoBrowserError: if no browser starts.
    """
    try:
        browser_thread().start().result(_START_SECONDS)
    except BrowserError as error:
        raise NoBrowserError(f"{_NEEDED} {error}") from None
    except TimeoutError:
        raise NoBrowserError(f"{_NEEDED} it did not start in {_START_SECONDS:g} s") from None


class BrowserProbe:
    """Asks by typing into the page's own text box. Each query is a visit of its own.

    `base` has no slash at its end. The secret is sent to the origin of `base`, and to no other.
    """

    def __init__(self, base: str, guard: Guard, bypass_secret: str = "") -> None:
        self._base = base
        self._guard = guard
        self._bypass_secret = bypass_secret
        self._turn: int | None = None

    async def ask(self, query: str, seconds: float, typing: Typing = "at once") -> Reply:
        """The answer that appears on the page; for an empty query, the text of the page.

        Without a browser, the reply is NOT_CHECKED and says why. To cancel this ends the visit.
        """
        errand = Errand(self._base, query, typing, seconds, self._guard, self._bypass_secret)

        async def visit(engine: "Engine") -> Reply:
            from grader.probes.visit import visit

            return await visit(errand, engine)

        thread = browser_thread()
        if self._turn is None:
            self._turn = thread.turn()
        try:
            async with asyncio.timeout(_QUEUE_SECONDS + seconds):
                return await asyncio.wrap_future(thread.submit(visit, self._turn))
        except (BrowserError, TimeoutError) as error:
            why = str(error) if isinstance(error, BrowserError) else "no browser was free"
        return Reply(f"{self._base}/", datetime.now(UTC), failure=Outcome.NOT_CHECKED, detail=why)
