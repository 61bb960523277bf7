"""The thread that owns the browser of this process, and the event loop that all visits run in.

Playwright's objects belong to the loop that made them. Whoever asks waits in another loop, which
nothing of a visit holds up: even Playwright is imported here.
"""

import asyncio
import atexit
import contextlib
import functools
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from grader.probes.places import Places

if TYPE_CHECKING:
    from grader.probes.chromium import Engine

VISITS_AT_ONCE = 2
_CLOSING_SECONDS = 30.0

Result = TypeVar("Result")
_making = Lock()


class BrowserError(Exception):
    """The browser is missing, does not start or failed: no fault of a deployment. Says why."""


class BrowserThread:
    """Runs `at_once` visits at a time in a browser, which starts with the first one."""

    def __init__(self, at_once: int) -> None:
        self._loop = asyncio.new_event_loop()
        # A cancelled visit leaves replies of the browser behind that nobody waits for.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._at_once = at_once
        self._places = Places(at_once)
        self._turns = itertools.count(1)
        self._repeating = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._engine: Engine | None = None
        self._thread = Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()

    def turn(self) -> int:
        """A turn for all visits to one deployment. It comes after the turns given before."""
        return next(self._turns)

    def submit(
        self, visit: Callable[["Engine"], Coroutine[Any, Any, Result]], turn: int = 0
    ) -> Future[Result]:
        """Run `visit` as soon as a place is free. The lowest turn that waits goes first.

        If the browser died, the visit runs once more, alone: its page may crash the browser again.
        To cancel the future ends the visit.
        """
        return asyncio.run_coroutine_threadsafe(self._run(visit, turn), self._loop)

    def start(self) -> Future["Engine"]:
        """Start the browser before a visit needs it. The future raises BrowserError if it fails."""
        return asyncio.run_coroutine_threadsafe(self._started(), self._loop)

    def close(self) -> None:
        """End the browser and the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_CLOSING_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _run(
        self, visit: Callable[["Engine"], Coroutine[Any, Any, Result]], turn: int
    ) -> Result:
        async with self._places.one(turn):
            engine = await self._started()
            try:
                return await visit(engine)
            except BrowserError:
                if await engine.answers():
                    raise
        async with self._alone():
            return await visit(await self._started())

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Have all places."""
        async with contextlib.AsyncExitStack() as places:
            # Two visits that each hold one place and wait for the other would wait for ever.
            await places.enter_async_context(self._repeating)
            for _ in range(self._at_once):
                await places.enter_async_context(self._places.one(turn=0))
            yield

    async def _started(self) -> "Engine":
        """The running browser. A visit that is cancelled meanwhile does not stop its start."""
        return await asyncio.shield(self._start())

    async def _start(self) -> "Engine":
        try:
            from grader.probes.chromium import Engine
        except ModuleNotFoundError as error:
            raise BrowserError(
                f"{error.name} is not installed, which comes with the extra browser. In the "
                'project\'s folder: pip install -e ".[grader,browser]", then: '
                "python -m playwright install chromium"
            ) from None
        async with self._starting:
            if self._engine is None or not self._engine.alive:
                await self._discard()
                self._engine = await Engine.start()
            return self._engine

    async def _discard(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()

    async def _end(self) -> None:
        async with self._starting:
            await self._discard()


def browser_thread() -> BrowserThread:
    """The one thread of this process, made when somebody first asks for it."""
    with _making:  # a cache alone makes one for each thread that asks at the same moment
        return _browser_thread()


@functools.cache
def _browser_thread() -> BrowserThread:
    thread = BrowserThread(VISITS_AT_ONCE)
    atexit.register(thread.close)
    return thread
