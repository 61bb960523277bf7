"""Numbers as people write them, the same in every format."""

from decimal import Decimal

import pytest

from grader.formats.words import decimal, scaled


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [(3.125, 2, "3.13"), (0.625, 2, "0.63"), (-0.0, 2, "0"), (100.0, 2, "100"), (2.5, 0, "3")],
)
def test_halves_are_rounded_up(value: float, places: int, written: str) -> None:
    assert decimal(value, places) == written
    if places == 2:
        assert scaled(value, Decimal(100)) == written
