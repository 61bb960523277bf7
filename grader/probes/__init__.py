"""How a deployment is asked: one file for each kind of probe, all behind `Deployment`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Self

from grader.model import Limits, ProbeKind, Reply, Submission, Typing
from grader.probes.browser import BrowserProbe
from grader.probes.connections import Connections
from grader.probes.guard import Guard, Origin
from grader.probes.http import Line
from grader.probes.page import PageProbe

_PAST_CACHES = 3
# A page of indicators may be longer than an answer: each has lines for its help and its labels.
_METRICS_CAP = 256 * 1024


class Deployment:
    """One submission's deployed app. It may be asked many queries at once, from one event loop.

    The context manager closes the connections. A query that is cancelled closes its own.
    """

    def __init__(self, submission: Submission, limits: Limits) -> None:
        self._submission = submission
        self._limits = limits
        self._home = Origin.of(submission.url)
        self._guard = Guard(self._home if limits.allow_private else None)
        self._connections = Connections(self._guard, self._home)
        self._line = self._line_over(self._connections)
        self._page = PageProbe(self._line)
        self._browser = BrowserProbe(submission.url, self._guard, submission.bypass_secret)
        self._past_caches = 0

    async def ask_release(self, seconds: float | None = None) -> Reply:
        """The reply of `/healthz`, which names the release; within `seconds`, or the timeout."""
        return await self._line.get(self._line.healthz, seconds or self._limits.timeout)

    async def ask_metrics(self, seconds: float) -> Reply:
        """The reply of `/metrics`, an app's own indicators; within `seconds`."""
        return await self._line.get(self._line.metrics, seconds, _METRICS_CAP)

    async def ask_afresh(self, query: str, connections: int) -> AsyncGenerator[Reply, None]:
        """The release, then `query`, each on so many fresh connections, one after the other.

        All releases come first: if a proxy takes its instances in turn and both were asked by
        turns, each of the two would meet every second instance only.
        """
        for url in (self._line.healthz, self._line.api(query)):
            for _ in range(connections):
                async with aclosing(Connections(self._guard, self._home)) as fresh:
                    reply = await self._line_over(fresh).get(url, self._limits.timeout)
                yield reply

    async def ask(
        self,
        kind: ProbeKind,
        query: str,
        typing: Typing = "at once",
        seconds: float | None = None,
    ) -> Reply:
        """The reply to `query`. If the query is empty, a page is only looked at.

        `typing` is for the browser probe alone. If `seconds` is None, the timeout holds.
        """
        seconds = seconds or self._limits.timeout
        match kind:
            case ProbeKind.API:
                return await self._line.get(self._line.api(query), seconds)
            case ProbeKind.PAGE:
                return await self._page.ask(query, seconds)
            case ProbeKind.BROWSER:
                return await self._browser.ask(query, seconds, typing)

    async def ask_past_caches(self, query: str) -> Reply | None:
        """The API's reply to `query` at an address that no cache knows; None after three calls."""
        if self._past_caches == _PAST_CACHES:
            return None
        self._past_caches += 1
        return await self._line.get(self._line.uncached(query), self._limits.timeout)

    def _line_over(self, connections: Connections) -> Line:
        return Line(self._submission.url, connections, self._submission.bypass_secret)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.aclose()
