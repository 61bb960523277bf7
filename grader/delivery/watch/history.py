"""What a watcher has seen, in the store: the last hour whole, a month by the minute, then gone."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from grader.delivery.watch.incidents import incidents, save
from grader.delivery.watch.minutes import minute_of, roll_up, sample_of
from grader.delivery.watch.moments import MINUTE_MS, from_ms, to_ms
from grader.delivery.watch.tables import LOOKS, MINUTES, ROOM, TARGETS
from grader.delivery.watch.values import IncidentEvent, Minute, Pauses, Sample
from grader.store import open_store

STORE = "watch.sqlite"
HOUR = timedelta(hours=1)
# A commit for each look would cost more than the look. What is not written yet is lost if the
# watcher is killed: some seconds of looks, and never an incident.
_WRITE_SECONDS = 5.0


def open_history(folder: Path) -> "History":
    """Open the store in `folder`, which is made if need be.

    Raises:
        StoreError: if it cannot be opened.
        OSError: if the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return History(open_store(folder / STORE, ROOM))


class History:
    """Keeps samples and incidents. One watcher at a time writes; anybody may read and pause."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._ids: dict[str, int] = {}
        self._unwritten: list[dict[str, Any]] = []
        self._written_at = time.monotonic()

    def close(self) -> None:
        """Write what is not written yet, and close the store."""
        try:
            self.write()
        finally:
            self.engine.dispose()

    def reading(self) -> sa.Connection:
        """A connection that only reads; the caller closes it."""
        return self.engine.connect().execution_options(reading=True)

    def enroll(self, urls: Iterable[str]) -> None:
        """Make the rows of these targets."""
        with self.engine.begin() as connection:
            for url in urls:
                self._id(connection, url)

    def add(self, url: str, sample: Sample) -> None:
        """Take a sample; it is written with the next ones."""
        self._unwritten.append(
            {
                "at": to_ms(sample.at),
                "target_id": self._ids[url],
                "outcome": sample.outcome.value,
                "ms": sample.ms and round(sample.ms, 2),
                "words": sample.words,
                "commit": sample.commit,
                "certificate_expires_at": sample.certificate_expires_at
                and to_ms(sample.certificate_expires_at),
                "app": sample.app and json.dumps(astuple(sample.app)),
            }
        )

    @property
    def is_due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() - self._written_at >= _WRITE_SECONDS

    def write(self, events: Sequence[IncidentEvent] = ()) -> tuple[IncidentEvent, ...]:
        """Write all samples and these events in one transaction; the events as they are then.

        Their incidents have the lines that others have added to the timelines.
        """
        with self.engine.begin() as connection:
            if self._unwritten:
                connection.execute(LOOKS.insert().prefix_with("OR IGNORE"), self._unwritten)
                roll_up(connection, from_ms(self._unwritten[-1]["at"]))
            for event in events:
                save(connection, event, self._id(connection, event.incident.target))
            found = incidents(connection, ids=[each.incident.id for each in events])
        self._unwritten.clear()
        self._written_at = time.monotonic()
        known = {each.id: each for each in found}
        return tuple(IncidentEvent(each.step, known[each.incident.id], each.at) for each in events)

    def watched(self) -> tuple[str, ...]:
        """The addresses that a watcher has met; one that was only paused is not among them."""
        met = [sa.exists().where(each.c.target_id == TARGETS.c.id) for each in (LOOKS, MINUTES)]
        chosen = sa.or_(TARGETS.c.paused == "", *met)
        with self.reading() as connection:
            return tuple(connection.scalars(sa.select(TARGETS.c.url).where(chosen)))

    def pauses(self) -> Pauses:
        """Which targets are paused, and why."""
        with self.reading() as connection:
            rows = connection.execute(sa.select(TARGETS).where(TARGETS.c.paused != ""))
            return {row.url: row.paused for row in rows}

    def pause(self, url: str, reason: str) -> None:
        """Ask this target no more, for this reason; an empty one ends the pause."""
        with self.engine.begin() as connection:
            mine = TARGETS.c.id == self._id(connection, url)
            connection.execute(TARGETS.update().where(mine).values(paused=reason))

    def _id(self, connection: sa.Connection, url: str) -> int:
        if url not in self._ids:
            connection.execute(TARGETS.insert().prefix_with("OR IGNORE").values(url=url))
            mine = sa.select(TARGETS.c.id).where(TARGETS.c.url == url)
            self._ids[url] = connection.execute(mine).scalar_one()
        return self._ids[url]


def samples(connection: sa.Connection, since: datetime) -> Iterator[tuple[str, Sample]]:
    """The looks after `since`, oldest first, each with its target's address."""
    rows = connection.execute(
        sa.select(LOOKS, TARGETS.c.url)
        .join(TARGETS)
        .where(LOOKS.c.at > to_ms(since))
        .order_by(LOOKS.c.at)
    )
    return ((row.url, sample_of(row)) for row in rows)


def minutes(connection: sa.Connection, url: str, since: datetime) -> tuple[Minute, ...]:
    """A target's minutes after `since`, oldest first; the last two are not among them."""
    rows = connection.execute(
        sa.select(MINUTES)
        .join(TARGETS)
        .where(TARGETS.c.url == url, MINUTES.c.minute >= to_ms(since) // MINUTE_MS)
        .order_by(MINUTES.c.minute)
    )
    return tuple(map(minute_of, rows))
