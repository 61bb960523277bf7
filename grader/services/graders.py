"""Who grades a class's jobs: this process, or a cluster's workers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.asking.classes import Graders
    from grader.asking.cluster import ClusterGraders
    from grader.jobs import Run

MAX_WORKERS = 2000
# What a process has open anyway, and a job at most: its connection, and one to where that was
# redirected.
_FILES = 64
_FILES_PER_JOB = 2
# Two visits of the browser's go on at once. While some apps wake up or are asked their API, others
# are visited; many more would be asleep again before it is their turn.
_BROWSER_JOBS = 8


@contextlib.contextmanager
def cluster_at(scheduler: str | None) -> Iterator[ClusterGraders | None]:
    """The cluster that is to ask, if any."""
    if scheduler is None:
        yield None
        return
    from grader.asking.cluster import connected

    with connected(scheduler) as cluster:
        yield cluster


def require_browser_of(cluster: ClusterGraders | None) -> None:
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
def graders_for(
    run: Run, cluster: ClusterGraders | None = None, workers: int | None = None
) -> Iterator[Graders]:
    """Whoever grades the jobs that `run` lacks, `workers` of them at once at most.

    Raises:
        InputError: if they are to be asked in a browser, and there is none.
    """
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
