"""Cells of a workbook as a reader of the sheet sees them."""

from datetime import date, datetime, time, timedelta

import pytest

from grader.roster.cells import as_shown


def at(*moment: int) -> datetime:
    """A moment as a sheet holds it: on no clock in particular."""
    return datetime(*moment)  # type: ignore[arg-type] # noqa: DTZ001


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (None, "General", ""),
        ("bovik", "General", "bovik"),
        ("first_x000D_\nsecond", "@", "first\r\nsecond"),
        (True, "General", "TRUE"),
        (123, "General", "123"),
        (123.0, "General", "123"),
        (123456789012, "General", "123456789012"),
        (1234567890123456, "General", "1.23457E+15"),
        (float("inf"), "General", "INF"),
        (0.1 + 0.2, "General", "0.3"),
        (-5, "General", "-5"),
        (123, "00000000", "00000123"),
        (123, "0", "123"),
        (0, "0", "0"),
        (123, "#", "123"),
        (123, "###00000", "00123"),
        (123, "0_ ", "123"),
        (123, "[Red]0000_);\\-0000", "0123"),
        (1.5, "[$-409]0.0", "1.5"),
        (1.1, "0.00", "1.10"),
        (2.5, "0", "3"),
        (123, "0.00", "123.00"),
        (0.5, "0%", "50%"),
        (0.125, "0.0%", "12.5%"),
        (123456, "0.00E+00", "1.23E+05"),
        (7, "0;-0;;@", "7"),
        (at(2026, 11, 20, 9, 12, 3, 999_700), "m/d/yy h:mm:ss", "2026-11-20 09:12:04"),
        (at(2026, 11, 20), "m/d/yy h:mm:ss", "2026-11-20 00:00:00"),
        (at(2026, 3, 5), "d-mmm", "2026-03-05"),
        (date(2026, 3, 5), "d-mmm", "2026-03-05"),
        (time(9, 12), "h:mm", "09:12:00"),
        (timedelta(hours=30), "[h]:mm", "1 day, 6:00:00"),
    ],
)
def test_what_is_seen(value: object, form: str, text: str) -> None:
    assert as_shown(value, form) == (text, "")


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (123456789, "000-00-0000", "123456789"),
        (123, '"S"00000', "123"),
        (1234567, "#,##0", "1234567"),
        (12345678, "[<=9999999]###-####;(###) ###-####", "12345678"),
        (10**20, "0000000000", "1.00000E+20"),
        (-3, "000", "-3"),
    ],
)
def test_a_form_that_cannot_be_followed_is_said(value: float, form: str, text: str) -> None:
    read, odd = as_shown(value, form)
    assert read == text
    assert odd == form.split(";")[0]
