"""Points, added and split as the decimals that they are written as: three times 0.1 is 0.3."""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache


@lru_cache(1024)
def exact(points: float) -> Decimal:
    """Give points as the decimal that was written."""
    return Decimal(str(points))


def total(points: Iterable[float]) -> float:
    """Add points up."""
    return float(sum(map(exact, points), Decimal()))


@lru_cache(1024)
def split(points: float, parts: int) -> tuple[float, ...]:
    """Split points into parts that add up to them again, as even as four decimals allow."""
    whole = exact(points)
    least = (whole / parts).quantize(Decimal("0.0001"), ROUND_DOWN)
    first = whole - least * (parts - 1)
    return (float(first), *[float(least)] * (parts - 1))
