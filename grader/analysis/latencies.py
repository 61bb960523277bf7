"""How fast the deployments of a class answered."""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate

from grader.model import Latency, Scorecard

# Milliseconds at which a bin of the histogram begins; each is about twice the one before.
_EDGES = (50, 100, 200, 500, 1_000, 2_000, 5_000)
_BINS = (
    "under 50 ms",
    "50 to 100 ms",
    "100 to 200 ms",
    "200 to 500 ms",
    "0.5 to 1 s",
    "1 to 2 s",
    "2 to 5 s",
    "over 5 s",
)
_SLOWEST = 5


@dataclass(frozen=True, slots=True)
class Slow:
    """One student's deployment, and how long its replies took."""

    andrew_id: str
    name: str
    latency: Latency


@dataclass(slots=True)
class Latencies:
    """The times of replies, the slowest apps by median, and how many right answers came late."""

    degraded: int = 0
    slowest: list[Slow] = field(default_factory=list)
    _counts: Counter[float] = field(default_factory=Counter)

    def see(self, scorecard: Scorecard) -> None:
        """Take in one student's replies."""
        for verdict in scorecard.verdicts:
            self.degraded += verdict.degraded
            if verdict.reply is not None and verdict.reply.failure is None:
                # Three digits are exact enough, and keep the number of keys small.
                self._counts[float(f"{verdict.reply.elapsed_ms:.3g}")] += 1
        latency = scorecard.latency
        if latency is not None:
            student = scorecard.submission
            slow = Slow(student.andrew_id, student.name, latency)
            by_median = sorted([*self.slowest, slow], key=lambda each: -each.latency.median_ms)
            self.slowest = by_median[:_SLOWEST]

    @property
    def replies(self) -> int:
        """How many replies there are."""
        return self._counts.total()

    @property
    def latency(self) -> Latency | None:
        """Median and 95th percentile of all replies by nearest rank; None if no reply came."""
        if not self._counts:
            return None
        return Latency(self._percentile(0.5), self._percentile(0.95))

    def _percentile(self, share: float) -> float:
        ascending = sorted(self._counts)
        ranks = list(accumulate(self._counts[elapsed] for elapsed in ascending))
        return ascending[bisect_left(ranks, math.ceil(share * self.replies))]

    @property
    def distribution(self) -> list[tuple[str, int]]:
        """Replies for each bin, the fastest first."""
        counts: Counter[int] = Counter()
        for elapsed, count in self._counts.items():
            counts[bisect_right(_EDGES, elapsed)] += count
        return [(label, counts[bin_number]) for bin_number, label in enumerate(_BINS)]
