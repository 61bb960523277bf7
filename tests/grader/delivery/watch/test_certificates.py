"""Certificates as a watcher sees them: on fresh connections, now and then."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from grader.delivery.watch import History, open_history
from grader.delivery.watch.objectives import parse_objectives
from tests.grader.delivery.watch.test_watching import Watching, plan
from tests.grader.probes.raw import RawServer, always, raw_server, reply

OBJECTIVES = parse_objectives(
    '[[objective]]\nindicator = "certificate"\ndays = 14\nminutes = 0.3\n', "x"
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(tmp_path)
    yield history
    history.close()


def ends_in(authority: trustme.CA, days: float) -> trustme.LeafCert:
    ends = datetime.now(UTC) + timedelta(days=days)
    return authority.issue_cert("127.0.0.1", not_after=ends)


def test_a_certificate_that_soon_ends_is_an_incident(
    authority: trustme.CA, history: History
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends_in(authority, 10.5).configure_cert(tls)
    with (
        raw_server(always(reply(b"a poet")), tls) as server,
        Watching(plan([server.url], objectives=OBJECTIVES), history) as watching,
    ):
        watching.until(lambda: bool(watching.events))
    [started] = watching.events
    assert started.incident.cause == "certificate: 10.5 days (at least 14 days)"


def test_a_new_certificate_is_seen_though_connections_are_kept(
    authority: trustme.CA, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.delivery.watch.sampling._FRESH", 0.3)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends_in(authority, 10.5).configure_cert(tls)
    with (
        raw_server(always(reply(b"a poet")), tls) as server,
        Watching(plan([server.url], objectives=OBJECTIVES), history) as watching,
    ):
        watching.until_looks(10)
        assert days(watching) == 10
        assert_kept(server, watching)
        ends_in(authority, 80.5).configure_cert(tls)
        watching.until(lambda: days(watching) == 80)


def days(watching: Watching) -> int | None:
    status = watching.looks[-1].status
    ends = status.certificate_expires_at
    return None if ends is None else (ends - status.at).days


def assert_kept(server: RawServer, watching: Watching) -> None:
    """Fail if each look had a connection of its own."""
    assert server.connections < 2 * len(watching.looks)
