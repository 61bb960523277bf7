"""How platforms are asked: limits, errors, hostile replies, and where the token goes."""

import contextlib
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from grader.delivery.releases.account import Account
from grader.delivery.releases.http import Api, RefusedError, Shape
from grader.delivery.releases.pace import Pace
from grader.delivery.releases.platform import OutcomeUnknownError, PlatformError
from tests.grader.delivery.releases.fakes import TOKEN
from tests.grader.probes.raw import (
    GARBAGE,
    HALF_A_REPLY,
    Handler,
    after_request,
    always,
    drip_body,
    endless,
    hang,
    raw_server,
    read_request,
    reply,
    reset,
)
from tests.servers import free_port

ACCOUNT = Account("Nimbus", "NIMBUS_TOKEN", "https://api.nimbus.invalid", "NIMBUS_API")


class Thing(Shape):
    id: str


THING = reply(b'{"id": "x"}')
HURRIED = Pace(request=0.5, call=2, action=1, between=0.01)


class Server:
    """Gives the replies in turn, the last one for ever; keeps what it was asked."""

    def __init__(self, *replies: bytes | Handler) -> None:
        self.asked: list[bytes] = []
        self._left = list(replies)
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket) -> None:
        while head := read_request(connection):
            with self._lock:
                self.asked.append(head)
                now = self._left.pop(0) if len(self._left) > 1 else self._left[0]
            if isinstance(now, bytes):
                connection.sendall(now)
            else:
                now(connection)
                return

    @property
    def lines(self) -> list[str]:
        return [head.split(b"\r\n")[0].decode() for head in self.asked]


