"""A class's jobs in an order that is polite: whoever shares a site waits, and others overtake.

So do those who go before one whose app asked for time.
"""

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
    """Jobs, of which at most some are under way at one site.

    A site is a scheme, a host and a port. Jobs of a busy one are parked, a bounded number of them
    in all, and begin before later ones as soon as their site has room.

    Args:
        jobs: in the order in which they are wanted; read no further than is needed.
        per_site: how many may be under way at one site.
    """

    def __init__(self, jobs: Iterator[Job], per_site: int) -> None:
        self._jobs = jobs
        self._per_site = per_site
        self._under_way: Counter[Site] = Counter()
        self._parked: dict[Site, deque[Job]] = {}
        # Those whose time has not come: the earliest first, in the order in which they came.
        self._early: list[tuple[datetime, int, Job]] = []
        self._came = 0

    def start(self) -> Job | None:
        """A job that may begin now; None while there is none. `end` must follow."""
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

    def seconds_until_next(self) -> float | None:
        """Seconds until the next of those begin that are to wait; None where there are none."""
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
        room = _PARKED - sum(map(len, self._parked.values())) - len(self._early)
        while (job := self._due()) or (room > 0 and (job := next(self._jobs, None))):
            if job.not_before is not None and job.not_before > datetime.now(UTC):
                self._came += 1
                heapq.heappush(self._early, (job.not_before, self._came, job))
                room -= 1
                continue
            site = _site(job)
            if site is None or self._under_way[site] < self._per_site:
                return job
            self._parked.setdefault(site, deque()).append(job)
            room -= 1
        return None

    def _due(self) -> Job | None:
        """A job that has waited for its time, if that has come."""
        if self._early and self._early[0][0] <= datetime.now(UTC):
            return heapq.heappop(self._early)[2]
        return None


def _site(job: Job) -> Site | None:
    """The site that a job asks; None where its link cannot be asked."""
    if not job.submission.url:
        return None
    parts = urlsplit(job.submission.url)
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
