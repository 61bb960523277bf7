"""The vetting proxy, spoken to in raw bytes: what no browser would send."""

import asyncio
import socket
from typing import Any

import pytest

from grader.outcomes import Outcome
from grader.probes import proxy as proxies
from grader.probes.guard import Guard, Origin
from grader.probes.proxy import Ticket, VettingProxy
from tests.grader.probes.loops import in_a_thread
from tests.grader.probes.raw import (
    RawServer,
    always,
    raw_server,
    read_request,
    reply,
    silent_address,
)


def through(server: RawServer, *requests: str, guard: Guard | None = None) -> list[bytes]:
    """What the proxy answers to each request of one visit."""
    return _through(server, requests, guard)[0]


def _through(
    server: RawServer, requests: tuple[str, ...], guard: Guard | None
) -> tuple[list[bytes], Ticket]:
    async def run() -> tuple[list[bytes], Ticket]:
        proxy = VettingProxy()
        await proxy.start()
        ticket = await proxy.admit(guard or Guard(Origin.of(server.url)))
        answers = [await _ask(ticket.url, _filled(request, server)) for request in requests]
        proxy.close()
        return answers, ticket

    return in_a_thread(run())


def _filled(request: str, server: RawServer) -> bytes:
    request = request.replace("{url}", server.url).replace("{port}", str(server.port))
    return request.replace("\n", "\r\n").encode()


async def _ask(proxy: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.rpartition(":")[2]))
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b"reset"
    finally:
        writer.close()


def test_a_request_is_passed_on_without_what_is_the_proxys_own() -> None:
    heads: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        heads.append(read_request(connection))
        connection.sendall(reply(b"hello", "Keep-Alive: timeout=5", "Set-Cookie: a=b"))

    with raw_server(listen) as server:
        (answer,) = through(
            server, "GET {url}?a=1#b HTTP/1.1\nProxy-Connection: x\nAccept: */*\n\n"
        )
    assert heads[0].startswith(b"GET /?a=1#b HTTP/1.1\r\naccept: */*\r\n")
    assert b"proxy" not in heads[0].lower()
    assert b"Connection: close" in heads[0]
    assert answer.endswith(b"\r\n\r\nhello")
    assert b"set-cookie: a=b" in answer
    assert b"keep-alive" not in answer.lower()


def test_a_request_body_is_passed_on_to_its_end_and_no_further() -> None:
    bodies: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        head = read_request(connection)
        body = head.partition(b"\r\n\r\n")[2]
        while len(body) < 5:
            body += connection.recv(100)
        bodies.append(body)
        connection.sendall(reply(b"ok"))

    post = "POST {url}/ HTTP/1.1\nContent-Length: 5\n\nhelloGET http://10.0.0.1/ HTTP/1.1"
    with raw_server(listen) as server:
        through(server, post)
    assert bodies == [b"hello"]


def test_interim_replies_are_not_taken_for_the_reply() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + reply(b"hello")
    with raw_server(always(early, close=True)) as server:
        (answer,) = through(server, "GET {url}/ HTTP/1.1\n\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")


async def _admitted(server: RawServer) -> tuple[VettingProxy, Ticket]:
    proxy = VettingProxy()
    await proxy.start()
    return proxy, await proxy.admit(Guard(Origin.of(server.url)))


def test_what_belongs_to_no_visit_is_not_served() -> None:
    async def run(server: RawServer) -> list[bytes]:
        proxy, _ = await _admitted(server)
        requests = ("GET {url}/ HTTP/1.1\n\n", "CONNECT 127.0.0.1:{port} HTTP/1.1\n\n")
        answers = [await _ask(proxy.url, _filled(request, server)) for request in requests]
        proxy.close()
        return answers

    with raw_server(always(reply(b"hello"))) as server:
        answers = in_a_thread(run(server))
        assert server.connections == 0
    assert all(answer.startswith(b"HTTP/1.1 403") for answer in answers)


def test_a_visit_that_is_over_is_not_served_and_another_has_its_port() -> None:
    async def run(server: RawServer) -> list[bytes]:
        proxy, ticket = await _admitted(server)
        request = _filled("GET {url}/ HTTP/1.1\n\n", server)
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
    assert refused.startswith(b"HTTP/1.1 403")
    assert served.endswith(b"hello")


def test_a_body_that_is_too_much_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "BYTE_CAP", 1000)
    post = f"POST {{url}}/ HTTP/1.1\nContent-Length: 600\n\n{'x' * 600}"
    start = "POST {url}/ HTTP/1.1\nContent-Length: 600\n\n"
    with raw_server(always(reply(b"hello"), close=True)) as server:
        answers, ticket = _through(server, (post, start, "GET {url}/ HTTP/1.1\n\n"), None)
        assert server.connections == 1
    assert answers[0].endswith(b"hello")
    assert answers[2].startswith(b"HTTP/1.1 403")
    assert ticket.exhausted


