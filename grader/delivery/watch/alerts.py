"""One alert when an incident starts, and one when it ends, to each channel.

An alert is in the store before it is sent. A thread for each channel sends what is there, so the
watching never waits for a receiver. If the watcher is killed between the moment at which a receiver
takes an alert and the one at which we note that, it is sent again, with the same id.
"""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from grader.delivery.watch import in_json
from grader.delivery.watch.acting_tables import ALERTS
from grader.delivery.watch.messages import Message, UndeliveredError, incident_words, message_id
from grader.delivery.watch.values import Incident, IncidentEvent, Step
from grader.formats.words import timestamp
from grader.model import InputError

KEPT = timedelta(days=31)
_MOST_TRIES = 6
# Between two tries: 15 s, then twice as long each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 15.0, 600.0
# All of one try: a receiver may send its reply a byte at a time.
_TRY_SECONDS = 90.0


class Channel(Protocol):
    """A way to tell somebody."""

    @property
    def name(self) -> str:
        """The same in each process, and unique among the channels."""

    def deliver(self, message: Message) -> None:
        """Tell them; raises UndeliveredError if they did not take it."""


class Alerts:
    """Tells channels of incidents. `say` prints a line; any thread may call it."""

    def __init__(
        self,
        engine: sa.Engine,
        channels: Sequence[Channel],
        say: Callable[[str], None],
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._engine = engine
        self._names = [channel.name for channel in channels]
        with engine.begin() as connection:
            old = (datetime.now(UTC) - KEPT).timestamp()
            connection.execute(ALERTS.delete().where(ALERTS.c.made_at < old))
        self._couriers = [_Courier(engine, channel, say, first_pause) for channel in channels]
        for courier in self._couriers:
            courier.start()

    def heard(self, event: IncidentEvent) -> None:
        """Alert if an incident started or ended. What was alerted before is not alerted again."""
        match event.step:
            case Step.STARTED | Step.RESUMED:
                self._alert(event.incident, Step.STARTED, event.at)
            case Step.ENDED:
                self._alert(event.incident, Step.ENDED, event.at)
            case Step.CHANGED:
                pass

    def catch_up(self, ended: Iterable[Incident]) -> None:
        """Tell the end of those whose start was told: a watcher may be killed before it tells."""
        told = sa.select(ALERTS.c.incident_id).where(ALERTS.c.step == Step.STARTED)
        with self._engine.connect().execution_options(reading=True) as connection:
            started = set(connection.scalars(told))
        for incident in ended:
            if incident.id in started and incident.ended_at is not None:
                self._alert(incident, Step.ENDED, incident.ended_at)

    def close(self, patience: float) -> None:
        """Wait until all is delivered, at most so many seconds; the rest stays in the store."""
        deadline = datetime.now(UTC) + timedelta(seconds=patience)
        for courier in self._couriers:
            courier.end((deadline - datetime.now(UTC)).total_seconds())

    def _alert(self, incident: Incident, step: Step, at: datetime) -> None:
        content = {
            "type": f"incident.{step}",
            "timestamp": timestamp(incident.ended_at or incident.started_at),
            "data": in_json.incident(incident),
        }
        row = {
            "incident_id": incident.id,
            "step": step,
            "made_at": at.timestamp(),
            "words": incident_words(incident, step),
            "document": json.dumps({"id": message_id(incident, step), "content": content}),
        }
        if self._names:
            rows = [{**row, "channel": name} for name in self._names]
            with self._engine.begin() as connection:
                connection.execute(insert(ALERTS).values(rows).on_conflict_do_nothing())
        for courier in self._couriers:
            courier.wake()


class _Courier(threading.Thread):
    """Sends what the store holds for one channel, oldest first."""

    def __init__(
        self, engine: sa.Engine, channel: Channel, say: Callable[[str], None], first_pause: float
    ) -> None:
        super().__init__(name=f"alerts to {channel.name}", daemon=True)
        self._engine = engine
        self._channel = channel
        self._say = say
        self._first_pause = first_pause
        self._more = threading.Event()
        self._ending = threading.Event()
        self._paused = threading.Event()

    def wake(self) -> None:
        """There may be more to send."""
        self._more.set()

    def end(self, patience: float) -> None:
        """Send what is left, without pauses between tries, and end; wait so long at most."""
        self._ending.set()
        self._more.set()
        self._paused.set()
        self.join(max(0.0, patience))

    def run(self) -> None:
        """Send until the end."""
        try:
            while True:
                self._more.clear()
                while self._send_oldest():
                    pass
                if self._ending.is_set():
                    return
                self._more.wait()
        except InputError as error:
            self._say(f"No more alerts to the {self._channel.name}: {error}")

    def _send_oldest(self) -> bool:
        """Send one alert, or try to; False if there is none, or the rest must wait."""
        mine = ALERTS.c.channel == self._channel.name
        is_due = sa.and_(mine, ALERTS.c.delivered_at.is_(None), ~ALERTS.c.given_up)
        oldest = sa.select(ALERTS).where(is_due).order_by(ALERTS.c.number).limit(1)
        with self._engine.connect().execution_options(reading=True) as connection:
            row = connection.execute(oldest).first()
        if row is None:
            return False
        stored = json.loads(row.document)
        now = datetime.now(UTC)
        fault = self._try(Message(stored["id"], row.words, stored["content"], sent_at=now))
        tries = row.tries + 1
        is_last = bool(fault) and tries >= _MOST_TRIES
        with self._engine.begin() as connection:
            connection.execute(
                ALERTS.update()
                .where(ALERTS.c.number == row.number)
                .values(
                    tries=tries,
                    fault=fault,
                    delivered_at=None if fault else now.timestamp(),
                    given_up=is_last,
                )
            )
        if not fault:
            return True
        self._say(self._failed(fault, last=is_last))
        if self._ending.is_set():
            return False
        self._paused.wait(min(self._first_pause * 2**row.tries, _LONGEST_PAUSE))
        return True

    def _failed(self, fault: str, *, last: bool) -> str:
        then = "It is given up" if last else "It stays in the store, and is tried again"
        return f"An alert was not delivered: {fault}. {then}."

    def _try(self, message: Message) -> str:
        """Why it was not delivered; empty if it was."""
        faults = [f"the {self._channel.name} took longer than {_TRY_SECONDS:g} s"]

        def deliver() -> None:
            try:
                self._channel.deliver(message)
            except UndeliveredError as error:
                faults[0] = str(error)
            else:
                faults[0] = ""

        # Python cannot end a thread: one that takes too long is left alone.
        trying = threading.Thread(target=deliver, daemon=True)
        trying.start()
        trying.join(_TRY_SECONDS)
        return faults[0]
