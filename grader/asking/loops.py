"""The one event loop that asks, in a thread of its own, and the scopes that end what they began.

The caller's thread stays free for work that would hold the loop up: the store, pages, a terminal.
It also gets Ctrl-C, which reaches the main thread alone.
"""

import asyncio
import atexit
import concurrent.futures
import contextlib
import functools
import importlib
import queue
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

_T = TypeVar("_T")

WAIT_SECONDS = 1.0
"""The longest single wait: on Windows, Ctrl-C does not interrupt a wait without an end."""

_starting = threading.Lock()


class Scope:
    """All that one run, check or contest has under way. Closing the scope ends that alone."""

    def __init__(self) -> None:
        with _starting:
            self._loop = _running_loop()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Begin `work` in the loop. If the scope closes first, the future has CancelledError."""
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()  # the scope alone can end it

        def begin() -> None:
            task = self._loop.create_task(work)
            self._under_way.add(task)
            task.add_done_callback(functools.partial(self._end, future))
            if self._closed:
                task.cancel()

        self._loop.call_soon_threadsafe(begin)
        return future

    def result(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do `work` in the loop, and wait for its result."""
        future = self.start(work)
        while not future.done():
            concurrent.futures.wait([future], WAIT_SECONDS)
        return future.result()

    def iterate(self, events: AsyncGenerator[_T, None]) -> Iterator[_T]:
        """The events that `events` yields in the loop, one by one."""
        told: queue.SimpleQueue[_T | Future[None]] = queue.SimpleQueue()

        async def listen() -> None:
            async with contextlib.aclosing(events):
                async for event in events:
                    told.put(event)

        ended = self.start(listen())
        ended.add_done_callback(told.put)
        while True:
            with contextlib.suppress(queue.Empty):
                event = told.get(timeout=WAIT_SECONDS)
                if isinstance(event, Future):
                    event.result()  # a crash is raised here
                    return
                yield event

    def close(self) -> None:
        """End what is under way, and wait until its connections are closed."""
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result()

    async def _cancel_all(self) -> None:
        self._closed = True
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _end(self, future: Future[_T], task: asyncio.Task[_T]) -> None:
        self._under_way.discard(task)
        if task.cancelled():
            future.set_exception(concurrent.futures.CancelledError())
        elif (error := task.exception()) is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@functools.cache
def _running_loop() -> asyncio.AbstractEventLoop:
    """The loop of this process, which ends with the process; uvloop's if that is installed."""

    def end() -> None:
        # A thread that runs while the interpreter is taken down can crash the process, and then
        # the exit code is not what the command decided.
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_SECONDS)

    try:
        uvloop = importlib.import_module("uvloop")
    except ModuleNotFoundError:
        uvloop = asyncio
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="asking", daemon=True)
    thread.start()
    atexit.register(end)
    return loop