class Waits:
    """Stands for the clock's `sleep`: it keeps how long was asked for, and returns at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


Asked = Callable[..., contextlib.AbstractContextManager[Api]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """An interface at a server that answers so."""

    @contextlib.contextmanager
    def made(server: Handler, pace: Pace = HURRIED) -> Iterator[Api]:
        with raw_server(server) as raw:
            monkeypatch.setenv("NIMBUS_TOKEN", TOKEN)
            monkeypatch.setenv("NIMBUS_API", raw.url)
            yield Api(ACCOUNT, pace)

    return made


def waiting(waits: Waits, call: float = 90) -> Pace:
    return Pace(request=5, call=call, sleep=waits)


def told(status: int, words: str, body: Any, *headers: str) -> bytes:
    return reply(json.dumps(body).encode(), *headers, status=f"{status} {words}")


def test_the_token_goes_into_one_header(asked: Asked) -> None:
    server = Server(THING)
    with asked(server) as api:
        assert api.get("/things/x", Thing, {"limit": "2"}).id == "x"
    (head,) = server.asked
    assert head.startswith(b"GET /things/x?limit=2 HTTP/1.1\r\n")
    assert head.count(TOKEN.encode()) == 1
    assert f"\r\nAuthorization: Bearer {TOKEN}\r\n".encode() in head


def test_a_netrc_does_not_replace_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.nimbus.invalid login bovik password pa55\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NIMBUS_TOKEN", TOKEN)
    monkeypatch.delenv("NIMBUS_API", raising=False)
    asked = requests.Request("GET", "https://api.nimbus.invalid/x")
    sent = Api(ACCOUNT, HURRIED)._session.prepare_request(asked)
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"


def test_no_proxy_reads_what_goes_to_this_machine(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with asked(Server(THING)) as api:
        assert api.get("/x", Thing).id == "x"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Again", "308 There"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_redirect_takes_the_token_nowhere(asked: Asked, status: str, method: str) -> None:
    other = Server(THING)
    with raw_server(other) as elsewhere:
        led = reply(b"", f"Location: {elsewhere.url}/x", status=status)
        with asked(Server(led)) as api, pytest.raises(RefusedError, match="It led elsewhere"):
            api.get("/x", Thing) if method == "get" else api.post("/x")
    assert other.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.org",
        "ftp://localhost",
        "localhost:8000",
        "https://",
        "https://user:word@api.example.org",
        "https://api.example.org/?next=1",
        "http://localhost.evil.org",
        "http://[::1",
    ],
)
def test_an_address_where_the_token_is_not_safe_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("NIMBUS_TOKEN", TOKEN)
    monkeypatch.setenv("NIMBUS_API", address)
    with pytest.raises(PlatformError, match="has to begin with https://"):
        Api(ACCOUNT, Pace())


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "käse"])
def test_what_is_no_token_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("NIMBUS_TOKEN", token)
    with pytest.raises(PlatformError, match="NIMBUS_TOKEN is no token") as seen:
        Api(ACCOUNT, Pace())
    assert token not in str(seen.value)


@pytest.mark.parametrize("token", [None, "", "  "])
def test_a_missing_token_is_said(monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    monkeypatch.delenv("NIMBUS_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("NIMBUS_TOKEN", token)
    with pytest.raises(PlatformError, match="set the environment variable NIMBUS_TOKEN"):
        Api(ACCOUNT, Pace())


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "make a new one and set it"),
        (403, "is it of the account or team"),
        (404, "Compare the project's and the release's names"),
        (422, "refused (status 422)"),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "x", "message": "So it is."}},
        {"id": "x", "message": "So it is."},
        {"error": "So it is."},
    ],
)
def test_what_the_platform_says_is_quoted(
    asked: Asked, status: int, words: str, body: dict[str, Any]
) -> None:
    server = Server(told(status, "No", body))
    with asked(server) as api:
        for ask in (lambda: api.get("/x", Thing), lambda: api.post("/x")):
            with pytest.raises(RefusedError) as seen:
                ask()
            assert words in str(seen.value)
            assert '"So it is"' in str(seen.value)
            assert seen.value.status == status
    assert len(server.asked) == 2


def test_a_platform_that_echoes_the_token_does_not_get_it_shown(
    asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"message": f"bad header: Bearer {TOKEN} \x1b[2J\u202e"}
    with asked(Server(told(400, "No", body))) as api, pytest.raises(PlatformError) as seen:
        api.get("/x", Thing)
    shown = str(seen.value)
    assert "Bearer ***" in shown
    assert shown.isprintable()
    assert TOKEN not in shown + repr(seen.value) + repr(vars(seen.value)) + caplog.text
    assert seen.value.__cause__ is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_passing_fault_is_asked_again_but_no_order_given_twice(asked: Asked, status: int) -> None:
    fault = told(status, "Oops", {"message": "oops"})
    waits = Waits()
    server = Server(fault, THING)
    with asked(server, waiting(waits)) as api:
        assert api.get("/x", Thing).id == "x"
    assert len(server.asked) == 2
    orders: list[Callable[[Api], object]] = [
        lambda api: api.post("/x"),
        lambda api: api.patch("/x", {}),
    ]
    for order in orders:
        server = Server(fault, THING)
        with (
            asked(server, waiting(waits)) as api,
            pytest.raises(OutcomeUnknownError, match=rf"status {status}.*releases list before"),
        ):
            order(api)
        assert len(server.asked) == 1


def test_a_fault_that_stays_is_told(asked: Asked) -> None:
    waits = Waits()
    server = Server(told(503, "Oops", {"message": "maintenance"}))
    with (
        asked(server, waiting(waits, call=1)) as api,
        pytest.raises(PlatformError, match=r'own \(status 503\): "maintenance"') as seen,
    ):
        api.get("/x", Thing)
    assert not isinstance(seen.value, OutcomeUnknownError)
    assert len(server.asked) > 1


@pytest.mark.parametrize(
    "headers",
    [
        ("Retry-After: 7",),
        ("Ratelimit-Limit: 30", "Ratelimit-Remaining: 0", "Ratelimit-Reset: 7"),
        ("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 7"),
        ("Retry-After: 7", "Ratelimit-Reset: 3000"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_rate_limit_is_waited_out(asked: Asked, headers: tuple[str, ...], method: str) -> None:
    waits = Waits()
    server = Server(told(429, "Slow down", {"message": "slow"}, *headers), THING)
    with asked(server, waiting(waits)) as api:
        api.get("/x", Thing) if method == "get" else api.post("/x")
    assert len(server.asked) == 2
    assert waits.seconds
    assert all(6.5 < seconds <= 7 for seconds in waits.seconds)


def test_a_limit_in_the_error_itself_is_obeyed(asked: Asked) -> None:
    waits = Waits()
    limit = {"remaining": 0, "reset": 9, "total": 100}
    body = {"error": {"code": "rate_limited", "message": "slow", "limit": limit}}
    with asked(Server(told(429, "Slow", body), THING), waiting(waits)) as api:
        api.get("/x", Thing)
    assert waits.seconds == [9]


def test_a_limit_without_a_word_is_waited_out_longer_each_time(asked: Asked) -> None:
    waits = Waits()
    slow = told(429, "Slow", {"message": "slow"}, "RateLimit-Remaining: 0")
    with asked(Server(slow, slow, slow, THING), waiting(waits)) as api:
        api.get("/x", Thing)
    assert waits.seconds == [0.5, 1, 2]


@pytest.mark.parametrize("after", ["3600", "999999999999999", "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_a_limit_that_outlasts_us_is_told(asked: Asked, after: str) -> None:
    waits = Waits()
    server = Server(told(429, "Slow", {}, f"Retry-After: {after}"))
    with (
        asked(server, waiting(waits)) as api,
        pytest.raises(RefusedError, match=r"nothing was done\. Try again in"),
    ):
        api.post("/x")
    assert (len(server.asked), waits.seconds) == (1, [])


def test_what_is_used_up_is_not_asked_for_again_before_its_reset(asked: Asked) -> None:
    waits = Waits()
    last = reply(b'{"id": "x"}', "Ratelimit-Remaining: 0", "Ratelimit-Reset: 20")
    server = Server(last, THING)
    with asked(server, waiting(waits)) as api:
        api.get("/x", Thing)
        assert waits.seconds == []
        api.get("/x", Thing)
    (waited,) = waits.seconds
    assert 15 < waited <= 20


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome to the captive portal</html>",
        b"",
        b"[" * 100_000,
        b'{"id": 7}',
        b'{"id": "x"',
        b"null",
        b"\xff\xfe\x00",
        b'{"id": "' + b"x" * 300 + b'"} trailing',
    ],
)
def test_a_form_that_nobody_knows_is_said(asked: Asked, body: bytes) -> None:
    with (
        asked(Server(reply(body))) as api,
        pytest.raises(PlatformError, match="form that grader does not know") as seen,
    ):
        api.get("/x", Thing)
    assert len(str(seen.value)) < 500


@pytest.mark.parametrize("start", [b"", b"Content-Length: 99999999\r\n"])
def test_a_reply_without_end_is_not_read(asked: Asked, start: bytes) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + start + b"\r\n")
        endless(connection)

    with (
        asked(Server(flood), Pace(request=20, call=20)) as api,
        pytest.raises(PlatformError, match="more than 4,194,304 bytes"),
    ):
        api.get("/x", Thing)


def test_chunks_are_read_and_bounded(asked: Asked) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with asked(Server(head + b'6\r\n{"id":\r\n5\r\n "x"}\r\n0\r\n\r\n')) as api:
        assert api.get("/x", Thing).id == "x"

    def flood(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with (
        asked(Server(flood), Pace(request=20, call=20)) as api,
        pytest.raises(PlatformError, match="more than 4,194,304 bytes"),
    ):
        api.get("/x", Thing)


@pytest.mark.parametrize(
    "act",
    [hang, drip_body, reset, lambda c: c.sendall(HALF_A_REPLY), lambda c: c.sendall(GARBAGE)],
    ids=["silence", "drip", "reset", "half", "garbage"],
)
def test_an_order_without_a_clear_answer_may_have_been_carried_out(
    asked: Asked, act: Handler
) -> None:
    server = Server(act)
    with asked(server) as api:
        for error, words, ask in (
            (OutcomeUnknownError, "list before you try again", lambda: api.post("/x")),
            (PlatformError, "Try again in a minute", lambda: api.get("/x", Thing)),
        ):
            server.asked.clear()
            with pytest.raises(error, match=words) as seen:
                ask()
            assert type(seen.value) is error
            assert len(server.asked) == 1 or error is PlatformError


def test_nobody_there_is_said_and_nothing_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMBUS_TOKEN", TOKEN)
    monkeypatch.setenv("NIMBUS_API", f"http://127.0.0.1:{free_port()}")
    api = Api(ACCOUNT, HURRIED)
    for ask in (lambda: api.get("/x", Thing), lambda: api.post("/x")):
        with pytest.raises(PlatformError, match=r"nothing was done\. Are you online") as seen:
            ask()
        assert not isinstance(seen.value, OutcomeUnknownError)


def test_an_order_does_not_trust_a_kept_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMBUS_TOKEN", TOKEN)
    with raw_server(always(THING)) as raw:
        monkeypatch.setenv("NIMBUS_API", raw.url)
        api = Api(ACCOUNT, HURRIED)
        api.get("/x", Thing)
        api.get("/x", Thing)
        assert raw.connections == 1
        api.post("/x")
        assert raw.connections == 2


def test_an_unknown_certificate_is_refused_before_the_token_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = Server(THING)
    with raw_server(after_request(server), tls=context) as raw:
        monkeypatch.setenv("NIMBUS_TOKEN", TOKEN)
        monkeypatch.setenv("NIMBUS_API", raw.url)
        api = Api(ACCOUNT, HURRIED)
        with pytest.raises(PlatformError, match="nothing was done") as seen:
            api.post("/x")
    assert not isinstance(seen.value, OutcomeUnknownError)
    assert server.asked == []
