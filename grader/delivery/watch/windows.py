"""The samples of one target over the longest period, and how its objectives stand; pure."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from grader.delivery.watch.indicators import (
    counts,
    days_left,
    is_available,
    is_error,
    is_good,
    is_right,
    percentile,
)
from grader.delivery.watch.values import Indicator, Objective, Objectives, Sample, Standing

LEAST_LOOKS = 12
"""Fewer looks in a period decide nothing."""
LATELY = 6
"""What happens now is judged over this part of the period: its last sixth."""
_LEAST_BAD = 2  # one bad look alone is no incident, however small the budget is


class Window:
    """The samples that count, oldest first."""

    def __init__(self, objectives: Objectives) -> None:
        self._objectives = objectives
        self._kept = timedelta(seconds=objectives.seconds)
        self._samples: deque[Sample] = deque()

    def add(self, sample: Sample) -> None:
        """Take a sample, and forget what is older than the longest period."""
        if counts(sample):
            self._samples.append(sample)
        while self._samples and sample.at - self._samples[0].at >= self._kept:
            self._samples.popleft()

    def is_bad(self, sample: Sample) -> bool:
        """Whether the sample is bad for any objective."""
        return any(is_good(sample, each) is False for each in self._objectives.each)

    def forgive(self) -> None:
        """Take back the bad samples since the last good one: they were our own fault."""
        while self._samples and self.is_bad(self._samples[-1]):
            self._samples.pop()

    def standings(self, now: datetime) -> tuple[Standing, ...]:
        """How each objective stands."""
        return tuple(self._standing(each, now) for each in self._objectives.each)

    def bad(self, objective: Objective, now: datetime) -> list[Sample]:
        """The bad samples of the objective's period, newest first."""
        return [
            each
            for each in self._within(objective.seconds, now)
            if is_good(each, objective) is False
        ]

    def shares(self) -> tuple[int, float | None, float | None, float | None]:
        """How many samples there are, and which shares are right, available and errors."""
        total = len(self._samples)
        if not total:
            return 0, None, None, None
        right, available, errors = (
            sum(map(holds, self._samples)) / total for holds in (is_right, is_available, is_error)
        )
        return total, right, available, errors

    def latencies(self) -> tuple[float | None, float | None]:
        """The median and the 95th percentile in milliseconds."""
        took = [each.ms for each in self._samples if each.ms is not None]
        return percentile(took, 50), percentile(took, 95)

    def _within(self, seconds: float, now: datetime) -> Iterator[Sample]:
        """The samples of the last `seconds`, newest first."""
        period = timedelta(seconds=seconds)
        for sample in reversed(self._samples):
            if now - sample.at >= period:
                return
            yield sample

    def _standing(self, objective: Objective, now: datetime) -> Standing:
        since_lately = now - timedelta(seconds=objective.seconds / LATELY)
        looks = bad = looks_lately = bad_lately = 0
        for sample in self._within(objective.seconds, now):
            good = is_good(sample, objective)
            if good is None:
                continue
            looks += 1
            bad += not good
            if sample.at > since_lately:
                looks_lately, bad_lately = looks, bad
        enough = looks >= LEAST_LOOKS and bad >= _LEAST_BAD
        over = bad > _allowed(objective, looks)
        over_lately = bad_lately > _allowed(objective, looks_lately)
        return Standing(
            objective=objective,
            looks=looks,
            bad=bad,
            measured=self._measured(objective, now, looks, bad),
            spent=_spent(objective, looks, bad),
            spent_lately=_spent(objective, looks_lately, bad_lately),
            missed=enough and over and over_lately,
        )

    def _measured(self, objective: Objective, now: datetime, looks: int, bad: int) -> float | None:
        if not looks:
            return None
        match objective.indicator:
            case Indicator.LATENCY:
                period = self._within(objective.seconds, now)
                took = [each.ms for each in period if each.ms is not None]
                return percentile(took, 100 * objective.share)
            case Indicator.CERTIFICATE:
                return days_left(self._samples[-1])
            case Indicator.ERRORS:
                return 100 * bad / looks
            case _:
                return 100 * (looks - bad) / looks


def _allowed(objective: Objective, looks: int) -> float:
    """How many bad looks the objective allows of so many."""
    return round((1 - objective.share) * looks, 9)


def _spent(objective: Objective, looks: int, bad: int) -> float:
    allowed = _allowed(objective, looks)
    return bad / allowed if allowed else float(bad)
