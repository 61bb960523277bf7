"""The API probe against servers that misbehave in every way the course has seen."""

import asyncio
import contextlib
import itertools
import socket
import threading
import time

import pytest

from grader.model import Limits, ProbeKind, Reply, Submission
from grader.outcomes import Outcome
from grader.probes import Deployment
from grader.probes.guard import Address, Guard, Origin
from tests.grader.probes.loops import deployed, in_a_thread
from tests.grader.probes.raw import (
    GARBAGE,
    HALF_A_REPLY,
    LARGE_HEADERS,
    Handler,
    RawServer,
    after_request,
    always,
    drip,
    drip_body,
    drip_headers,
    endless,
    hang,
    raw_server,
    read_request,
    reply,
    reset,
)

SECONDS = 0.6


def _ask(url: str, *, count: int = 1, secret: str = "", seconds: float = SECONDS) -> list[Reply]:
    submission = Submission("abc", url, bypass_secret=secret)
    limits = Limits(timeout=seconds, wake_timeout=seconds, allow_private=True)
    with deployed(submission, limits) as deployment:
        return [deployment.ask(ProbeKind.API, "What is 1 plus 2?") for _ in range(count)]


def _one(url: str) -> Reply:
    return _ask(url)[0]


def test_a_reply_is_read_with_its_evidence() -> None:
    with raw_server(always(reply(b"3\n", "Content-Type: text/plain"))) as server:
        got = _one(server.url)
    assert (got.status, got.text, got.content_type) == (200, "3\n", "text/plain")
    assert got.url == f"{server.url}/api?q=What%20is%201%20plus%202%3F" == got.final_url
    assert got.failure is None
    assert got.attempts == 1
    assert 0 < got.elapsed_ms < 1000 * SECONDS


def test_one_connection_serves_all_questions() -> None:
    with raw_server(always(reply(b"3"))) as server:
        assert [got.text for got in _ask(server.url, count=5)] == ["3"] * 5
        assert server.connections == 1


def test_a_body_may_end_with_the_connection() -> None:
    answer = b"HTTP/1.0 200 OK\r\n\r\n3"
    with raw_server(always(answer, close=True)) as server:
        assert _one(server.url).text == "3"


def test_the_request_names_the_grader_and_asks_for_no_compression() -> None:
    heads: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        heads.append(read_request(connection))
        connection.sendall(reply(b""))

    with raw_server(handle) as server:
        _one(server.url)
    head = heads[0].decode()
    assert "\r\nUser-Agent: grader/" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in head


def _drip_status(connection: socket.socket) -> None:
    drip(connection, b"HTTP/1.1 200 O", b"K")


def _drip_until_closed(connection: socket.socket) -> None:
    drip(connection, b"HTTP/1.0 200 OK\r\n\r\n", b"3")


@pytest.mark.parametrize("act", [hang, _drip_status, drip_headers, drip_body])
def test_the_deadline_bounds_the_whole_reply(act: Handler) -> None:
    with raw_server(after_request(act)) as server:
        started = time.monotonic()
        got = _one(server.url)
        took = time.monotonic() - started
    assert got.failure is Outcome.TOO_SLOW
    assert SECONDS <= took < SECONDS + 1


def test_a_body_cut_off_by_the_deadline_is_no_clean_end() -> None:
    with raw_server(after_request(_drip_until_closed)) as server:
        got = _one(server.url)
    assert got.failure is Outcome.TOO_SLOW
    assert got.text == ""


def test_an_endless_body_is_cut_at_the_cap() -> None:
    with raw_server(after_request(endless)) as server:
        got = _one(server.url)
    assert got.failure is Outcome.TOO_LARGE
    assert "64 KiB" in got.detail
    assert got.text == ""


def test_a_reply_of_just_the_cap_is_read() -> None:
    with raw_server(always(reply(b"3" * 65536))) as server:
        assert len(_one(server.url).text) == 65536


def test_the_rest_of_a_reply_is_never_taken_for_the_next_one() -> None:
    cap = 64 * 1024
    forged = reply(b"forged")
    with raw_server(always(reply(b"x" * (cap + 1) + forged))) as server:
        got = _ask(server.url, count=2)
        assert [each.failure for each in got] == [Outcome.TOO_LARGE] * 2
        assert server.connections == 2


def test_compression_that_nobody_asked_for_is_not_unpacked() -> None:
    with raw_server(always(reply(b"\x1f\x8b", "Content-Encoding: gzip"))) as server:
        got = _one(server.url)
    assert got.failure is Outcome.TOO_LARGE
    assert "gzip" in got.detail


def _no_reply(connection: socket.socket) -> None:
    read_request(connection)