@pytest.mark.parametrize(
    "start",
    [
        "GET http://127.0.0.1:{port}/",
        "GET http://localhost:{port}/",
        "GET http://[::ffff:127.0.0.1]:{port}/",
        "CONNECT 127.0.0.1:{port}",
        "CONNECT localhost:{port}",
    ],
)
def test_private_addresses_are_refused(start: str) -> None:
    with raw_server(always(reply(b"hello"))) as server:
        answers, ticket = _through(server, (f"{start} HTTP/1.1\n\n",), Guard())
        assert server.connections == 0
    assert answers[0].startswith(b"HTTP/1.1 502")
    (failure,) = ticket.failures.values()
    assert failure.outcome is Outcome.FORBIDDEN_ADDRESS


def test_what_opens_a_private_origin_opens_no_other_port_or_name() -> None:
    with raw_server(always(reply(b"hello"), close=True)) as server:
        opened = Guard(Origin("http", "127.0.0.1", server.port - 1))
        answers = through(
            server,
            "GET {url}/ HTTP/1.1\n\n",
            "CONNECT 127.0.0.1:{port} HTTP/1.1\n\n",
            guard=opened,
        )
        assert server.connections == 0
        through(server, "GET http://localhost:{port}/ HTTP/1.1\n\n")
        assert server.connections == 0
    assert all(answer.startswith(b"HTTP/1.1 502") for answer in answers)


def test_a_tunnel_carries_bytes_both_ways() -> None:
    with raw_server(always(reply(b"hello"), close=True)) as server:
        (answer,) = through(server, "CONNECT 127.0.0.1:{port} HTTP/1.1\n\nGET / HTTP/1.1\n\n")
    assert answer.startswith(b"HTTP/1.1 200 Connection Established\r\n\r\nHTTP/1.1 200 OK")
    assert answer.endswith(b"hello")


@pytest.mark.parametrize(
    "request_",
    [
        "GET / HTTP/1.1\n\n",
        "GET ftp://127.0.0.1/ HTTP/1.1\n\n",
        "GET http://a:b@127.0.0.1:{port}/ HTTP/1.1\n\n",
        "GET {url}/\n\n",
        "GET {url}/ HTTP/1.1 x\n\n",
        "POST {url}/ HTTP/1.1\nContent-Length: -1\n\n",
        "POST {url}/ HTTP/1.1\nContent-Length: 99999999999\n\n",
        "POST {url}/ HTTP/1.1\nTransfer-Encoding: chunked\n\n0\n\n",
        "CONNECT nothing HTTP/1.1\nno header\n\n",
        "CONNECT 127.0.0.1:port HTTP/1.1\n\n",
        "\n\n",
        "x" * 100_000,
    ],
)
def test_what_is_no_request_is_refused(request_: str) -> None:
    with raw_server(always(reply(b"hello"))) as server:
        (answer,) = through(server, request_)
        assert server.connections == 0
    assert answer[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5") or answer == b"reset"


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\nx\r\n\r\n", b"\0"])
def test_what_is_no_reply_is_told(sent: bytes) -> None:
    with raw_server(always(sent, close=True)) as server:
        answers, ticket = _through(server, ("GET {url}/ HTTP/1.1\n\n",), None)
    assert answers[0].startswith(b"HTTP/1.1 502")
    (failure,) = ticket.failures.values()
    assert failure.outcome is Outcome.UNREACHABLE


def test_a_silent_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "PATIENCE", 0.1)
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
            "GET http://dual.example:{port}/ HTTP/1.1\n\n",
            guard=Guard(Origin("http", "dual.example", server.port)),
        )
    assert answer.endswith(b"hello")


def test_the_byte_cap_ends_every_connection_of_the_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "BYTE_CAP", 1000)
    request = "GET {url}/ HTTP/1.1\n\n"
    with raw_server(always(reply(b"x" * 600), close=True)) as server:
        answers, ticket = _through(server, (request, request), None)
    assert answers[0].endswith(b"x" * 600)
    assert not answers[1].endswith(b"x" * 600)
    assert ticket.exhausted


def test_connections_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "CONNECTIONS_IN_ALL", 2)
    request = "GET {url}/ HTTP/1.1\n\n"
    with raw_server(always(reply(b"hello"), close=True)) as server:
        answers = through(server, request, request, request)
    assert [answer[9:12] for answer in answers] == [b"200", b"200", b"429"]
