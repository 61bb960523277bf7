"""Event loops for tests."""

import asyncio
import contextlib
import queue
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from grader.model import Limits, ProbeKind, Reply, Submission, Typing
from grader.probes import Deployment

Result = TypeVar("Result")


def in_a_thread(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; Playwright's fixtures keep a loop of their own in the tests' thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Deployed:
    """A deployment asked from a test's thread, while a loop runs in another, also between asks."""

    def __init__(self, deployment: Deployment, loop: asyncio.AbstractEventLoop) -> None:
        self.deployment = deployment
        self._loop = loop

    def ask(
        self, kind: ProbeKind, query: str, typing: Typing = "at once", seconds: float | None = None
    ) -> Reply:
        return self.run(self.deployment.ask(kind, query, typing, seconds))

    def ask_release(self) -> Reply:
        return self.run(self.deployment.ask_release())

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextlib.contextmanager
def deployed(submission: Submission, limits: Limits) -> Iterator[Deployed]:
    """A deployment to be asked; on leaving, its connections and its loop are closed."""
    started: queue.SimpleQueue[asyncio.AbstractEventLoop] = queue.SimpleQueue()

    def run() -> None:
        with asyncio.Runner() as runner:
            started.put(runner.get_loop())
            runner.get_loop().run_forever()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run)
        loop = started.get()
        asked = Deployed(Deployment(submission, limits), loop)
        try:
            yield asked
        finally:
            asked.run(asked.deployment.__aexit__(None, None, None))
            loop.call_soon_threadsafe(loop.stop)
