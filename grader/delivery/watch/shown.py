"""What the page shows of a target, and where it comes from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from grader.delivery.watch.moments import MINUTE_MS, from_ms, to_ms
from grader.delivery.watch.tables import MINUTES, TARGETS
from grader.delivery.watch.values import Indicator, Minute, Sample, Status
from grader.delivery.watch.windows import LEAST_LOOKS

_HALF_HOUR = 30  # minutes


@dataclass(frozen=True, slots=True)
class HalfHour:
    """How many looks of half an hour count, and how many of them were right."""

    at: datetime
    looks: int
    right: int


def half_hours(connection: sa.Connection, since: datetime) -> Mapping[str, Sequence[HalfHour]]:
    """The half hours after `since`, oldest first, of each target by its address."""
    number = sa.cast(MINUTES.c.minute, sa.Integer).op("/")(_HALF_HOUR).label("number")
    rows = connection.execute(
        sa.select(
            TARGETS.c.url,
            number,
            sa.func.sum(MINUTES.c.looks).label("looks"),
            sa.func.sum(MINUTES.c.right).label("right"),
        )
        .join(TARGETS)
        .where(MINUTES.c.minute >= to_ms(since) // MINUTE_MS)
        .group_by(TARGETS.c.id, number)
        .order_by(number)
    )
    found: dict[str, list[HalfHour]] = defaultdict(list)
    for row in rows:
        at = from_ms(row.number * _HALF_HOUR * MINUTE_MS)
        found[row.url].append(HalfHour(at, row.looks, row.right))
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """A target as it is now, its last looks, the minutes of the last hour, and the last day."""

    status: Status
    looks: Sequence[Sample] = ()
    minutes: Sequence[Minute] = ()
    day: Sequence[HalfHour] = ()

    @property
    def tone(self) -> str:
        """The colour of the state."""
        status = self.status
        if status.paused or status.ourselves:
            return "mute"
        if status.missed:
            return "bad"
        return "good" if status.looks >= LEAST_LOOKS else "mute"

    @property
    def state(self) -> str:
        """The state in words."""
        status = self.status
        if status.paused:
            return "paused"
        if status.ourselves:
            return "not judged"
        if any(each.missed for each in status.standings):
            return "misses an objective"
        if status.incident is not None:
            return "getting better"
        if status.looks < LEAST_LOOKS:
            return f"{status.looks} of {LEAST_LOOKS} looks that decide"
        return "keeps its objectives"

    @property
    def bound(self) -> float | None:
        """The milliseconds that an objective allows."""
        objectives = (each.objective for each in self.status.standings)
        return next(
            (each.bound for each in objectives if each.indicator is Indicator.LATENCY), None
        )
