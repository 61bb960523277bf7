"""The jobs of a class, some of them under way at once, here or on the workers of a cluster."""

import concurrent.futures
import queue
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
_MOST_TOGETHER = 50


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
    """Have all `jobs` graded. Each list holds those that had ended at one moment.

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
        wait = until_next if until_next is not None and len(under_way) < room else WAIT_SECONDS
        ended: list[Ended] = []
        try:
            for future in _come(done, min(WAIT_SECONDS, wait)):
                job = under_way.pop(future)
                jobs.end(job)
                ended.append(Ended(job, _result(future)))
        finally:  # also what ended before the graders were lost
            if ended:
                yield ended


def _come(done: _Queue, seconds: float) -> Iterator[Future[Scorecard]]:
    """The futures that have ended; if there are none, the first that ends within `seconds`."""
    try:
        yield done.get(timeout=seconds)
        for _ in range(_MOST_TOGETHER - 1):
            yield done.get_nowait()
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
