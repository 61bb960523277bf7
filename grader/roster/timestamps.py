"""Which of several timestamps is the last, as forms write them all over the world."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from dateutil import parser

_DAY_AND_MONTH = re.compile(r"(?<!\d)(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d{2})(?!\d)")
_YEAR_FIRST = re.compile(r"\d{4}\D")
_REMEDY = "Write them as 2026-11-30, or delete the rows that do not count"
_DATE = re.compile(r"(?<!\d)\d{4}(?!\d)|\d[/.-]\d{1,2}[/.-]\d")
# dateutil reads "GMT-4" as POSIX does, four hours east; forms mean four hours west.
_GMT_BEFORE_OFFSET = re.compile(r"\b(?:GMT|UTC)(?=[+-]\d)")
_HOURS_EAST = {"UTC": 0, "GMT": 0, "BST": 1, "CET": 1, "CEST": 2}
_HOURS_EAST |= {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5}
_HOURS_EAST |= {"MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


class UndecidedError(Exception):
    """Nobody can tell which timestamp is the last; the text says why."""


def day_first_orders(stamps: Iterable[str]) -> frozenset[bool]:
    """Whether dates such as 3/4/2026 have the day first, judged by the whole column.

    The result holds what fits all values: both if every such date is ambiguous, nothing if some
    have the day first and others the month.
    """
    orders = {True, False}
    found = False
    for stamp in stamps:
        if date := _DAY_AND_MONTH.search(stamp):
            found = True
            if int(date[1]) > 12:
                orders.discard(False)
            if int(date[3]) > 12:
                orders.discard(True)
    return frozenset(orders) if found else frozenset({False})


def last_of(stamps: Sequence[str], orders: frozenset[bool]) -> int:
    """The index of the last of some timestamps; of equal ones the later in the sequence.

    Raises:
        UndecidedError: it cannot be told.
    """
    if not orders:
        raise UndecidedError(f"some dates have the day first and others the month. {_REMEDY}")
    candidates = set()
    for day_first in orders:
        unknown: dict[str, None] = {}
        moments = [_moment(stamp, day_first, unknown) for stamp in stamps]
        if len(unknown) > 1:
            raise UndecidedError(f"the time zones {' and '.join(unknown)} are not known")
        if len({moment.tzinfo is None for moment in moments}) > 1:
            raise UndecidedError("some timestamps name a time zone and others none")
        candidates.add(max(range(len(moments)), key=lambda index: (moments[index], index)))
    if len(candidates) > 1:
        raise UndecidedError(f"the dates can be read with the day or the month first. {_REMEDY}")
    return candidates.pop()


def _moment(stamp: str, day_first: bool, unknown: dict[str, None]) -> datetime:
    """Read one timestamp. The names of unknown time zones are added to `unknown`."""

    def offset(name: str | None, seconds: int | None) -> int | None:
        # Seconds east of UTC; None leaves the time without a zone.
        if seconds is not None:
            return seconds
        hours = _HOURS_EAST.get(name or "")
        if hours is None and name:
            unknown[name] = None
        return None if hours is None else hours * 3600

    if len(stamp) > 64 or not _DATE.search(stamp):
        raise UndecidedError(f'"{stamp[:64]}" is not a date with a time')
    try:
        return parser.parse(
            _GMT_BEFORE_OFFSET.sub("", stamp),
            # With the day first, dateutil would take 2026-10-05 for the tenth of May.
            dayfirst=day_first and not _YEAR_FIRST.match(stamp),
            default=datetime(2000, 1, 1),  # noqa: DTZ001 - no clock: it fills in missing parts
            tzinfos=offset,
        )
    except (ValueError, OverflowError, TypeError):
        raise UndecidedError(f'"{stamp}" is not a date with a time') from None
