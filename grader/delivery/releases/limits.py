"""What a platform's reply says of its rate limits. Pure.

Sources: RFC 9110 10.2.3 (Retry-After); the platforms' documents. Render sends Ratelimit-Limit,
-Remaining and -Reset; Heroku sends RateLimit-Remaining alone; Vercel puts a `limit` into the error.
Whether a reset is a moment or a number of seconds is not said everywhere: its size tells it.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
# Larger numbers are seconds or milliseconds since 1970.
_SECONDS, _MILLISECONDS = 1e9, 1e12


def seconds_to_wait(headers: Mapping[str, str], told: Any, now: float) -> float | None:
    """How long to wait before the next request; None if the reply does not say it.

    Args:
        headers: of the reply; names are compared without regard to case.
        told: the reply's body as read from JSON.
        now: seconds since 1970.
    """
    if (after := _after(headers.get("Retry-After", ""), now)) is not None:
        return after
    error = told.get("error") if isinstance(told, dict) else None
    limit = error.get("limit") if isinstance(error, dict) else None
    if isinstance(limit, dict) and (reset := _until(str(limit.get("reset")), now)) is not None:
        return reset
    return _until(_limit(headers, "Reset"), now)


def is_used_up(headers: Mapping[str, str]) -> bool:
    """Whether the next request would be one too many."""
    remaining = _limit(headers, "Remaining")
    return _NUMBER.fullmatch(remaining) is not None and float(remaining) < 1


def _limit(headers: Mapping[str, str], what: str) -> str:
    return headers.get(f"RateLimit-{what}") or headers.get(f"X-RateLimit-{what}") or ""


def _after(value: str, now: float) -> float | None:
    if _NUMBER.fullmatch(value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
        # Without a zone ("-0000") it is in UTC.
        return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _until(value: str, now: float) -> float | None:
    if not _NUMBER.fullmatch(value):
        return None
    number = float(value)
    if number < _SECONDS:
        return number
    moment = number / 1000 if number >= _MILLISECONDS else number
    return max(0.0, moment - now)


def in_words(seconds: float) -> str:
    """A wait for people, rounded up."""
    if seconds <= 90:
        return f"{int(seconds) + 1} s"
    minutes = int(seconds // 60) + 1
    return f"{minutes} minutes" if minutes <= 90 else f"{minutes // 60 + 1} hours"
