"""A class's jobs in an order that is polite: whoever shares a site waits, and others overtake."""

from collections import Counter, deque
from collections.abc import Iterator
from urllib.parse import urlsplit

from grader.model import Job

_PARKED = 512
_PORTS = {"http": 80, "https": 443}

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

    def _unparked(self) -> Job | None:
        for site, waiting in self._parked.items():
            if self._under_way[site] < self._per_site:
                job = waiting.popleft()
                if not waiting:
                    del self._parked[site]
                return job
        return None

    def _next(self) -> Job | None:
        room = _PARKED - sum(map(len, self._parked.values()))
        while room > 0 and (job := next(self._jobs, None)) is not None:
            site = _site(job)
            if site is None or self._under_way[site] < self._per_site:
                return job
            self._parked.setdefault(site, deque()).append(job)
            room -= 1
        return None


def _site(job: Job) -> Site | None:
    """The site that a job asks; None where its link cannot be asked."""
    if not job.submission.url:
        return None
    parts = urlsplit(job.submission.url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme]
