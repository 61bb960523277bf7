"""Which of a student's attempts counts."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Keep:
    """The attempt that counts: the last, the best, or the last asked `before` a moment in UTC."""

    rule: Literal["last", "best", "before"] = "last"
    before: datetime | None = None

    @classmethod
    def read(cls, text: str) -> "Keep":
        """Read what `str` writes: `last`, `best` or `before=DATE`.

        DATE is an ISO date, with its whole day, or a date and time; in UTC unless it has a zone.

        Raises:
            ValueError: if it is none of these; the message says what was expected.
        """
        rule, equals, moment = text.strip().partition("=")
        if not equals and rule in ("last", "best"):
            return cls("last" if rule == "last" else "best")
        if rule != "before" or not moment:
            raise ValueError(f"{text!r} is none of last, best, before=DATE")
        try:
            return cls("before", _moment(moment.strip()))
        except (ValueError, OverflowError):
            raise ValueError(
                f"{moment!r} is no date: write it as 2026-11-25, or as 2026-11-25T18:00-05:00"
            ) from None

    def __str__(self) -> str:
        return f"{self.rule}={self.before.isoformat()}" if self.before else self.rule


LAST = Keep()
"""What counts unless the instructor says otherwise."""


def _moment(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
    else:
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
