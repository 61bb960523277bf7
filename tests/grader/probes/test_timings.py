"""What each request tells: how long its phases took, and until when the certificate is valid."""

import datetime
import socket
import time
from contextlib import AbstractContextManager
from dataclasses import astuple

import pytest
import trustme

from grader.model import Limits, ProbeKind, Reply, Submission, Timings
from grader.outcomes import Outcome
from tests.grader.probes.loops import Deployed, deployed
from tests.grader.probes.raw import Handler, always, raw_server, read_request, reply
from tests.grader.probes.test_tls import server_context
from tests.servers import free_port

LIMITS = Limits(timeout=5, allow_private=True)
PAGE = reply(b"<form><input name=q></form>", "Content-Type: text/html")


def deployment(url: str, limits: Limits = LIMITS) -> AbstractContextManager[Deployed]:
    return deployed(Submission("abc", url), limits)


def measured(got: Reply) -> Timings:
    assert got.timings is not None
    assert sum(filter(None, astuple(got.timings))) <= got.elapsed_ms + 1
    return got.timings


def test_a_connection_that_was_kept_alive_is_not_connected_again() -> None:
    with raw_server(always(reply(b"3"))) as server, deployment(server.url) as asked:
        first, second = (measured(asked.ask(ProbeKind.API, "x")) for _ in range(2))
    assert first.connect is not None
    assert (first.resolve, first.tls) == (None, None), "an address, and plain http"
    for each in (first, second):
        assert each.first_byte is not None
        assert each.transfer is not None
    assert (second.resolve, second.connect, second.tls) == (None, None, None)


def test_a_name_is_resolved_first() -> None:
    with (
        raw_server(always(reply(b"3"))) as server,
        deployment(f"http://localhost:{server.port}") as asked,
    ):
        got = measured(asked.ask(ProbeKind.API, "x"))
    assert got.resolve is not None
    assert got.connect is not None


def drip(connection: socket.socket) -> None:
    """Takes its time before the first byte, then in the middle of the headers."""
    answer = reply(b"3")
    read_request(connection)
    for wait, piece in ((0.3, answer[:12]), (0.2, answer[12:])):
        time.sleep(wait)
        connection.sendall(piece)


def test_the_first_byte_is_that_of_the_headers() -> None:
    with raw_server(drip) as server, deployment(server.url) as asked:
        got = asked.ask(ProbeKind.API, "x")
    timings = measured(got)
    assert timings.first_byte is not None
    assert timings.first_byte >= 100
    assert timings.transfer is not None
    assert timings.transfer >= 50, "the rest of the headers came later"


def test_after_a_redirect_the_phases_are_those_of_the_last_request() -> None:
    def slowly_elsewhere(connection: socket.socket) -> None:
        read_request(connection)
        time.sleep(0.5)
        connection.sendall(reply(b"", "Location: /there", status="302 Found"))
        read_request(connection)
        connection.sendall(reply(b"3"))

    with raw_server(slowly_elsewhere) as server, deployment(server.url) as asked:
        got = asked.ask(ProbeKind.API, "x")
    timings = measured(got)
    assert got.final_url.endswith("/there")
    assert timings.connect is None, "the second request came over the same connection"
    assert timings.first_byte is not None
    assert timings.first_byte + 450 <= got.elapsed_ms


def hang(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def begin_and_hang(connection: socket.socket) -> None:
    read_request(connection)
    # Without a length: the connection's end, even one that the deadline makes, ends the reply.
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n3")
    hang(connection)


@pytest.mark.parametrize(("handler", "came"), [(hang, False), (begin_and_hang, True)])
def test_a_phase_that_did_not_end_is_not_told(handler: Handler, came: bool) -> None:
    limits = Limits(timeout=1.5, allow_private=True)
    with raw_server(handler) as server, deployment(server.url, limits) as asked:
        got = asked.ask(ProbeKind.API, "x")
    timings = measured(got)
    assert got.failure is Outcome.TOO_SLOW
    assert timings.connect is not None
    assert (timings.first_byte is not None, timings.transfer) == (came, None)


def test_where_nothing_was_sent_there_are_no_timings() -> None:
    with deployment(f"http://127.0.0.1:{free_port()}") as asked:
        got = asked.ask(ProbeKind.API, "x")
    assert (got.failure, got.timings) == (Outcome.UNREACHABLE, None)


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
def test_the_handshake_is_timed_and_tells_until_when_the_certificate_is_valid(
    authority: trustme.CA, kind: ProbeKind
) -> None:
    until = datetime.datetime(2037, 5, 4, 3, 2, 1, tzinfo=datetime.UTC)
    certificate = authority.issue_cert("127.0.0.1", not_after=until)
    context = server_context(certificate)
    with raw_server(always(PAGE), context) as server, deployment(server.url) as asked:
        first, second = asked.ask(kind, ""), asked.ask(kind, "")
    assert measured(first).tls is not None
    assert first.certificate_expires_at == until
    assert measured(second).tls is None
    assert second.certificate_expires_at is None


def test_a_refused_certificate_leaves_what_was_measured_before(authority: trustme.CA) -> None:
    context = server_context(authority.issue_cert("other.example.org"))
    with raw_server(always(PAGE), context) as server, deployment(server.url) as asked:
        got = asked.ask(ProbeKind.API, "x")
    timings = measured(got)
    assert timings.connect is not None
    assert (timings.tls, timings.first_byte, got.certificate_expires_at) == (None, None, None)
