"""A free host's noise, on a virtual clock: what `benchmarks.delivery` asks instead of an app.

The model, the same for candidate and baseline, each drawn anew for every decision:

- a reply takes 120 ms in the median, and is log-normal around it (sigma 0.35: one of twenty takes
  1.8 times as long);
- two hosts differ by up to 10% either way (the logarithm of their ratio is uniform);
- each host drifts slowly: three waves of 5, 20 and 60 minutes with any phase, 2% each;
- 1% of the requests fail;
- 0.5% of the replies come from a cold start, and take one to five seconds more;
- where there are eight servers, each request meets any of them.
"""

import math
from dataclasses import dataclass
from random import Random

MEDIAN_MS, SIGMA = 120.0, 0.35
ERRORS = 0.01
COLD_STARTS, COLD_MS = 0.005, (1000.0, 5000.0)
PERIODS = (300.0, 1200.0, 3600.0)
SERVERS = 8


@dataclass(frozen=True)
class Noise:
    """How far hosts differ, and how far each of a host's waves drifts."""

    spread: float = 0.10
    drift: float = 0.02


@dataclass(frozen=True)
class Kind:
    """A kind of candidate: what is bad about it, if anything is.

    Attributes:
        wrong: the share of queries that it always answers wrong.
        wavering: the share of its replies, to any query, that are wrong.
        errors: the share of requests that fail beside the usual ones.
        slower: how many times longer its replies take.
        stale: how many of its eight servers run old code.
        learned: how many queries it answers right, and old code and the baseline wrong.
        tells: whether either side tells its release.
    """

    name: str
    must: str
    wrong: float = 0.0
    wavering: float = 0.0
    errors: float = 0.0
    slower: float = 1.0
    stale: int = 0
    learned: int = 0
    tells: bool = True
    noise: Noise = Noise()


class Host:
    """One deployment: what it replies to a query at a time, in seconds of the virtual clock."""

    def __init__(self, kind: Kind, factor: float, texts: int, rng: Random) -> None:
        self.kind = kind
        self.wrong_on_stale: set[int] = set()
        self.wrong = {text for text in range(texts) if rng.random() < kind.wrong}
        self._rng = rng
        self._typical = math.log(MEDIAN_MS * factor * kind.slower)
        drift = kind.noise.drift
        self._waves = [(drift, math.tau / each, math.tau * rng.random()) for each in PERIODS]

    def fails(self) -> bool:
        """Whether a request fails."""
        return self._rng.random() < ERRORS + self.kind.errors

    def answers_right(self, text: int) -> bool:
        """Whether the reply to this query is right."""
        wrong = self.wrong_on_stale if self.wrong_on_stale and self.is_stale() else self.wrong
        return text not in wrong and self._rng.random() >= self.kind.wavering

    def takes_ms(self, now: float) -> float:
        """How long a reply takes."""
        drift = sum(size * math.sin(pace * now + phase) for size, pace, phase in self._waves)
        ms = math.exp(self._rng.gauss(self._typical + drift, SIGMA))
        if self._rng.random() < COLD_STARTS:
            ms += self._rng.uniform(*COLD_MS)
        return ms

    def is_stale(self) -> bool:
        """Whether a request meets a server with old code."""
        return self._rng.randrange(SERVERS) < self.kind.stale


def pair(kind: Kind, texts: int, rng: Random) -> tuple[Host, Host]:
    """A candidate of this kind, and its baseline."""
    factor = math.exp(rng.uniform(-1, 1) * math.log1p(kind.noise.spread))
    good = Kind("baseline", "", noise=kind.noise)
    candidate, baseline = Host(kind, factor, texts, rng), Host(good, 1.0, texts, rng)
    baseline.wrong = candidate.wrong_on_stale = set(rng.sample(range(texts), kind.learned))
    return candidate, baseline
