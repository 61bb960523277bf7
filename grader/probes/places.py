"""Places for visits: few go on at once, and the deployment that came first goes first."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator


class Places:
    """A number of places. A free place goes to the lowest turn that waits for one.

    Belongs to one event loop.

    Args:
        many: how many places there are.
    """

    def __init__(self, many: int) -> None:
        self._free = many
        self._count = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @contextlib.asynccontextmanager
    async def one(self, turn: int) -> AsyncIterator[None]:
        """Wait for a place, and have it."""
        await self._take(turn)
        try:
            yield
        finally:
            self._give()

    async def _take(self, turn: int) -> None:
        if self._free:
            self._free -= 1
            return
        given = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (turn, next(self._count), given))
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self._give()  # the place came too late to be used
            raise

    def _give(self) -> None:
        while self._waiting:
            _, _, given = heapq.heappop(self._waiting)
            if not given.done():
                given.set_result(None)
                return
        self._free += 1
