"""What a page loads in the browser, and where it leads."""

import contextlib

from playwright.async_api import BrowserContext, Error, Page, Request, Response

from grader.probes.guard import ForbiddenAddressError, Origin
from grader.probes.http import retry_after, telling

_LOADING = frozenset({"document", "fetch", "xhr", "script"})


class Traffic:
    """Follows what a page loads and where it leads, and closes the windows that it opens.

    `status` (None before), `content_type`, `headers` and `retry_after` are those of the reply that
    brought the page. `loading` has the requests under way that may bring an answer, `asked` the
    origins of all of them so far. `led_on` says if the page led on since it was set to False.
    """

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.url = url
        self.status: int | None = None
        self.content_type = ""
        self.headers: dict[str, str] = {}
        self.retry_after: float | None = None
        self.loading: set[Request] = set()
        self.asked: set[Origin] = set()
        self.led_on = False
        self.crashed = False
        self._page = page
        page.on("crash", self._crash)
        page.on("request", self._requested)
        page.on("requestfinished", self._loaded)
        page.on("requestfailed", self._loaded)
        page.on("response", self._responded)
        context.on("page", _close)

    def _crash(self, _page: Page) -> None:
        self.crashed = True

    def _requested(self, request: Request) -> None:
        # There is no event for the end of a shared worker's script from a blob: URL.
        if request.resource_type in _LOADING and (origin := origin_of(request.url)):
            self.loading.add(request)
            self.asked.add(origin)
        if self._is_of_page(request):
            self.url, self.status, self.content_type = request.url, None, ""
            self.led_on = True

    def _loaded(self, request: Request) -> None:
        self.loading.discard(request)

    def _responded(self, response: Response) -> None:
        if self._is_of_page(response.request):
            self.url, self.status = response.url, response.status
            self.content_type = response.headers.get("content-type", "")
            self.headers = telling(response.headers)
            self.retry_after = retry_after(response.headers)

    def _is_of_page(self, request: Request) -> bool:
        """Whether it is for the page itself, not for something on it."""
        return request.is_navigation_request() and request.frame == self._page.main_frame


async def _close(window: Page) -> None:
    with contextlib.suppress(Error):
        await window.close()


def origin_of(url: str) -> Origin | None:
    """The origin of a URL; None if it has none: scripts may lead to any URL."""
    with contextlib.suppress(ForbiddenAddressError):
        return Origin.of(url)
    return None
