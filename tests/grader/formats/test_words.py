"""Numbers as people write them, the same in every format."""

from decimal import Decimal

import pytest

from grader.formats.words import decimal, percent, percents, scaled, seconds


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [(3.125, 2, "3.13"), (0.625, 2, "0.63"), (-0.0, 2, "0"), (100.0, 2, "100"), (2.5, 0, "3")],
)
def test_halves_are_rounded_up(value: float, places: int, written: str) -> None:
    assert decimal(value, places) == written
    if places == 2:
        assert scaled(value, Decimal(100)) == written


def test_more_than_all_of_it_is_more_points() -> None:
    assert scaled(150.0, Decimal(10)) == "15"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0 %"),
        (0.01, "0.1 %"),
        (66.66, "66.7 %"),
        (76.0, "76 %"),
        (99.99, "99.9 %"),
        (100, "100 %"),
    ],
)
def test_only_all_of_it_is_100_percent(value: float, written: str) -> None:
    assert percent(value) == written
    assert percents(0, value) == f"0 to {written}"


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [(41.4, "41 ms"), (999.4, "999 ms"), (999.6, "1.0 s"), (2612, "2.6 s")],
)
def test_a_duration_has_one_form(milliseconds: float, written: str) -> None:
    assert seconds(milliseconds) == written
