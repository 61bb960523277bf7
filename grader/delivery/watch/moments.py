"""Moments as the store keeps them: whole milliseconds since 1970 in UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
MINUTE_MS = 60_000


def to_ms(moment: datetime) -> int:
    """The whole milliseconds of a moment."""
    return (moment - _EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The moment of so many milliseconds."""
    return _EPOCH + ms * _MS


def now() -> datetime:
    """This moment, as exact as the store keeps it."""
    return from_ms(to_ms(datetime.now(UTC)))
