"""The vetting proxy, spoken to in raw bytes: what no browser would send."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from grader.outcomes import Outcome
from grader.probes import connecting, tickets
from grader.probes import proxy as proxies
from grader.probes.guard import Guard, Origin
from grader.probes.proxy import VettingProxy
from grader.probes.tickets import Ticket
from tests.grader.probes.loops import in_a_thread
from tests.grader.probes.raw import (
    Handler,
    RawServer,
    always,
    hang,
    raw_server,
    read_request,
    reply,
    silent_address,
)

GREETING = b"\5\1\0"
GREETED = b"\5\0"
GRANTED = b"\5\0\0\1\0\0\0\0\0\0"
REFUSED = b"\5\2\0\1\0\0\0\0\0\0"
GET = b"GET / HTTP/1.1\r\n\r\n"


def to(host: str, port: int) -> bytes:
    """What a browser says that wants a connection."""
    return GREETING + b"\5\1\0\3" + bytes([len(host)]) + host.encode() + struct.pack(">H", port)


def through(server: RawServer, *requests: bytes, guard: Guard | None = None) -> list[bytes]:
    """What one visit gets that sends each of these on a connection of its own."""
    return _through(server, requests, guard)[0]


def _through(
    server: RawServer, requests: Sequence[bytes], guard: Guard | None = None
) -> tuple[list[bytes], Ticket]:
    async def run() -> tuple[list[bytes], Ticket]:
        proxy = VettingProxy()
        await proxy.start()
        ticket = await proxy.admit(guard or Guard(Origin.of(server.url)))
        answers = [await _ask(ticket.url, request) for request in requests]
        proxy.close()
        return answers, ticket

    return in_a_thread(run())


async def _ask(proxy: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.rpartition(":")[2]))
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b"reset"
    finally:
        writer.close()


async def _admitted(server: RawServer) -> tuple[VettingProxy, Ticket]:
    proxy = VettingProxy()
    await proxy.start()
    return proxy, await proxy.admit(Guard(Origin.of(server.url)))


def test_a_connection_carries_bytes_both_ways() -> None:
    heads: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        heads.append(read_request(connection))
        connection.sendall(reply(b"hello"))

    with raw_server(listen) as server:
        (answer,) = through(server, to("127.0.0.1", server.port) + GET)
    assert heads == [GET]
    assert answer == GREETED + GRANTED + reply(b"hello")


@contextlib.asynccontextmanager
async def _connected(ticket: Ticket, server: RawServer) -> AsyncIterator[asyncio.StreamReader]:
    port = int(ticket.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(to("127.0.0.1", server.port))
    assert await reader.readexactly(len(GREETED + GRANTED)) == GREETED + GRANTED
    yield reader
    writer.close()


def test_the_server_is_hung_up_on_when_the_browser_hangs_up() -> None:
    hung_up = threading.Event()

    def listen(connection: socket.socket) -> None:
        hang(connection)
        hung_up.set()

    async def run() -> None:
        proxy, ticket = await _admitted(server)
        async with _connected(ticket, server):
            assert not hung_up.is_set()
        assert await asyncio.to_thread(hung_up.wait, 20)
        proxy.close()

    with raw_server(listen) as server:
        in_a_thread(run())


def test_the_end_of_a_visit_ends_what_is_under_way() -> None:
    async def run() -> None:
        proxy, ticket = await _admitted(server)
        async with _connected(ticket, server) as reader:
            proxy.revoke(ticket)
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 20) == b""
        proxy.close()

    with raw_server(hang) as server:
        in_a_thread(run())


def test_what_belongs_to_no_visit_is_not_served() -> None:
    async def run(server: RawServer) -> bytes:
        proxy, _ = await _admitted(server)
        answer = await _ask(proxy.url, to("127.0.0.1", server.port) + GET)
        proxy.close()
        return answer

    with raw_server(always(reply(b"hello"))) as server:
        assert in_a_thread(run(server)) == GREETED + REFUSED
        assert server.connections == 0


def test_a_visit_that_is_over_is_not_served_and_another_has_its_port() -> None:
    async def run(server: RawServer) -> list[bytes]:
        proxy, ticket = await _admitted(server)
        request = to("127.0.0.1", server.port) + GET
        proxy.revoke(ticket)
        answers = [await _ask(ticket.url, request)]
        other = await proxy.admit(Guard(Origin.of(server.url)))
        assert other.url == ticket.url
        answers.append(await _ask(other.url, request))
        proxy.close()
        return answers

    with raw_server(always(reply(b"hello"), close=True)) as server:
        refused, served = in_a_thread(run(server))
        assert server.connections == 1
    assert refused == GREETED + REFUSED
    assert served.endswith(b"hello")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "::1", "LOCALHOST"])
def test_private_addresses_are_refused(host: str) -> None:
    with raw_server(always(reply(b"hello"))) as server:
        answers, ticket = _through(server, [to(host, server.port) + GET], Guard())
        assert server.connections == 0
    assert answers == [GREETED + REFUSED]
    (failure,) = ticket.failures.values()
    assert failure.outcome is Outcome.FORBIDDEN_ADDRESS


def test_what_opens_a_private_origin_opens_no_other_port_or_name() -> None:
    with raw_server(always(reply(b"hello"), close=True)) as server:
        request = to("127.0.0.1", server.port) + GET
        opened = Guard(Origin("http", "127.0.0.1", server.port - 1))
        answers = through(server, request, guard=opened)
        answers += through(server, to("localhost", server.port) + GET)
        assert server.connections == 0
        assert through(server, request)[0].endswith(b"hello")
    assert answers == [GREETED + REFUSED, GREETED + REFUSED]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET http://127.0.0.1:{port}/ HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n",
        b"\4\1" + b"\0" * 100,
        b"\5\1\2" + b"\1\1a\1b",
        GREETING + b"\5\2\0\3\1a\0\1",
        GREETING + b"\5\3\0\3\1a\0\1",
        GREETING + b"\5\1\0\1\x7f\0\0\1\0\1",
        GREETING + b"\5\1\0\3\1\xff\0\1",
        b"x" * 100_000,
    ],
)
def test_what_is_no_request_is_not_served(request_: bytes) -> None:
    with raw_server(always(reply(b"hello"))) as server:
        (answer,) = through(server, request_.replace(b"{port}", b"%d" % server.port))
        assert server.connections == 0
    assert answer in (b"", GREETED, b"reset")


def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "_GREETING_SECONDS", 0.1)
    with raw_server(always(reply(b"hello"))) as server:
        answers = through(server, b"", GREETING)  # each is read until the proxy hangs up
    assert all(answer in (b"", GREETED, b"reset") for answer in answers)


def test_a_silent_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "PATIENCE", 0.1)
    with (
        raw_server(always(reply(b"hello"), close=True)) as server,
        silent_address(server.port) as silent,
    ):

        def look_up(host: str, port: int, **_options: object) -> list[Any]:
            assert host == "dual.example"
            return [(0, 0, 0, "", (address, port)) for address in (silent, "127.0.0.1")]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        (answer,) = through(
            server,
            to("dual.example", server.port) + GET,
            guard=Guard(Origin("http", "dual.example", server.port)),
        )
    assert answer.endswith(b"hello")


def _counting(heard: list[bytes]) -> Handler:
    def listen(connection: socket.socket) -> None:
        while piece := connection.recv(65536):
            heard.append(piece)

    return listen


def test_what_a_visit_may_not_send_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "BYTE_CAP", 1000)
    heard: list[bytes] = []
    with raw_server(_counting(heard)) as server:
        request = to("127.0.0.1", server.port)
        answers, ticket = _through(server, [request + b"x" * 1001, request + GET])
        assert server.connections == 1
    assert heard == []
    assert answers[1] == GREETED + REFUSED
    assert ticket.exhausted


def test_the_byte_cap_ends_every_connection_of_the_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "BYTE_CAP", 1000)
    with raw_server(always(reply(b"x" * 600), close=True)) as server:
        request = to("127.0.0.1", server.port) + GET
        answers, ticket = _through(server, [request, request])
    assert answers[0].endswith(b"x" * 600)
    assert not answers[1].endswith(b"x" * 600)
    assert ticket.exhausted


def test_a_visit_has_so_many_connections_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "CONNECTIONS_AT_ONCE", 1)

    async def run() -> bytes:
        proxy, ticket = await _admitted(server)
        async with _connected(ticket, server):
            answer = await _ask(ticket.url, to("127.0.0.1", server.port) + GET)
        proxy.close()
        return answer

    with raw_server(hang) as server:
        assert in_a_thread(run()) == GREETED + REFUSED


def test_connections_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "CONNECTIONS_IN_ALL", 2)
    with raw_server(always(reply(b"hello"), close=True)) as server:
        answers = through(server, *[to("127.0.0.1", server.port) + GET] * 3)
    assert [answer.endswith(b"hello") for answer in answers] == [True, True, False]
    assert answers[2] == GREETED + REFUSED
