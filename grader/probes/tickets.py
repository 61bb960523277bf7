"""What one visit of the browser may do in the network."""

import asyncio
from typing import TYPE_CHECKING, Any

from grader.probes.guard import Guard

if TYPE_CHECKING:
    from grader.probes.faults import RequestError

BYTE_CAP = 20 * 1024 * 1024
CONNECTIONS_AT_ONCE = 64
CONNECTIONS_IN_ALL = 1000


class Ticket:
    """What one visit may do.

    The proxy serves it alone at `url`. It is `exhausted` if it wanted more bytes than it may have.
    `failures` holds why the last connection to a host and port failed.
    """

    def __init__(self, guard: Guard, url: str) -> None:
        self.guard = guard
        self.url = url
        self.exhausted = False
        self.failures: dict[tuple[str, int], RequestError] = {}
        self._over = False
        self._bytes = 0
        self._connections = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    def enter(self) -> bool:
        """Count a connection, which this task serves; False if the visit may not have it."""
        self._connections += 1
        many = len(self._tasks) >= CONNECTIONS_AT_ONCE or self._connections > CONNECTIONS_IN_ALL
        task = asyncio.current_task()
        if self._over or many or task is None:
            return False
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def spend(self, size: int) -> None:
        """Count bytes, whichever way they pass.

        Raises:
            ConnectionAbortedError: if these are too many. Every connection of the visit ends.
        """
        self._bytes += size
        if self._bytes > BYTE_CAP:
            self.exhausted = True
            self.end()
            raise ConnectionAbortedError("the visit's bytes are used up")

    def end(self) -> None:
        """End every connection, and allow no more."""
        self._over = True
        for task in self._tasks:
            task.cancel()
