"""Whether a look was good, for each indicator; pure."""

import math
from collections.abc import Sequence

from grader.delivery.watch.values import Indicator, Objective, Sample
from grader.outcomes import Outcome
from grader.text.commits import is_same_commit

# Nothing of the app's own came, or nothing in time.
_AWAY = frozenset(
    {
        Outcome.TOO_SLOW,
        Outcome.UNREACHABLE,
        Outcome.PROTECTED,
        Outcome.RATE_LIMITED,
        Outcome.FORBIDDEN_ADDRESS,
    }
)
_ANSWERS = frozenset({Outcome.RIGHT, Outcome.WRONG, Outcome.EMPTY})
_DAY_SECONDS = 86_400.0


def counts(sample: Sample) -> bool:
    """Whether it says anything of the app."""
    return sample.outcome is not Outcome.NOT_CHECKED


def is_right(sample: Sample) -> bool:
    """Whether the answer was right."""
    return sample.outcome is Outcome.RIGHT


def is_available(sample: Sample) -> bool:
    """Whether the app itself replied, even if with an error."""
    return counts(sample) and sample.outcome not in _AWAY


def is_error(sample: Sample) -> bool:
    """Whether there was no answer at all, right or wrong."""
    return counts(sample) and sample.outcome not in _ANSWERS


def is_good(sample: Sample, objective: Objective) -> bool | None:
    """Whether the sample is good for the objective; None if it does not count for it.

    A reply that never came is late, but one that was an error at once is not.
    """
    if not counts(sample):
        return None
    match objective.indicator:
        case Indicator.RIGHT:
            return is_right(sample)
        case Indicator.AVAILABLE:
            return is_available(sample)
        case Indicator.ERRORS:
            return not is_error(sample)
        case Indicator.LATENCY:
            if sample.outcome is Outcome.TOO_SLOW:
                return False
            return None if sample.ms is None else sample.ms <= objective.bound
        case Indicator.CERTIFICATE:
            left = days_left(sample)
            return None if left is None else left >= objective.bound


def days_left(sample: Sample) -> float | None:
    """For how many days the certificate still holds; None without one."""
    ends = sample.certificate_expires_at
    return None if ends is None else (ends - sample.at).total_seconds() / _DAY_SECONDS


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest of the values that so many percent of them do not exceed; None of none."""
    if not values:
        return None
    rank = math.ceil(round(percent / 100 * len(values), 9))
    return sorted(values)[max(rank, 1) - 1]


def is_same(commit: str | None, other: str | None) -> bool:
    """Whether they are one commit; either may be abbreviated."""
    if not commit or not other:
        return commit == other
    return is_same_commit(commit, other)
