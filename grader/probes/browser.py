"""The page as a person sees it, in a real Chromium."""

import asyncio
import functools
from datetime import UTC, datetime

from grader.model import InputError, Reply, Typing
from grader.outcomes import Outcome
from grader.probes.guard import Guard

# Waiting for a free place and for the browser to start is no fault of the deployment's, and no
# part of its deadline; but it must end. Every visit before it ends by its own deadline.
_QUEUE_SECONDS = 3600.0
_START_SECONDS = 90.0
_NEEDED = "this machine cannot ask in a browser:"


class NoBrowserError(InputError):
    """There is no browser on this machine, or it does not start; says how to get one."""


def require_browser() -> None:
    """Start the browser of this process, which visits then use.

    So a missing one is said before anybody is asked, and once.

    Raises:
        NoBrowserError: if there is none that starts.
    """
    try:
        from grader.probes.chromium import BrowserUnavailableError, browser_thread
    except ModuleNotFoundError as error:
        raise NoBrowserError(f"{_NEEDED} {_missing(error)}") from None
    try:
        browser_thread().start().result(_START_SECONDS)
    except BrowserUnavailableError as error:
        raise NoBrowserError(f"{_NEEDED} {error}") from None
    except TimeoutError:
        raise NoBrowserError(f"{_NEEDED} it did not start in {_START_SECONDS:g} s") from None


def _missing(error: ModuleNotFoundError) -> str:
    return (
        f"{error.name} is not installed, which comes with the extra browser. In the project's "
        'folder: pip install -e ".[grader,browser]", then: python -m playwright install chromium'
    )


class BrowserProbe:
    """Asks by typing into the page's own text box; every query is a visit of its own.

    Args:
        base: the submission's URL, without a trailing slash.
        guard: vets every address that the browser connects to.
        typing: whether queries are typed at once or letter by letter.
        bypass_secret: sent to the origin of `base`, and to no other.
    """

    def __init__(
        self, base: str, guard: Guard, typing: Typing = "at once", bypass_secret: str = ""
    ) -> None:
        self._base = base
        self._guard = guard
        self._typing = typing
        self._bypass_secret = bypass_secret
        self._turn: int | None = None

    async def ask(self, query: str, seconds: float) -> Reply:
        """The page itself for an empty query, else the answer that appears on it.

        A missing browser is not the deployment's fault: NOT_CHECKED, with how to get one.
        """
        try:
            from playwright.async_api import Error

            from grader.probes.chromium import BrowserUnavailableError, browser_thread
            from grader.probes.errand import Errand
            from grader.probes.visit import visit
        except ModuleNotFoundError as error:
            return self._not_checked(_missing(error))
        errand = Errand(self._base, query, self._typing, seconds, self._guard, self._bypass_secret)
        thread = browser_thread()
        if self._turn is None:
            self._turn = thread.turn()
        future = thread.submit(functools.partial(visit, errand), self._turn)
        try:
            async with asyncio.timeout(_QUEUE_SECONDS + seconds):
                return await asyncio.wrap_future(future)
        except BrowserUnavailableError as error:
            return self._not_checked(str(error))
        except Error as error:
            return self._not_checked(f"the browser failed: {error.message[:200]}")
        except TimeoutError:
            return self._not_checked("no browser was free")

    def _not_checked(self, why: str) -> Reply:
        return Reply(
            url=f"{self._base}/",
            asked_at=datetime.now(UTC),
            failure=Outcome.NOT_CHECKED,
            detail=why,
        )
