"""Replies whose beginning or end is in doubt: none passes for a longer one or for the next."""

import asyncio
import contextlib
import itertools
import socket
import subprocess
import sys
import threading
import time

import pytest
import trustme
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError
from aiohttp.http_exceptions import LineTooLong

from grader.model import Limits, ProbeKind, Reply, Submission
from grader.outcomes import Outcome
from tests.grader.probes.loops import deployed, in_a_thread
from tests.grader.probes.raw import (
    Handler,
    after_request,
    always,
    hang,
    raw_server,
    read_request,
    reply,
    reset,
)
from tests.grader.probes.test_tls import server_context

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def _ask(url: str, kind: ProbeKind = ProbeKind.API, count: int = 1) -> list[Reply]:
    limits = Limits(timeout=5, wake_timeout=5, allow_private=True)
    with deployed(Submission("abc", url), limits) as deployment:
        return [deployment.ask(kind, "") for _ in range(count)]


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
@pytest.mark.parametrize("size", [b"-1", b"+5", b"0x5", b"1_0", b" 5", b"five", b"5" * 70_000])
def test_a_chunk_size_that_is_no_number_escapes_no_cap(kind: ProbeKind, size: bytes) -> None:
    answer = CHUNKED + size + b"\r\n" + b"3" * 1_000_000
    with raw_server(always(answer, close=True)) as server:
        (got,) = _ask(server.url, kind)
    assert got.failure is Outcome.UNREACHABLE
    assert "not HTTP" in got.detail
    assert "a chunk of size" in got.detail


def test_a_release_is_framed_as_strictly() -> None:
    with raw_server(always(CHUNKED + b"-1\r\n" + b"3" * 1_000_000, close=True)) as server:
        limits = Limits(wake_timeout=5, allow_private=True)
        with deployed(Submission("abc", server.url), limits) as deployment:
            got = deployment.ask_release()
    assert "a chunk of size" in got.detail


