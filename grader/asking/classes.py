"""The jobs of a class, some of them under way at once, here or on the workers of a cluster."""

import concurrent.futures
import queue
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from grader.asking.grading import grade_job
from grader.asking.loops import WAIT_SECONDS, Scope
from grader.asking.politeness import Polite
from grader.model import Job, Scorecard

_Queue: TypeAlias = "queue.SimpleQueue[Future[Scorecard]]"

# So many results are handed over together at most; other jobs begin after that.
_MOST_TOGETHER = 20
# If no job waits for another one's end, those that end within so many seconds are handed over
# together: one by one costs more, since what stores them and writes pages has left the caches.
_TOGETHER_SECONDS = 0.25


class Graders(Protocol):
    """Grades the jobs of a class: this process, or a cluster."""

    def room(self) -> int:
        """How many jobs may be under way at the moment."""

    def submit(self, job: Job) -> Future[Scorecard]:
        """Begin to grade `job`."""


class LocalGraders:
    """Grades up to `at_once` jobs in this process's event loop, until `scope` ends them."""

    def __init__(self, scope: Scope, at_once: int) -> None:
        self._scope = scope
        self._at_once = at_once

    def room(self) -> int:
        """How many jobs may be under way."""
        return self._at_once

    def submit(self, job: Job) -> Future[Scorecard]:
        """Begin to grade `job` in the loop."""
        return self._scope.start(grade_job(job))


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended, with its scorecard or its crash."""

    job: Job
    result: Scorecard | Exception


def graded(jobs: Polite, graders: Graders) -> Iterator[list[Ended]]:
    """Have all `jobs` graded. Each list holds those that ended at nearly the same time.

    Raises:
        BrokenExecutor: if the graders gave up their jobs.
    """
    done: _Queue = queue.SimpleQueue()
    under_way: dict[Future[Scorecard], Job] = {}
    while True:
        room = graders.room()
        while len(under_way) < room and (job := jobs.start()) is not None:
            future = graders.submit(job)
            under_way[future] = job
            future.add_done_callback(done.put)
        until_next = jobs.seconds_until_next()
        if not under_way and until_next is None:
            return
        # If there is no room, the next job begins when another one ends.
        has_room = len(under_way) < room
        wait = until_next if until_next is not None and has_room else WAIT_SECONDS
        together = _TOGETHER_SECONDS if has_room and not jobs.wait_for_sites else 0.0
        most = min(len(under_way), _MOST_TOGETHER)
        ended: list[Ended] = []
        try:
            for future in _come(done, most, min(WAIT_SECONDS, wait), together):
                job = under_way.pop(future)
                jobs.end(job)
                ended.append(Ended(job, _result(future)))
        finally:  # also what ended before the graders were lost
            if ended:
                yield ended


def _come(done: _Queue, most: int, seconds: float, together: float) -> Iterator[Future[Scorecard]]:
    """The first future that ends within `seconds`, and those that follow within `together` more."""
    try:
        yield done.get(timeout=seconds)
        until = time.monotonic() + together
        for _ in range(most - 1):
            yield done.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        return


def _result(future: Future[Scorecard]) -> Scorecard | Exception:
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except concurrent.futures.CancelledError:
        raise BrokenExecutor("its jobs were given up") from None
    except Exception as error:
        return error
