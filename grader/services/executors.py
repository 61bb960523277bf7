"""What runs a class's jobs: threads, of several processes for many, or a cluster's workers."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from grader.services.open_files import allow_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from grader.cluster import ClusterExecutor
    from grader.jobs import Run

MAX_WORKERS = 512
# What a process has open anyway, and a worker at most: its connection, another one to where that
# was redirected, and what shuts each of them down.
_FILES = 64
_FILES_PER_WORKER = 4
# Fewer are done before another process has started.
_JOBS_PER_PROCESS = 50
# Two visits of the browser's go on at once. While some apps wake up or are asked their API, others
# are visited; many more would be asleep again before it is their turn.
_BROWSER_JOBS = 8
# What a container may use of a large machine is less than it has, and nobody tells.
_MOST_PROCESSES = 8


@contextlib.contextmanager
def cluster_at(scheduler: str | None) -> Iterator[ClusterExecutor | None]:
    """The cluster that is to ask, if any."""
    if scheduler is None:
        yield None
        return
    from grader.cluster import connected

    with connected(scheduler) as cluster:
        yield cluster


def require_browser_of(cluster: ClusterExecutor | None) -> None:
    """See to it that whoever is to ask has a browser: this machine, or each of a cluster's.

    Raises:
        InputError: if one has none that starts.
    """
    from grader.probes.browser import require_browser

    if cluster is None:
        require_browser()
    else:
        cluster.require(require_browser)


@contextlib.contextmanager
def executor_for(
    run: Run, cluster: ClusterExecutor | None, workers: int | None
) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """What runs the jobs that `run` lacks, and how many of them may be under way now.

    Raises:
        InputError: if they are to be asked in a browser, and there is none.
    """
    if run.info.in_browser and run.finished() < run.total():
        require_browser_of(cluster)
    if cluster is not None:
        yield cluster, lambda: workers or cluster.threads()
        return
    many = _workers(workers)
    at_once = min(many, run.total() - run.finished())
    processes = min(_processors(), at_once // _JOBS_PER_PROCESS, _MOST_PROCESSES)
    # A browser is several processes by itself, and there is one for each of ours.
    if processes < 2 or run.info.in_browser:
        with _seldom_switching(), many_threads(workers) as (threads, _):
            yield threads, lambda: min(many, _BROWSER_JOBS) if run.info.in_browser else many
        return
    from grader.processes import ProcessesExecutor

    with _ended(ProcessesExecutor(processes, threads=-(-at_once // processes))) as executor:
        yield executor, lambda: many


@contextlib.contextmanager
def many_threads(workers: int | None = None) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """Threads of this process, as many as there may be files open; and how many these are."""
    from concurrent.futures import ThreadPoolExecutor

    many = _workers(workers)
    with _ended(ThreadPoolExecutor(many, thread_name_prefix="grading")) as executor:
        yield executor, lambda: many


@contextlib.contextmanager
def _seldom_switching() -> Iterator[None]:
    """Threads that wait for the interpreter ask for it less often, while this lasts."""
    from grader.processes import SWITCH_SECONDS

    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@contextlib.contextmanager
def _ended(executor: Executor) -> Iterator[Executor]:
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _workers(wanted: int | None) -> int:
    """How many jobs to run at once: as many as are wanted, or as there may be files open."""
    files = allow_files(_FILES + _FILES_PER_WORKER * (wanted or MAX_WORKERS))
    return wanted or max(1, min(MAX_WORKERS, (files - _FILES) // _FILES_PER_WORKER))


def _processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone tells
    return len(affinity(0)) if affinity else os.cpu_count() or 1
