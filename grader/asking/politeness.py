"""The order of a class's jobs: if a site is busy or an app asked for time, others begin first."""

import heapq
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from grader.model import Job
from grader.text.hosts import DEFAULT_PORTS

_PARKED = 512

Site = tuple[str, str, int]


class Polite:
    """Hands out `jobs` in their order, so that only `per_site` are under way at one site.

    The jobs of a busy site are set aside until it has room. There is a limit on how many are set
    aside in all. Only as many jobs are read as are needed.
    """

    def __init__(self, jobs: Iterator[Job], per_site: int) -> None:
        self._jobs = jobs
        self._per_site = per_site
        self._under_way: Counter[Site] = Counter()
        self._parked: dict[Site, deque[Job]] = {}
        # Jobs that wait for their time, as a heap; those of the same time in the order they came.
        self._early: list[tuple[datetime, int, Job]] = []
        self._came = 0

    def start(self) -> Job | None:
        """A job that may begin now; None if there is none. Whoever starts it must call `end`."""
        job = self._unparked() or self._next()
        if job is not None and (site := _site(job)):
            self._under_way[site] += 1
        return job

    def end(self, job: Job) -> None:
        """Make room for another job at the site of `job`."""
        if site := _site(job):
            self._under_way[site] -= 1
            if not self._under_way[site]:
                del self._under_way[site]

    @property
    def wait_for_sites(self) -> bool:
        """Whether a job waits until another one ends at its site."""
        return bool(self._parked)

    def seconds_until_next(self) -> float | None:
        """Seconds until the first job that waits for its time may begin; None if none waits."""
        if not self._early:
            return None
        return max(0.001, (self._early[0][0] - datetime.now(UTC)).total_seconds())

    def _unparked(self) -> Job | None:
        for site, waiting in self._parked.items():
            if self._under_way[site] < self._per_site:
                job = waiting.popleft()
                if not waiting:
                    del self._parked[site]
                return job
        return None

    def _next(self) -> Job | None:
        """The next job that may begin; those that may not yet are set aside on the way."""
        while (job := self._due() or self._read()) is not None:
            site = _site(job)
            if job.not_before is not None and job.not_before > datetime.now(UTC):
                self._came += 1
                heapq.heappush(self._early, (job.not_before, self._came, job))
            elif site is None or self._under_way[site] < self._per_site:
                return job
            else:
                self._parked.setdefault(site, deque()).append(job)
        return None

    def _read(self) -> Job | None:
        """The next job of the class; None if there is none, or no room to set it aside."""
        aside = sum(map(len, self._parked.values())) + len(self._early)
        return next(self._jobs, None) if aside < _PARKED else None

    def _due(self) -> Job | None:
        """A job that has waited for its time, if its time has come."""
        if self._early and self._early[0][0] <= datetime.now(UTC):
            return heapq.heappop(self._early)[2]
        return None


def _site(job: Job) -> Site | None:
    """The site that a job asks; None if its link cannot be asked."""
    if not job.submission.url:
        return None
    parts = urlsplit(job.submission.url)
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