@pytest.mark.parametrize(
    ("handle", "words"),
    [
        (always(GARBAGE, close=True), "not HTTP"),
        (always(HALF_A_REPLY, close=True), "broke off"),
        (always(LARGE_HEADERS), "not HTTP"),
        (after_request(reset), "reset"),
        (_no_reply, "without a reply"),
    ],
)
def test_a_broken_exchange_is_unreachable_in_words(handle: Handler, words: str) -> None:
    with raw_server(handle) as server:
        got = _one(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert words in got.detail
    assert got.attempts == 1


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        got = _one(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert got.failure is Outcome.UNREACHABLE
    assert "refused" in got.detail


def test_an_idle_connection_closed_by_the_server_is_retried_on_a_fresh_one() -> None:
    def one_each(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(reply(b"3"))
        # The second request on this connection meets a reset.
        read_request(connection)
        reset(connection)

    with raw_server(one_each) as server:
        first, second = _ask(server.url, count=2)
    assert (first.text, first.attempts) == ("3", 1)
    assert (second.text, second.attempts) == ("3", 2)


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
def test_what_comes_while_a_connection_is_idle_is_no_reply(kind: ProbeKind) -> None:
    idle, told = threading.Event(), threading.Event()

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(reply(b"3"))
            assert idle.wait(10)
            # What a load balancer says before it closes.
            connection.sendall(reply(b"", status="408 Request Timeout"))
            told.set()

    with raw_server(handle) as server:
        limits = Limits(timeout=5, allow_private=True)
        with deployed(Submission("abc", server.url), limits) as deployment:
            first = deployment.ask(kind, "")
            idle.set()
            assert told.wait(10)
            second = deployment.ask(kind, "")
        assert server.connections == 2
    assert [(got.status, got.text, got.attempts) for got in (first, second)] == [(200, "3", 1)] * 2


def test_redirects_to_ever_new_places_hold_few_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def vet(_guard: Guard, _origin: Origin, _addresses: list[Address]) -> None:
        """Let redirects lead to other servers of the test."""

    monkeypatch.setattr(Guard, "vet", vet)
    ended = threading.Semaphore(0)

    def lead_nowhere_else(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(reply(b"3"))
        ended.release()

    with contextlib.ExitStack() as closing:
        servers = [closing.enter_context(raw_server(lead_nowhere_else)) for _ in range(8)]
        home = _redirecting(*(server.url for server in servers))
        closing.callback(home.close)
        submission = Submission("abc", home.url)
        asked = closing.enter_context(deployed(submission, Limits(timeout=5)))
        assert [asked.ask(ProbeKind.API, "").text for _ in servers] == ["3"] * 8
        # Four are held, one of them to the deployment itself.
        assert all(ended.acquire(timeout=5) for _ in range(4))


def _redirecting(*targets: str) -> RawServer:
    answers = itertools.chain(
        (reply(b"moved", f"Location: {target}", status="302 Found") for target in targets),
        itertools.repeat(reply(b"3")),
    )

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(next(answers))

    return RawServer(handle)


def test_three_redirects_are_followed() -> None:
    server = _redirecting("/a", "/b?q=x", "c")
    got = _one(server.url)
    server.close()
    assert (got.status, got.text) == (200, "3")
    assert got.final_url == f"{server.url}/c"


def test_a_redirect_may_be_written_as_people_write() -> None:
    asked: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            asked.append(head.split(b"\r\n")[0])
            moved = reply(b"", "Location: /a b?c=<d>&e=%20", status="302 Found")
            connection.sendall(moved if len(asked) == 1 else reply(b"3"))

    with raw_server(handle) as server:
        assert _one(server.url).text == "3"
    assert asked[1] == b"GET /a%20b?c=%3Cd%3E&e=%20 HTTP/1.1"


def test_a_fourth_redirect_is_not() -> None:
    server = _redirecting("/a", "/b", "/c", "/d", "/e")
    got = _one(server.url)
    server.close()
    assert got.status == 302
    assert "redirect" in got.detail


def test_a_redirect_into_a_private_network_reaches_nothing() -> None:
    with raw_server(always(reply(b"secret"))) as canary:
        port = canary.port
        for target in (canary.url, f"http://localhost:{port}", f"http://[::ffff:7f00:1]:{port}"):
            server = _redirecting(target)
            got = _one(server.url)
            server.close()
            assert got.failure is Outcome.FORBIDDEN_ADDRESS, target
        assert canary.connections == 0


@pytest.mark.parametrize(
    "target", ["http://[::1", "http://a.example:99999/", "javascript:alert(1)"]
)
def test_a_redirect_to_what_is_no_address_is_the_apps_own_fault(target: str) -> None:
    server = _redirecting(target)
    got = _one(server.url)
    server.close()
    assert (got.failure, got.status) == (None, 302)
    assert "which is no address" in got.detail


@pytest.mark.parametrize("target", ["ftp://example.org/", "http://u:p@example.org/", "file:///etc"])
def test_a_redirect_to_what_is_no_web_url_is_not_followed(target: str) -> None:
    server = _redirecting(target)
    got = _one(server.url)
    server.close()
    assert got.failure is Outcome.FORBIDDEN_ADDRESS


def test_without_permission_a_private_address_is_never_dialed() -> None:
    with raw_server(always(reply(b"3"))) as server:
        with deployed(Submission("abc", server.url), Limits()) as deployment:
            got = deployment.ask(ProbeKind.API, "x")
        assert got.failure is Outcome.FORBIDDEN_ADDRESS
        assert server.connections == 0


def test_a_limited_rate_is_obeyed_within_the_deadline() -> None:
    answers = iter([reply(b"slow down", "Retry-After: 0", status="429 Too Many"), reply(b"3")])

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(next(answers))

    with raw_server(handle) as server:
        got = _one(server.url)
    assert (got.status, got.text, got.attempts) == (200, "3", 2)


@pytest.mark.parametrize("when", ["3600", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "-5 apples"])
def test_a_limit_beyond_the_deadline_is_told_at_once(when: str) -> None:
    answer = reply(b"", f"Retry-After: {when}", status="429 Too Many Requests")
    with raw_server(always(answer)) as server:
        got = _one(server.url)
    assert got.status == 429
    assert got.elapsed_ms < 1000 * SECONDS


def test_the_bypass_secret_goes_to_the_own_origin_only() -> None:
    heads: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        heads.append(read_request(connection))
        connection.sendall(reply(b"", "Location: https://example.invalid/", status="302 Found"))

    with raw_server(handle) as server:
        got = _ask(server.url, secret="s3cret", seconds=5)[0]
    assert b"x-vercel-protection-bypass: s3cret" in heads[0]
    # Where the redirect led could not even be looked up; the header was not made for it.
    assert got.failure in (Outcome.UNREACHABLE, Outcome.NOT_CHECKED)


def test_whoever_stops_waiting_closes_the_connection() -> None:
    arrived, ended = threading.Event(), threading.Event()

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        arrived.set()
        connection.recv(1)
        ended.set()

    async def stopped(url: str) -> None:
        async with Deployment(Submission("abc", url), Limits(timeout=60, allow_private=True)) as it:
            asking = asyncio.create_task(it.ask(ProbeKind.API, "x"))
            assert await asyncio.to_thread(arrived.wait, 10)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            # While the deployment itself stays open.
            assert await asyncio.to_thread(ended.wait, 10)

    with raw_server(handle) as server:
        in_a_thread(stopped(server.url))


def test_many_queries_are_asked_at_once() -> None:
    together = threading.Barrier(5)

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            together.wait(10)
            connection.sendall(reply(head.split()[1]))

    async def asked(url: str) -> list[str]:
        async with Deployment(Submission("abc", url), Limits(timeout=10, allow_private=True)) as it:
            for _ in range(2):
                every = (it.ask(ProbeKind.API, str(number)) for number in range(5))
                texts = [got.text for got in await asyncio.gather(*every)]
            return texts

    with raw_server(handle) as server:
        texts = in_a_thread(asked(server.url))
        assert server.connections == 5
    assert texts == [f"/api?q={number}" for number in range(5)]


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"caf\xe9", "caf\xe9"),
        ("text/plain; charset=UTF-8", "caf\xe9".encode(), "caf\xe9"),
        ("text/plain; charset=hex", b"zz", "zz"),
        ("text/plain", b"caf\xff", "caf\ufffd"),
    ],
)
def test_bytes_become_text_by_their_charset(content_type: str, body: bytes, text: str) -> None:
    with raw_server(always(reply(body, f"Content-Type: {content_type}"))) as server:
        assert _one(server.url).text == text


def test_a_status_that_goes_on_is_none() -> None:
    def handle(connection: socket.socket) -> None:
        drip(connection, b"HTTP/1.1 20", b"0")

    with raw_server(after_request(handle)) as server:
        got = _one(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert "with the status '2000', which is none" in got.detail


@pytest.mark.parametrize(
    "line", ["HTTP/1.1 83", "HTTP/1.1 83 OK", "HTTP/1.0 abc OK", "HTTP/1.1 -9"]
)
def test_a_status_that_is_none_is_told_as_what_it_is(line: str) -> None:
    with raw_server(
        always(f"{line}\r\nContent-Length: 2\r\n\r\nOK".encode(), close=True)
    ) as server:
        got = _one(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert "sent its answer as the status" in got.detail
    assert line.split()[1] in got.detail


def test_what_tells_whose_reply_it_is_is_kept_and_nothing_else() -> None:
    answer = reply(
        b"", "X-Vercel-Error: DEPLOYMENT_PAUSED", "Set-Cookie: session=s3cret",
        f"Server: {'x' * 1000}", "Retry-After: 7", status="503 Service Unavailable",
    )  # fmt: skip
    with raw_server(always(answer)) as server:
        got = _one(server.url)
    assert got.headers["x-vercel-error"] == "DEPLOYMENT_PAUSED"
    assert len(got.headers["server"]) == 200
    assert set(got.headers) == {"x-vercel-error", "server"}
    assert got.retry_after == 7
