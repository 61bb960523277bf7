"""Points are decimals: what is added and split is what people would write."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import split, total

# As a battery may say it.
POINTS = st.decimals(min_value=0, max_value=1_000_000, places=3).map(float)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([0.1, 0.1, 0.1], 0.3),
        ([0.1, 0.2], 0.3),
        ([0.7, 0.1, 0.2], 1.0),
        ([1.1, 2.2, 3.3], 6.6),
        ([10, 10.0, 0], 20.0),
        ([], 0.0),
    ],
)
def test_sums_are_exact(points: list[float], expected: float) -> None:
    assert str(total(points)) == str(expected)


@given(st.lists(POINTS, max_size=50))
def test_a_sum_has_no_more_decimals_than_its_points(points: list[float]) -> None:
    exponent = Decimal(str(total(points))).as_tuple().exponent
    assert isinstance(exponent, int)
    assert exponent >= -3


@pytest.mark.parametrize(
    ("points", "parts", "expected"),
    [
        (10, 1, [10.0]),
        (10, 2, [5.0, 5.0]),
        (5, 2, [2.5, 2.5]),
        (0.3, 3, [0.1, 0.1, 0.1]),
        (10, 3, [3.3334, 3.3333, 3.3333]),
        (0, 3, [0.0, 0.0, 0.0]),
    ],
)
def test_points_are_split_evenly(points: float, parts: int, expected: list[float]) -> None:
    assert list(split(points, parts)) == expected


@given(POINTS, st.integers(1, 3))
def test_parts_add_up(points: float, parts: int) -> None:
    shares = split(points, parts)
    assert len(shares) == parts
    assert total(shares) == points
    assert max(shares) - min(shares) < 0.001
    assert min(shares) >= 0
