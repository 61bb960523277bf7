from decimal import Decimal

import pytest

from grader.judging.numbers import find_lone_number, find_numbers


def values(text: str) -> list[Decimal]:
    return [number.value for number in find_numbers(text)]


def lone_values(text: str) -> list[Decimal]:
    return [number.value for number in find_lone_number(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("83", [83]),
        ("83.0", [83]),
        ("8.3e1", [83]),
        ("1.5e+10", [15_000_000_000]),
        ("25e-2", ["0.25"]),
        (".5", ["0.5"]),
        ("-9", [-9]),
        ("+9", [9]),
        ("+-9", [-9]),
        ("\u22129", [-9]),  # minus sign
        ("\u20139", [-9]),  # en dash
        ("(-9)", [-9]),
        ("[1,-9]", [1, -9]),
        ("a = -9", [-9]),
        # A dash between operands is no sign.
        ("3-4", [3, 4]),
        ("5-3=2", [5, 3, 2]),
        ("76 - 92", [76, 92]),
        ("(76)-92", [76, 92]),
        ("3 \u2013 4", [3, 4]),
        ("76 -92", [76, -92]),
        # Digits in words, versions, addresses and times are no numbers.
        ("23px", []),
        ("x1", []),
        ("0x53", []),
        ("_1", []),
        ("10th", []),
        ("1.2.3", []),
        ("10.0.0.1", []),
        ("12:30", []),
        ("12:30:59", []),
        ("gpt-4", []),
        ("a 3-letter word", []),
        ("1e", []),
        ("nan, infinity, -inf", []),
        ("±9", []),
        # Punctuation around numbers is no part of them.
        ("$83", [83]),
        ("83%", [83]),
        ("83!", [83]),
        ("**83**", [83]),
        ("83. next", [83]),
        ("2...3", [2, 3]),
        ("[2, 3]", [2, 3]),
        ("2,3;5/7", [2, 3, 5, 7]),
        ("2 and 3", [2, 3]),
        ("1,64", [1, 64]),
        ("1,000", [1, 0]),
        ("- 2 - 3", [2, 3]),
        ("\u0668\u0663", [83]),  # Arabic-Indic digits have the same values
    ],
)
def test_numbers_are_read_as_a_person_would(text: str, expected: list[int | str]) -> None:
    assert values(text) == [Decimal(value) for value in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("83,521", ["83521"]),
        ("-1,234,567.5", ["-1234567.5"]),
        ("83, 521", ["83", "521"]),
        ("1,234,56", ["1", "234", "56"]),
        ("100,2000", ["100", "2000"]),
        ("8352,100", ["8352", "100"]),
        ("0,083", ["0", "83"]),  # a decimal comma: not 83
        ("12,66,54", ["12", "66", "54"]),
        ("- 9", ["-9"]),
        ("the answer is - 9", ["-9"]),
        ("76 - 92 = - 16", ["76", "92", "-16"]),
        ("minus 9", ["-9"]),
        ("it is negative .5", ["-0.5"]),
        ("76 minus 92", ["76", "92"]),
        ("(76) minus 92", ["76", "92"]),
        ("makes minus 9", ["-9"]),
        ("equal to minus 9", ["-9"]),
        ("=negative 9", ["-9"]),
        ("it was - 9", ["-9"]),
        ("\u2192 - 9", ["-9"]),
        ("-> - 9", ["-9"]),
        ("the answer - 9", ["9"]),  # a dash in place of a colon
        ("the terminus 9", ["9"]),
    ],
)
def test_where_one_number_is_expected(text: str, expected: list[str]) -> None:
    assert lone_values(text) == [Decimal(value) for value in expected]


@pytest.mark.parametrize("text", ["1e" + "9" * 30, "-1e-" + "9" * 30])
def test_an_astronomic_exponent_is_a_number_equal_to_none(text: str) -> None:
    (number,) = find_numbers(text)
    assert number.value.is_nan()
