"""Work beside the event loop, in threads that never keep the process from ending.

At its end, a process waits for the threads of `concurrent.futures`, however long they take.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Threads:
    """Calls functions in at most `most` threads. They start when needed, and wait for more work."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._started = 0
        self._unfinished = 0

    def submit(
        self,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Call `function` as soon as a thread is free. The future has its result."""
        future: Future[Result] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*args, **kwargs))
                except BaseException as error:
                    future.set_exception(error)

        with self._lock:
            if self._started <= self._unfinished and self._started < self._most:
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
                self._started += 1
            self._unfinished += 1
        self._calls.put(call)
        return future

    def _work(self) -> None:
        while True:
            self._calls.get()()  # in no variable, which would hold the last one while this waits
            with self._lock:
                self._unfinished -= 1


# A longer text, in characters, could hold the loop up.
_SHORT = 1024
# Two: they share one processor with the loop, which waits up to 5 ms for each of them.
_beside = Threads(2, "beside")


async def beside(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call a slow function beside the event loop. If this is cancelled, it waits no longer."""
    return await asyncio.wrap_future(_beside.submit(function, *args, **kwargs))


async def beside_if_long(
    texts: Iterable[str],
    function: Callable[Parameters, Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """Call a function that reads `texts`: beside the event loop if one of them is long."""
    if all(len(text) <= _SHORT for text in texts):
        return function(*args, **kwargs)
    return await beside(function, *args, **kwargs)
