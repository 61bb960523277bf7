"""The statistics of the gate, without a library: Fisher's test, Mann's and Whitney's, a binomial.

The tests are one-sided. They give the probability that chance alone makes the first side look at
least so much worse than the second, if both are alike. Pure.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# Up to so many values on each side, the probability is counted out and not approximated.
_COUNTED_OUT = 20


def fisher(bad: int, of: int, bad_beside: int, of_beside: int) -> float:
    """Fisher's exact test: how likely are `bad` of `of` or more, beside the other side's counts?"""
    every, all_bad = of + of_beside, bad + bad_beside
    lowest, highest = max(0, all_bad - of_beside), min(of, all_bad)
    if bad <= lowest:
        return 1.0
    if bad * every > of * all_bad:  # above the mean: the terms shrink upward
        return min(1.0, _terms(range(bad, highest + 1), of, all_bad, every))
    return max(0.0, 1.0 - _terms(range(bad - 1, lowest - 1, -1), of, all_bad, every))


def at_most(count: int, of: int, rate: float) -> float:
    """The probability that at most `count` of `of` happen, if each does at this rate (binomial)."""
    if rate <= 0 or count >= of:
        return 1.0
    if rate >= 1:
        return 0.0
    log, log_not = math.log(rate), math.log1p(-rate)
    terms = (_log_comb(of, k) + k * log + (of - k) * log_not for k in range(count + 1))
    return min(1.0, sum(map(math.exp, terms)))


def _terms(counts: range, of: int, all_bad: int, every: int) -> float:
    """The sum of hypergeometric probabilities of `counts`, whose terms shrink from the first on."""
    count = counts[0]
    term = math.exp(
        _log_comb(all_bad, count) + _log_comb(every - all_bad, of - count) - _log_comb(every, of)
    )
    total = 0.0
    good = every - all_bad
    for count in counts:
        total += term
        if counts.step > 0:
            term *= (all_bad - count) * (of - count)
            term /= (count + 1) * (good - of + count + 1)
        else:
            term *= count * (good - of + count)
            term /= (all_bad - count + 1) * (of - count + 1)
        if term <= total * 1e-17:
            break
    return total


def _log_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


@dataclass(frozen=True, slots=True)
class RankSum:
    """What the test of Mann and Whitney says.

    Attributes:
        u: how many pairs have the greater value on the first side; a tie counts half.
        p: the probability of such a `u` or a greater one by chance.
        share: `u` as a share of all pairs: 0.5 if both sides are alike, 1 if the first is greater.
    """

    u: float
    p: float
    share: float


def mann_whitney(values: Sequence[float], beside: Sequence[float]) -> RankSum:
    """Whether `values` are greater than those `beside`; there is at least one on each side."""
    n, m = len(values), len(beside)
    ordered = sorted(beside)
    u = 0.5 * sum(bisect_left(ordered, each) + bisect_right(ordered, each) for each in values)
    repeats = Counter(values)
    repeats.update(ordered)
    ties = [count for count in repeats.values() if count > 1]
    if not ties and max(n, m) <= _COUNTED_OUT:
        p = _counted_out(u, n, m)
    else:
        p = _approximated(u, n, m, ties)
    return RankSum(u, p, u / (n * m))


def _counted_out(u: float, n: int, m: int) -> float:
    """The share of all orders of the values that have a `u` as great, or greater."""
    ways = [1] + [0] * (n * m)
    # The numbers of ways are the coefficients of a Gaussian binomial: multiply, then divide.
    for i in range(1, n + 1):
        for j in range(n * m, m + i - 1, -1):
            ways[j] -= ways[j - m - i]
        for j in range(i, n * m + 1):
            ways[j] += ways[j - i]
    return sum(ways[math.ceil(u) :]) / math.comb(n + m, n)


def _approximated(u: float, n: int, m: int, ties: Sequence[int]) -> float:
    """By the normal distribution, with the corrections for ties and for continuity."""
    every = n + m
    tied = sum(count**3 - count for count in ties)
    variance = n * m / 12 * (every + 1 - tied / (every * (every - 1)))
    if variance <= 0:  # all values are the same
        return 1.0
    z = (u - n * m / 2 - 0.5) / math.sqrt(variance)
    return 0.5 * math.erfc(z / math.sqrt(2))
