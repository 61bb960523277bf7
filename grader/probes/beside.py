"""Work beside the event loop, in threads that never keep the process from ending.

`concurrent.futures` waits at the end for whatever still runs: a name that nobody answers for, or a
page that takes its parser seconds.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Threads:
    """Calls functions in at most so many threads; a thread ends when nothing is left to do.

    Args:
        most: how many calls run at once; others wait for their turn.
        name: what the threads are called.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._running = 0

    def submit(
        self,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Call `function`; the future is that of its result."""
        future: Future[Result] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*args, **kwargs))
                except BaseException as error:
                    future.set_exception(error)

        with self._lock:
            self._waiting.append(call)
            if self._running == self._most:
                return future
            self._running += 1
        threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                call = self._waiting.popleft()
            call()


# Two: they share one processor with the loop, which waits up to 5 ms for each of them.
_beside = Threads(2, "beside")


async def beside(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """The result of `function`, which may take long, without keeping the loop.

    Whoever is cancelled meanwhile does not wait for it.
    """
    return await asyncio.wrap_future(_beside.submit(function, *args, **kwargs))
