"""A cell of a workbook as text: numbers and dates as a reader of the sheet sees them."""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

# Spreadsheets keep 15 digits of a number: a longer one is not what was typed.
_EXACT = 10**15
_DIGITS = re.compile(r"#*(0*)")
_FIXED = re.compile(r"0(?:\.(0{1,15}))?(%?)")
_SCIENTIFIC = re.compile(r"0(?:\.(0{1,15}))?E\+0+")
# Colours, languages, and blanks as wide as a letter change nothing of a number.
_DRESS = re.compile(
    r"_.|\[(?:Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color ?\d+|\$-[0-9A-F]+)\]",
    re.IGNORECASE,
)
# What Office writes into a text for a character that XML would lose, such as a line break.
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLAIN = ("General", "@", "")


def as_shown(value: object, number_format: str) -> tuple[str, str]:
    """What a cell shows; and its number format if we cannot apply it, else an empty text.

    If we cannot, people may see another text. Dates are written as 2026-11-30 whatever their format
    is, so that nobody takes a day for a month.
    """
    match value:
        case None:
            return "", ""
        case bool():
            return str(value).upper(), ""
        case int() | float():
            return _number(value, number_format)
        case datetime():
            return _moment(value, number_format), ""
        case date() | time():
            return value.isoformat(), ""
        case timedelta():
            return str(value), ""
        case _:
            return _ESCAPED.sub(_character, str(value)), ""


def _number(value: float, number_format: str) -> tuple[str, str]:
    form = _DRESS.sub("", number_format)
    form = form.split(";")[0] if value > 0 else form
    if form in _PLAIN:
        return _general(value), ""
    if not -_EXACT < value < _EXACT:
        return _general(value), form
    if (digits := _DIGITS.fullmatch(form)) and value > 0:
        return _rounded(value, 0).zfill(len(digits[1])), ""
    if fixed := _FIXED.fullmatch(form):
        percent = 100 if fixed[2] else 1
        return _rounded(value, len(fixed[1] or ""), percent) + fixed[2], ""
    if scientific := _SCIENTIFIC.fullmatch(form):
        mantissa, exponent = f"{value:.{len(scientific[1] or '')}E}".split("E")
        return f"{mantissa}E{exponent}", ""
    return _general(value), form


def _general(value: float) -> str:
    if not -_EXACT < value < _EXACT:
        return f"{value:.5E}"
    return str(int(value)) if value == int(value) else f"{value:.15g}"


def _rounded(value: float, decimals: int, factor: int = 1) -> str:
    exact = Decimal(repr(value)) * factor
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def _moment(value: datetime, number_format: str) -> str:
    seconds = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    if seconds.time() == time() and "h" not in number_format.lower():
        return seconds.date().isoformat()
    return seconds.isoformat(" ")


def _character(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))
