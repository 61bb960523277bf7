"""Deadlines that really end a request.

A socket's own timeout starts anew with every byte, so a reply that drips never ends by it. One
thread for all requests shuts the sockets of each overdue one down, which ends its read at once,
whether it waits for headers, a body or a TLS handshake.
"""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

# A watchman that wakes this much late, in seconds, was itself starved of the processor: what was
# overdue then may have been our own doing.
_LAG = 0.5
# Seconds between two looks at the deadlines: while none is near, fewer are enough.
_TICK, _LONG_TICK = 0.02, 0.1
# How long, in seconds, a wait that no shutdown of a socket ends may go on unnoticed.
_SLICE = 0.2


class Deadline:
    """A moment by which one request must be over.

    Used as a context manager around the request; `abort` is called from another thread once the
    moment has passed, and never after the context was left.

    Attributes:
        seconds: how long the request may take in all.
        lagged: whether the watchman was late, so that the deadline was not the deployment's.
        stopped: whether the request was ended early, by `all_stopped`.
    """

    def __init__(self, seconds: float, abort: Callable[[], None]) -> None:
        self.seconds = seconds
        self.due = time.monotonic() + seconds
        self.lagged = False
        self.stopped = False
        self._over = False
        self._abort = abort
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @property
    def expired(self) -> bool:
        """Whether the request was ended.

        True before `abort` is called. A reply that the abort cut off may look like a complete
        one, so look here first.
        """
        return self._ended.is_set()

    def remaining(self) -> float:
        """Seconds left, at least a millisecond: a timeout of zero means "never wait"."""
        return max(0.001, self.due - time.monotonic())

    def slices(self, seconds: float = math.inf) -> Iterator[float]:
        """Seconds to wait at a time, until `seconds` are over or the request was ended."""
        over = min(self.due, time.monotonic() + seconds)
        while not self.expired and (left := over - time.monotonic()) > 0:
            yield min(_SLICE, left)

    def pause(self, seconds: float) -> None:
        """Wait, but not past the deadline."""
        self._ended.wait(seconds)

    def expire(self) -> None:
        """End the request, unless it is over."""
        with self._lock:
            if not (self._over or self.expired):
                late = time.monotonic() - self.due
                self.stopped = late < 0
                self.lagged = late > _LAG
                self._ended.set()
                self._abort()

    def __enter__(self) -> Self:
        _watchman.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _watchman.remove(self)
        with self._lock:
            self._over = True


class _Watchman:
    """The one thread that looks at all deadlines.

    It looks at all of them again and again: a queue ordered by time would cost each of thousands of
    requests a lock that all of them share.
    """

    def __init__(self) -> None:
        self._watched: set[Deadline] = set()
        self._busy = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self.stopping = 0

    def add(self, deadline: Deadline) -> None:
        self._watched.add(deadline)
        if not self._busy.is_set():
            self._busy.set()
        if self._thread is None:
            self._start()
        if self.stopping:
            deadline.expire()

    def remove(self, deadline: Deadline) -> None:
        self._watched.discard(deadline)

    def stop(self) -> None:
        self.stopping += 1
        for deadline in tuple(self._watched):
            deadline.expire()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            self._busy.wait()
            while self._watched:
                now = time.monotonic()
                nearest = math.inf
                for deadline in tuple(self._watched):
                    if deadline.due <= now:
                        deadline.expire()
                    else:
                        nearest = min(nearest, deadline.due - now)
                time.sleep(max(_TICK, min(_LONG_TICK, nearest / 2)))
            self._busy.clear()
            if self._watched:
                # Added between the last look and the clearing.
                self._busy.set()


_watchman = _Watchman()


@contextlib.contextmanager
def all_stopped() -> Iterator[None]:
    """While this lasts every request ends at once, those under way and those to come."""
    _watchman.stop()
    try:
        yield
    finally:
        _watchman.stopping -= 1
