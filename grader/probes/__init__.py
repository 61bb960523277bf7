"""How a deployment is asked: one file for each kind of probe, all behind `Deployment`."""

import asyncio
import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from grader.model import Limits, ProbeKind, Reply, Submission, Typing
from grader.probes.browser import BrowserProbe
from grader.probes.deadline import Deadline
from grader.probes.dialing import Dialer
from grader.probes.guard import Guard, Origin
from grader.probes.http import ApiProbe, Line, kept_alive

_PAST_CACHES = 3


class Probe(Protocol):
    """A way to ask a deployment."""

    def ask(self, query: str, seconds: float) -> Reply:
        """The reply to `query`, within `seconds`."""


class _Awaited:
    """Waits for the browser in the thread of whoever asks."""

    def __init__(self, probe: BrowserProbe) -> None:
        self._probe = probe

    def ask(self, query: str, seconds: float) -> Reply:
        return asyncio.run(self._probe.ask(query, seconds))


class Deployment:
    """One submission's deployed app, asked one query at a time.

    Connections are kept alive between queries; use it as a context manager to close them.
    """

    def __init__(self, submission: Submission, limits: Limits) -> None:
        self._submission = submission
        self._limits = limits
        allowed = Origin.of(submission.url) if limits.allow_private else None
        self._guard = Guard(allowed)
        self._dialer = Dialer(self._guard)
        self._closing = contextlib.ExitStack()
        self._closing.callback(self._dialer.close)
        self._probes: dict[tuple[ProbeKind, Typing], Probe] = {}
        self._healthz = f"{submission.url}/healthz"
        self._line = self._closing.enter_context(self._fresh_line())
        self._past_caches = 0

    def ask_release(self, seconds: float | None = None) -> Reply:
        """What `/healthz` replies, which tells the release; within `seconds`, or the timeout."""
        return self._line.get(self._healthz, seconds or self._limits.timeout)

    def ask_afresh(self, query: str, connections: int) -> Iterator[Reply]:
        """The release, then `query`, each on so many fresh connections, one after the other.

        First all of one kind: behind a proxy that takes its instances in turn, every second
        request would see every second instance only.
        """
        for _ in range(connections):
            with self._fresh_line() as line:
                yield line.get(self._healthz, self._limits.timeout)
        for _ in range(connections):
            with self._fresh_line() as line:
                yield ApiProbe(self._submission.url, line).ask(query, self._limits.timeout)

    def ask(
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
        if (kind, typing) not in self._probes:
            self._probes[kind, typing] = self._open(kind, typing)
        return self._probes[kind, typing].ask(query, seconds or self._limits.timeout)

    def ask_past_caches(self, query: str) -> Reply | None:
        """The API's reply to `query` past whatever keeps copies; None after three of them."""
        if self._past_caches == _PAST_CACHES:
            return None
        self._past_caches += 1
        return ApiProbe(self._submission.url, self._line).ask_past_caches(
            query, self._limits.timeout
        )

    def pause(self, seconds: float) -> None:
        """Wait, unless the grader is stopped meanwhile."""
        with Deadline(seconds + 1, self._dialer.abort) as waiting:
            waiting.pause(seconds)

    @contextlib.contextmanager
    def _fresh_line(self) -> Iterator[Line]:
        send, close = kept_alive(self._dialer)
        try:
            yield Line(self._submission.url, self._dialer, send, self._submission.bypass_secret)
        finally:
            close()

    def _open(self, kind: ProbeKind, typing: Typing) -> Probe:
        url, secret = self._submission.url, self._submission.bypass_secret
        match kind:
            case ProbeKind.API:
                return ApiProbe(url, self._line)
            case ProbeKind.PAGE:
                # requests and Beautiful Soup are slow to import, and not every battery needs them.
                from grader.probes.page import PageProbe, session

                send, close = session(self._dialer)
                self._closing.callback(close)
                return PageProbe(url, Line(url, self._dialer, send, secret))
            case ProbeKind.BROWSER:
                return _Awaited(BrowserProbe(url, self._guard, typing, secret))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.close()