def test_a_chunk_that_comes_later_is_framed_as_strictly() -> None:
    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(CHUNKED + b"1\r\n3\r\n")
        read_on.wait(0.3)
        connection.sendall(b"-1\r\n" + b"3" * 1000)
        connection.recv(1)

    read_on = threading.Event()
    with raw_server(handle) as server:
        (got,) = _ask(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert "a chunk of size" in got.detail


def test_chunks_are_read_in_every_form_that_is_allowed() -> None:
    chunks = b"1\r\n3\r\n00b;a=b\r\n2 are right\r\n1  \r\n.\r\n0\r\nTrailer: x\r\n\r\n"
    with raw_server(always(CHUNKED + chunks)) as server:
        assert [got.text for got in _ask(server.url, count=2)] == ["32 are right."] * 2
        assert server.connections == 1


@pytest.mark.parametrize("part", [b"", b"5\r\nab", b"2\r\nab\r\n"])
def test_chunks_that_end_too_early_broke_off(part: bytes) -> None:
    with raw_server(always(CHUNKED + part, close=True)) as server:
        (got,) = _ask(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert "broke off" in got.detail


def _hinting(hints: int) -> Handler:
    def handle(connection: socket.socket) -> None:
        asked = 0
        while read_request(connection):
            asked += 1
            connection.sendall(HINT * hints)
            connection.sendall(reply(b"answer %d" % asked))

    return handle


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
def test_hints_before_a_reply_shift_no_answers(kind: ProbeKind) -> None:
    with raw_server(_hinting(2)) as server:
        replies = _ask(server.url, kind, count=3)
        assert server.connections == 1
    assert [got.status for got in replies] == [200] * 3
    assert [got.text for got in replies] == ["answer 1", "answer 2", "answer 3"]


def test_endless_hints_are_no_reply() -> None:
    with raw_server(_hinting(1000)) as server:
        (got,) = _ask(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert "interim" in got.detail


@pytest.mark.parametrize("hints", [b"HTTP/1.1 102 Processing\r\n\r\n", HINT])
def test_hints_without_a_reply_are_too_slow(hints: bytes) -> None:
    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(hints)
        hang(connection)

    with raw_server(handle) as server:
        limits = Limits(timeout=1, allow_private=True)
        with deployed(Submission("abc", server.url), limits) as deployment:
            got = deployment.ask(ProbeKind.API, "")
    assert (got.failure, got.status) == (Outcome.TOO_SLOW, None)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: -1",
        b"Content-Length: 1_0",
        b"no header",
        b"\r\n".join(b"X: y" for _ in range(101)),
        b"X: " + b"y" * 66_000,
        b"X: a\0b",
    ],
    ids=lambda head: head[:30].decode(),
)
def test_headers_in_doubt_are_no_reply(head: bytes) -> None:
    with raw_server(always(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n3" % head, close=True)) as server:
        (got,) = _ask(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert "not HTTP" in got.detail


@pytest.mark.parametrize("line", ["3", "<html>3</html>", "HTTP/2 200"])
def test_what_is_no_http_is_told_as_it_came(line: str) -> None:
    with raw_server(always(f"{line}\r\n\r\n3".encode(), close=True)) as server:
        (got,) = _ask(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert got.detail == f"what came back is not HTTP: {line!r}"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 1\n\n3",
        b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n3",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: %b\r\n\r\n3" % (b"y" * 65_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n%b\r\n\r\n3"
        % b"\r\n".join(b"X: y" for _ in range(99)),
        CHUNKED + (b"1;%b\r\n3\r\n" % (b"a" * 1000)) + b"0\r\n\r\n",
    ],
    ids=["bare LF", "no reason", "a long header", "a hundred headers", "an extension"],
)
def test_odd_replies_are_read(answer: bytes) -> None:
    with raw_server(always(answer)) as server:
        assert [got.text for got in _ask(server.url, count=2)] == ["3", "3"]
        assert server.connections == 1


def test_odd_bytes_in_a_header_are_kept_as_text() -> None:
    odd = b"Server: caf\xc3\xa9 \xff"
    answer = b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 1\r\n\r\n3" % odd
    with raw_server(always(answer)) as server:
        (got,) = _ask(server.url)
    assert (
        got.headers["server"] == "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{REPLACEMENT CHARACTER}"
    )


@pytest.mark.parametrize("together", [True, False])
def test_what_follows_a_reply_takes_nothing_back_and_is_no_reply(together: bool) -> None:
    count = itertools.count(1)

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            answer = reply(b"answer %d" % next(count))
            if together:
                connection.sendall(answer + b"more than it said")
            else:
                connection.sendall(answer)
                connection.sendall(b"more than it said")

    with raw_server(handle) as server:
        # Where it comes late the next request may meet it, and is sent once more.
        replies = [got.text for got in _ask(server.url, count=3)]
    assert replies[0] == "answer 1"
    assert all(text.startswith("answer") for text in replies)


def test_replies_that_nobody_asked_for_end_the_connection() -> None:
    ended = threading.Event()

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(reply(b"3"))
        asked.wait(30)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(reply(b"4"))
        ended.set()

    asked = threading.Event()
    limits = Limits(timeout=5, allow_private=True)
    with (
        raw_server(handle) as server,
        deployed(Submission("abc", server.url), limits) as deployment,
    ):
        assert deployment.ask(ProbeKind.API, "").text == "3"
        asked.set()
        assert ended.wait(30)
        assert deployment.ask(ProbeKind.API, "").text == "3"
        assert server.connections == 2


def test_aiohttps_protocol_is_as_we_rely_on() -> None:
    """If it changes, so must `Connection`, which uses more than is documented."""

    async def ask(port: int) -> None:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: ResponseHandler(loop), "127.0.0.1", port)
        assert protocol.transport is not None
        assert vars(protocol)["_payload"] is None
        for _ in range(2):
            protocol.set_response_params(
                read_until_eof=True,
                auto_decompress=False,
                max_line_size=65536,
                max_field_size=65536,
                max_headers=100,
            )
            protocol.transport.write(b"GET / HTTP/1.1\r\n\r\n")
            message, body = await protocol.read()
            assert message.code == 200
            assert vars(protocol)["_payload"] is body
            assert await body.readany() == b"3"
            assert (body.is_eof(), body.at_eof(), body.exception()) == (True, True, None)
            assert (protocol.is_connected(), protocol.should_close) == (True, False)
        closed = protocol.closed
        assert closed is not None
        protocol.set_response_params(max_line_size=100, max_field_size=100)
        reading = asyncio.create_task(protocol.read())
        await asyncio.sleep(0)
        protocol.data_received(b"HTTP/1.1 200 " + b"K" * 1000 + b"\r\n\r\n")
        with pytest.raises(HttpProcessingError) as caught:
            await reading
        assert isinstance(caught.value.__cause__, LineTooLong)
        assert isinstance(protocol.exception(), HttpProcessingError)
        assert protocol.should_close
        await asyncio.wait([closed])

    with raw_server(always(reply(b"3"))) as server:
        in_a_thread(ask(server.port))


def test_a_body_that_ends_with_a_reset_is_not_whole() -> None:
    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n3")
        time.sleep(0.3)
        reset(connection)

    with raw_server(handle) as server:
        (got,) = _ask(server.url)
    assert (got.failure, got.text) == (Outcome.UNREACHABLE, "")
    assert "reset" in got.detail


def test_queries_are_sent_as_they_are_quoted() -> None:
    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            connection.sendall(reply(head.split()[1]))

    limits = Limits(timeout=5, allow_private=True)
    with raw_server(handle) as server:
        submission = Submission("abc", f"{server.url}/an%20app")
        with deployed(submission, limits) as deployment:
            got = deployment.ask(ProbeKind.API, "'a' + b/c?#%27")
    assert got.text == "/an%20app/api?q=%27a%27%20%2B%20b%2Fc%3F%23%2527"


_ASKING = """
import asyncio, sys
from grader.model import Limits, ProbeKind, Submission
from grader.probes import Deployment

async def ask(url, stop):
    async with Deployment(Submission("abc", url), Limits(timeout=1, allow_private=True)) as it:
        asking = asyncio.create_task(it.ask(ProbeKind.API, ""))
        if stop:
            await asyncio.sleep(0.2)
            asking.cancel()
        await asyncio.wait([asking])
        if not stop:
            print((await it.ask(ProbeKind.PAGE, "")).status)

async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # a busy machine is no leak
    for url in sys.argv[1:]:
        for stop in (False, True):
            await ask(url, stop)

asyncio.run(main())
"""


def test_nothing_stays_open(authority: trustme.CA) -> None:
    """Whatever Python would warn of, an unclosed socket or a task that nobody awaits, is told."""
    page = always(reply(b"<input>", "Content-Type: text/html"))
    context = server_context(authority.issue_cert("127.0.0.1"))
    with (
        raw_server(page) as plain,
        raw_server(page, context) as secure,
        raw_server(after_request(hang)) as slow,
        raw_server(after_request(hang), context) as slow_and_secure,
        raw_server(hang) as mute,
    ):
        urls = [plain.url, secure.url, slow.url, slow_and_secure.url]
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", _ASKING, *urls, mute.url.replace("http", "https")],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.stderr == ""
    assert done.stdout.split() == ["200", "200", "None", "None", "None"]
