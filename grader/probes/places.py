"""Places for work of which only so much may go on at once."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator


class Places:
    """`many` places. A free one goes to the lowest turn that waits. Belongs to one event loop."""

    def __init__(self, many: int) -> None:
        self._free = many
        self._count = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @contextlib.asynccontextmanager
    async def one(self, turn: int) -> AsyncIterator[None]:
        """Wait for a place, and have it."""
        await self.take(turn)
        try:
            yield
        finally:
            self.give()

    async def take(self, turn: int = 0) -> None:
        """Wait for a place, which is given back by `give`."""
        if self._free:
            self._free -= 1
            return
        given = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (turn, next(self._count), given))
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self.give()  # the place came too late to be used
            raise

    def give(self) -> None:
        """Give a place back."""
        while self._waiting:
            _, _, given = heapq.heappop(self._waiting)
            if not given.done():
                given.set_result(None)
                return
        self._free += 1
