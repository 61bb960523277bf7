"""The graders of a class: this process, or the workers of a cluster."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from grader.asking.classes import Graders
    from grader.asking.cluster import ClusterGraders
    from grader.jobs import Run

MAX_WORKERS = 2000
_FILES = 64  # that a process has open anyway
_FILES_PER_JOB = 2  # a connection, and another one if the first was redirected
# The browser opens two pages at once, while other apps wake up or are asked through their API. If
# more apps woke up, they would be asleep again before the browser comes to them.
_BROWSER_JOBS = 8


def cluster_at(scheduler: str | None) -> AbstractContextManager[ClusterGraders | None]:
    """The cluster whose scheduler has this address; None if there is no address."""
    if scheduler is None:
        return contextlib.nullcontext()
    from grader.asking.cluster import connected

    return connected(scheduler)


def require_browser_of(cluster: ClusterGraders | None) -> None:
    """Raise an InputError if no browser starts on this machine, or on a worker of the cluster."""
    from grader.probes.browser import require_browser

    if cluster is None:
        require_browser()
    else:
        cluster.require(require_browser)


@contextlib.contextmanager
def graders_for(
    run: Run, cluster: ClusterGraders | None = None, workers: int | None = None
) -> Iterator[Graders]:
    """The graders of `run`, for `workers` jobs at once; InputError if a browser is missing."""
    from grader.asking.classes import LocalGraders
    from grader.asking.loops import Scope
    from grader.asking.open_files import allow_files

    if run.info.in_browser and run.finished() < run.total():
        require_browser_of(cluster)
    if cluster is not None:
        cluster.most = workers
        yield cluster
        return
    files = allow_files(_FILES + _FILES_PER_JOB * (workers or MAX_WORKERS))
    at_once = workers or max(1, min(MAX_WORKERS, (files - _FILES) // _FILES_PER_JOB))
    with Scope() as scope:
        yield LocalGraders(scope, min(at_once, _BROWSER_JOBS) if run.info.in_browser else at_once)
