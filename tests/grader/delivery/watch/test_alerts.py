"""Alerts of incidents in a real store, to real receivers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from grader.delivery.watch.acting_tables import ALERTS, ROOM
from grader.delivery.watch.alerts import KEPT, Alerts, Channel
from grader.delivery.watch.messages import Message, UndeliveredError
from grader.delivery.watch.values import Incident, IncidentEvent, Moment, Step
from grader.delivery.watch.webhook import Webhook, WebhookFormat
from grader.store import open_store
from tests.grader.delivery.watch.receivers import Receiver, receiving
from tests.servers import PATIENCE, wait_until

AT = datetime.now(UTC).replace(microsecond=0)
INCIDENT = Incident(
    7, "https://shop.example", "right answers", AT, "3 of the last 4 answers were wrong"
)
ENDED = replace(
    INCIDENT,
    ended_at=AT + timedelta(seconds=250),
    timeline=(Moment(AT, "Render is asked."), Moment(AT, "Verified: commit aaa answers")),
)


@dataclass
class Bell:
    """A channel that fails so many times first."""

    failures: int = 0
    name: str = "bell"
    rung: list[str] = field(default_factory=list)

    def deliver(self, message: Message) -> None:
        if self.failures:
            self.failures -= 1
            raise UndeliveredError("nobody hears the bell")
        self.rung.append(message.id)


def event(step: Step, incident: Incident = INCIDENT) -> IncidentEvent:
    return IncidentEvent(step, incident, AT)


@contextmanager
def alerting(folder: Path, *channels: Channel, said: list[str] | None = None) -> Iterator[Alerts]:
    engine = open_store(folder / "watch.sqlite", ROOM)
    alerts = Alerts(engine, channels, (said if said is not None else []).append, first_pause=0.01)
    try:
        yield alerts
    finally:
        alerts.close(PATIENCE)
        engine.dispose()


def rows(folder: Path) -> list[Any]:
    engine = open_store(folder / "watch.sqlite", ROOM)
    with engine.connect() as connection:
        found = list(connection.execute(sa.select(ALERTS).order_by(ALERTS.c.number)))
    engine.dispose()
    return found


def test_an_incident_is_one_alert_when_it_starts_and_one_when_it_ends(tmp_path: Path) -> None:
    with receiving() as receiver:
        hook = Webhook(receiver.address, private=True)
        with alerting(tmp_path, hook) as alerts:
            for step in (Step.STARTED, Step.CHANGED, Step.CHANGED, Step.RESUMED):
                alerts.heard(event(step))
            alerts.heard(event(Step.ENDED, ENDED))
    sent = [json.loads(body) for body in receiver.bodies]
    assert [each["type"] for each in sent] == ["incident.started", "incident.ended"]
    assert sent[0]["data"]["cause"] == "3 of the last 4 answers were wrong"
    assert sent[0]["data"]["url"] == "https://shop.example"
    assert sent[1]["data"]["timeline"][-1]["words"] == "Verified: commit aaa answers"
    name = f"incident-{AT:%Y%m%dT%H%M%S}-f617a4db4e73-7"
    assert [each["HTTP_WEBHOOK_ID"] for each in receiver.sent] == [
        f"{name}-started",
        f"{name}-ended",
    ]


def test_slack_reads_it_in_words(tmp_path: Path) -> None:
    incident = replace(INCIDENT, cause="It said <!channel>")
    said = Moment(AT, "It said <!channel>")
    ended = replace(ENDED, timeline=(said, ENDED.timeline[-1]))
    with receiving() as receiver:
        hook = Webhook(receiver.address, WebhookFormat.SLACK, private=True)
        with alerting(tmp_path, hook) as alerts:
            alerts.heard(event(Step.STARTED, incident))
            alerts.heard(event(Step.ENDED, ended))
    first, last = (json.loads(body)["text"] for body in receiver.bodies)
    assert first == (
        f"Incident: shop.example misses right answers since {AT:%Y-%m-%d %H:%M} UTC. "
        "It said &lt;!channel&gt;"
    )
    assert last == (
        "Over: shop.example keeps its objectives again, after 4 min 10 s.\n"
        f"{AT:%H:%M:%S} It said &lt;!channel&gt;\n"
        f"{AT:%H:%M:%S} Verified: commit aaa answers"
    )


def test_it_is_in_the_store_before_it_is_sent(tmp_path: Path) -> None:
    said: list[str] = []
    with receiving() as receiver:
        receiver.holds = True
        with alerting(tmp_path, Webhook(receiver.address, private=True), said=said) as alerts:
            alerts.heard(event(Step.STARTED))
            (row,) = rows(tmp_path)
            assert row.delivered_at is None
            receiver.release.set()
            # On a busy machine the first try may end before the receiver answers.
            wait_until(lambda: rows(tmp_path)[0].delivered_at is not None, lambda: f"{said}")


def test_a_receiver_that_holds_us_up_holds_nobody_else_up(tmp_path: Path) -> None:
    bell = Bell()
    with receiving() as receiver:
        receiver.holds = True
        with alerting(tmp_path, Webhook(receiver.address, private=True), bell) as alerts:
            alerts.heard(event(Step.STARTED))
            alerts.heard(event(Step.ENDED, ENDED))
            wait_until(lambda: len(bell.rung) == 2)
            assert len(receiver.bodies) <= 1
            receiver.release.set()
    assert len(receiver.bodies) == 2


def test_what_was_not_delivered_is_delivered_after_a_restart_and_once(tmp_path: Path) -> None:
    said: list[str] = []
    with alerting(tmp_path, Bell(failures=1), said=said) as alerts:
        alerts.heard(event(Step.STARTED))
        wait_until(lambda: bool(said))
        alerts.close(PATIENCE)
    heard = [Bell(), Bell()]
    for bell in heard:
        with alerting(tmp_path, bell) as alerts:
            alerts.heard(event(Step.RESUMED))
    assert [len(bell.rung) for bell in heard] in ([1, 0], [0, 0])
    assert said == [
        "An alert was not delivered: nobody hears the bell. It stays in the store, and is tried "
        "again."
    ]
    assert [row.delivered_at is not None for row in rows(tmp_path)] == [True]


def test_it_is_tried_again_and_in_the_end_given_up(tmp_path: Path) -> None:
    said: list[str] = []
    patient, hopeless = Bell(3, "patient"), Bell(1000, "hopeless")
    with alerting(tmp_path, patient, hopeless, said=said) as alerts:
        alerts.heard(event(Step.STARTED))
        wait_until(lambda: any("given up" in each for each in said))
        wait_until(lambda: len(patient.rung) == 1)
        # The next one is not held up by what was given up.
        hopeless.failures = 0
        alerts.heard(event(Step.ENDED, ENDED))
        wait_until(lambda: len(hopeless.rung) == 1)
    assert sum("hears the bell" in each for each in said) == 3 + 6
    assert sum("given up" in each for each in said) == 1


def test_the_end_of_what_was_told_is_told_after_a_kill(tmp_path: Path) -> None:
    other = replace(ENDED, id=8)
    bell = Bell()
    with alerting(tmp_path, bell) as alerts:
        alerts.heard(event(Step.STARTED))
    # The watcher was killed after the end of both was stored. Nobody was told of the other one.
    with alerting(tmp_path, bell) as alerts:
        alerts.catch_up([ENDED, other])
        alerts.catch_up([ENDED, INCIDENT])
    assert [each.rpartition("-")[2] for each in bell.rung] == ["started", "ended"]


def test_without_a_channel_nothing_is_kept(tmp_path: Path) -> None:
    with alerting(tmp_path) as alerts:
        alerts.heard(event(Step.STARTED))
    assert rows(tmp_path) == []


def test_old_alerts_are_deleted(tmp_path: Path) -> None:
    with alerting(tmp_path, Bell()) as alerts:
        alerts.heard(replace(event(Step.STARTED), at=datetime.now(UTC) - KEPT))
        alerts.heard(event(Step.ENDED, ENDED))
    with alerting(tmp_path):
        assert [row.step for row in rows(tmp_path)] == ["ended"]


def test_one_try_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.delivery.watch.alerts._TRY_SECONDS", 0.05)
    never = threading.Event()

    class Hole:
        name = "hole"

        def deliver(self, _: Message) -> None:
            never.wait(PATIENCE)

    said: list[str] = []
    with alerting(tmp_path, Hole(), said=said) as alerts:
        alerts.heard(event(Step.STARTED))
        wait_until(lambda: bool(said))
    never.set()
    assert "the hole took longer than" in said[0]


def test_the_store_holds_no_address_and_no_secret(tmp_path: Path) -> None:
    receiver: Receiver
    with receiving("404 Not Found") as receiver:
        hook = Webhook(receiver.address, key=b"0123456789abcdef", private=True)
        said: list[str] = []
        with alerting(tmp_path, hook, said=said) as alerts:
            alerts.heard(event(Step.STARTED))
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in ("tokenxyz", "0123456789abcdef"):
        assert secret.encode() not in kept
        assert not any(secret in each for each in said)
