"""The numbers in a reply, read as a person would, and compared by value without rounding."""

import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from grader.text.replies import ARROWS, VERBS

# Hyphens, dashes and the minus sign proper, which NFKC leaves as they are.
_DASHES = re.compile("[\u2010\u2012-\u2015\u2212]")


def _number(digits: str) -> re.Pattern[str]:
    # Every group takes all it can and gives nothing back, and no match begins inside what an
    # earlier one went over: a reply of any shape is read in linear time. Groups do so by (?>...):
    # Pythons before 3.11.5 are wrong about (...)?+ (gh-106052).
    return re.compile(
        rf"""
        (?= [\d.+-] )                               # most places are passed over at once
        (?> (?: (?<! [\w)+-] ) (?P<sign> [+-]++ ) )? )  # after an operand it is a hyphen: 3-4, 5-3
        (?<! [\w±] ) (?<! \d[.:] ) (?<! [^\W\d]- ) # not in: x1, 1.2.3, 12:30, covid-19
        (?P<digits> {digits} )
        (?> (?P<exponent> e [+-]?+ \d++ )? )
        (?! \w | [.:]\d | -[^\W\d] )               # not in: 23px, 1.2.3, 12:30, 3-letter
        """,
        re.VERBOSE,
    )


_FRACTION = r"(?> (?: \.\d++ )? )"
_PLAIN = rf"\d++ {_FRACTION} | (?<! \. ) \.\d++"
_GROUPED = rf"(?<! \d, ) (?! 0 ) \d{{1,3}}+ (?> (?: ,\d{{3}} (?! \d ) )+ ) (?! ,\d ) {_FRACTION}"
_ANY_NUMBER = _number(_PLAIN)
_LONE_NUMBER = _number(f"{_GROUPED} | {_PLAIN}")
# "The answer is - 9", "equal to minus 9": a sign that stands apart where no operand precedes it. A
# dash after any other word is none: "The answer - 9".
_SIGN_APART = re.compile(
    rf"""
    ( (?: ^ | [=:>?{ARROWS}] | \b(?:{VERBS}) )\ ? ) -\ (?=\.?\d)
    | (?<! [\d)]\  ) \b(?:minus|negative)\ (?=\.?\d)
    """,
    re.VERBOSE,
)


class Number(NamedTuple):
    """A number as it was written, and its value; NaN if it is larger than any key."""

    text: str
    value: Decimal


def find_numbers(text: str) -> list[Number]:
    """The numbers of a normalized text, in order; a comma stands between two numbers."""
    return _read(_ANY_NUMBER, _DASHES.sub("-", text))


def find_lone_number(text: str) -> list[Number]:
    """The numbers of a normalized text that should hold just one.

    Unlike in a list, a comma may group thousands, and "- 9" may have a sign and no bullet.
    """
    return _read(_LONE_NUMBER, _SIGN_APART.sub(r"\1-", _DASHES.sub("-", text)))


def _read(pattern: re.Pattern[str], text: str) -> list[Number]:
    return [Number(found[0], _value(found)) for found in pattern.finditer(text)]


def _value(found: re.Match[str]) -> Decimal:
    sign = "-" if (found["sign"] or "").count("-") % 2 else ""
    digits = found["digits"].replace(",", "")
    try:
        return Decimal(sign + digits + (found["exponent"] or ""))
    except InvalidOperation:  # an exponent of astronomic size
        return Decimal("NaN")
