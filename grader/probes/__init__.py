"""How a deployment is asked: one file for each kind of probe, all behind `Deployment`."""

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Protocol, Self

from grader.model import Limits, ProbeKind, Reply, Submission, Typing
from grader.probes.browser import BrowserProbe
from grader.probes.connections import Connections
from grader.probes.guard import Guard, Origin
from grader.probes.http import ApiProbe, Line
from grader.probes.page import PageProbe

_PAST_CACHES = 3


class Probe(Protocol):
    """A way to ask a deployment."""

    async def ask(self, query: str, seconds: float) -> Reply:
        """The reply to `query`, within `seconds`."""


class Deployment:
    """One submission's deployed app; any number of queries may be asked at once, from one loop.

    Connections are kept alive between queries; use it as an asynchronous context manager to close
    them. Whoever stops waiting for a reply closes the connection that it would have come on.
    """

    def __init__(self, submission: Submission, limits: Limits) -> None:
        self._submission = submission
        self._limits = limits
        self._home = Origin.of(submission.url)
        self._guard = Guard(self._home if limits.allow_private else None)
        self._connections = Connections(self._guard, self._home)
        self._line = self._line_over(self._connections)
        self._probes: dict[tuple[ProbeKind, Typing], Probe] = {}
        self._healthz = f"{submission.url}/healthz"
        self._past_caches = 0

    async def ask_release(self, seconds: float | None = None) -> Reply:
        """What `/healthz` replies, which tells the release; within `seconds`, or the timeout."""
        return await self._line.get(self._healthz, seconds or self._limits.timeout)

    async def ask_afresh(self, query: str, connections: int) -> AsyncGenerator[Reply, None]:
        """The release, then `query`, each on so many fresh connections, one after the other.

        First all of one kind: behind a proxy that takes its instances in turn, every second
        request would see every second instance only.
        """
        for _ in range(connections):
            async with Connections(self._guard, self._home) as fresh:
                reply = await self._line_over(fresh).get(self._healthz, self._limits.timeout)
            yield reply
        for _ in range(connections):
            async with Connections(self._guard, self._home) as fresh:
                probe = ApiProbe(self._submission.url, self._line_over(fresh))
                reply = await probe.ask(query, self._limits.timeout)
            yield reply

    async def ask(
        self,
        kind: ProbeKind,
        query: str,
        typing: Typing = "at once",
        seconds: float | None = None,
    ) -> Reply:
        """The reply to `query` through the probe `kind`.

        Args:
            kind: how it is asked.
            query: what is asked; of a page, nothing but the page itself where it is empty.
            typing: the browser probe's alone.
            seconds: how long it may take; the timeout where it is None.
        """
        probe = self._probes.get((kind, typing))
        if probe is None:
            probe = self._probes[kind, typing] = self._probe(kind, typing)
        return await probe.ask(query, seconds or self._limits.timeout)

    async def ask_past_caches(self, query: str) -> Reply | None:
        """The API's reply to `query` past whatever keeps copies; None after three of them."""
        if self._past_caches == _PAST_CACHES:
            return None
        self._past_caches += 1
        probe = ApiProbe(self._submission.url, self._line)
        return await probe.ask_past_caches(query, self._limits.timeout)

    def _line_over(self, connections: Connections) -> Line:
        return Line(self._submission.url, connections, self._submission.bypass_secret)

    def _probe(self, kind: ProbeKind, typing: Typing) -> Probe:
        url = self._submission.url
        match kind:
            case ProbeKind.API:
                return ApiProbe(url, self._line)
            case ProbeKind.PAGE:
                return PageProbe(url, self._line)
            case ProbeKind.BROWSER:
                return BrowserProbe(url, self._guard, typing, self._submission.bypass_secret)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connections.close()
