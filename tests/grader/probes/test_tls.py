"""Certificates: only one that a browser would trust lets a deployment be asked."""

import asyncio
import contextlib
import datetime
import itertools
import socket
import ssl
import tracemalloc

import pytest
import trustme

from grader.judging import judge
from grader.model import ApiKey, Limits, ProbeKind, Question, Reply, Submission
from grader.outcomes import Outcome
from grader.probes import Deployment, tls
from grader.probes.tls import tls_context
from tests.grader.probes.loops import deployed, in_a_thread
from tests.grader.probes.raw import always, hang, raw_server, read_request, reply, reset

PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def _ask(certificate: trustme.LeafCert, kind: ProbeKind = ProbeKind.API) -> Reply:
    html = reply(b"<form><input name=q></form><output>3</output>", "Content-Type: text/html")
    answer = html if kind is ProbeKind.PAGE else reply(b"3")
    with raw_server(always(answer), server_context(certificate)) as server:
        limits = Limits(timeout=20, allow_private=True)
        with deployed(Submission("abc", server.url), limits) as deployment:
            return deployment.ask(kind, "What is 1 plus 2?")


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
def test_a_trusted_certificate_lets_the_deployment_be_asked(
    authority: trustme.CA, kind: ProbeKind
) -> None:
    before = tls_context().cert_store_stats()
    got = _ask(authority.issue_cert("127.0.0.1"), kind)
    assert (got.status, got.failure) == (200, None)
    assert tls_context().cert_store_stats() == before, "other authorities are trusted now"


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
def test_an_expired_certificate_is_said(authority: trustme.CA, kind: ProbeKind) -> None:
    expired = authority.issue_cert(
        "127.0.0.1", not_before=PAST, not_after=PAST + datetime.timedelta(days=90)
    )
    got = _ask(expired, kind)
    assert got.failure is Outcome.UNREACHABLE
    assert "expired" in got.detail


def test_a_certificate_for_another_name_is_said(authority: trustme.CA) -> None:
    got = _ask(authority.issue_cert("other.example.org"))
    assert got.failure is Outcome.UNREACHABLE
    assert "127.0.0.1" in got.detail


@pytest.mark.usefixtures("authority")
def test_a_certificate_of_an_unknown_authority_is_said() -> None:
    got = _ask(trustme.CA().issue_cert("127.0.0.1"))
    assert got.failure is Outcome.UNREACHABLE
    assert "certificate" in got.detail


def test_plain_http_behind_https_is_said() -> None:
    def speak_plainly(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(reply(b"what?", status="400 Bad Request"))

    with raw_server(speak_plainly) as server:
        url = server.url.replace("http:", "https:")
        limits = Limits(timeout=20, allow_private=True)
        with deployed(Submission("abc", url), limits) as deployment:
            got = deployment.ask(ProbeKind.API, "x")
    assert got.failure is Outcome.UNREACHABLE
    assert "does not speak https" in got.detail
    assert "try http://" in got.detail
    assert got.lasting


def test_a_handshake_that_hangs_ends_with_the_deadline() -> None:
    def hang(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with raw_server(hang) as server:
        limits = Limits(timeout=0.6, allow_private=True)
        url = server.url.replace("http:", "https:")
        with deployed(Submission("abc", url), limits) as deployment:
            got = deployment.ask(ProbeKind.API, "x")
    assert got.failure is Outcome.TOO_SLOW
    assert 600 <= got.elapsed_ms < 1600


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
def test_a_tls_connection_reset_while_it_was_written_to_is_retried(
    authority: trustme.CA, kind: ProbeKind
) -> None:
    html = reply(b"<form><input name=q></form><output>3</output>", "Content-Type: text/html")
    connections = itertools.count()

    def handle(connection: socket.socket) -> None:
        if next(connections) == 0:
            read_request(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            connection.sendall(html)
            connection.recv(100)
            reset(connection)
            return
        end = b""
        while piece := connection.recv(1 << 20):
            end = (end + piece)[-4:]
            if end == b"\r\n\r\n":
                connection.sendall(html)

    # Longer than what the system takes off the writer's hands.
    query = "x" * 6_000_000
    with raw_server(handle, server_context(authority.issue_cert("127.0.0.1"))) as server:
        limits = Limits(timeout=30, allow_private=True)
        with deployed(Submission("abc", server.url), limits) as deployment:
            first = deployment.ask(kind, "")
            second = deployment.ask(kind, query)
    assert [(got.status, got.detail) for got in (first, second)] == [(200, "")] * 2
    assert (first.attempts, second.attempts) == (1, 2)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x15\x03\x01\x00\x02\x02\x46",
        reply(b"<html>The plain HTTP request was sent to HTTPS port", status="400 Bad Request"),
        reply(b"Client sent an HTTP request to an HTTPS server.\n", status="400 Bad Request"),
    ],
    ids=["alert", "nginx", "Go"],
)
def test_http_at_a_port_with_tls_is_told_to_try_https(answer: bytes) -> None:
    with raw_server(always(answer, close=True)) as server:
        limits = Limits(timeout=20, allow_private=True)
        with deployed(Submission("abc", server.url), limits) as deployment:
            got = deployment.ask(ProbeKind.API, "")
    judgement = judge(Question("api", "", ApiKey(), 10), got)
    assert judgement.outcome in (Outcome.UNREACHABLE, Outcome.CLIENT_ERROR)
    assert "ry https://" in f"{judgement.reason} {judgement.advice}"


def test_many_connections_take_little_memory(authority: trustme.CA) -> None:
    async def held(url: str) -> int:
        limits = Limits(timeout=20, allow_private=True)
        async with contextlib.AsyncExitStack() as opened:
            every = []
            for _ in range(21):
                it = await opened.enter_async_context(Deployment(Submission("abc", url), limits))
                every.append(it)
            await every.pop().ask(ProbeKind.API, "x")
            tracemalloc.start()
            replies = await asyncio.gather(*(each.ask(ProbeKind.API, "x") for each in every))
            memory, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert [got.text for got in replies] == ["3"] * len(every)
        return memory // len(every)

    context = server_context(authority.issue_cert("127.0.0.1"))
    with raw_server(always(reply(b"3")), context) as server:
        # The server's side is in it, too. A buffer of the usual size alone has 256 KiB.
        assert in_a_thread(held(server.url)) < 200 * 1024


def test_handshakes_wait_for_a_place_beside_their_deadline(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_AT_ONCE", 1)
    monkeypatch.setattr(tls, "_LONGEST", 3.0)

    async def ask(mute: str, good: str) -> Reply:
        async with (
            Deployment(Submission("abc", mute), Limits(timeout=60, allow_private=True)) as first,
            Deployment(Submission("def", good), Limits(timeout=2, allow_private=True)) as second,
        ):
            waiting = asyncio.create_task(first.ask(ProbeKind.API, ""))
            while not (places := tls._places.get(asyncio.get_running_loop())) or places._free:
                await asyncio.sleep(0.01)
            cancelled = asyncio.create_task(second.ask(ProbeKind.API, ""))
            while not places._waiting:
                await asyncio.sleep(0.01)
            cancelled.cancel()
            got = await second.ask(ProbeKind.API, "")
            assert not waiting.done()
            waiting.cancel()
            await asyncio.wait([waiting])
            assert [places._free] == [1]
            return got

    context = server_context(authority.issue_cert("127.0.0.1"))
    with raw_server(hang) as mute, raw_server(always(reply(b"3")), context) as good:
        got = in_a_thread(ask(mute.url.replace("http", "https"), good.url))
    assert (got.failure, got.text, got.attempts) == (None, "3", 1)
    assert got.elapsed_ms < 2000, "the wait for a place counts"
