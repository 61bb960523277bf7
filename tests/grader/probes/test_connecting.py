"""From a name to a connected socket: how long that may take, and whose fault it is."""

import errno
import ipaddress
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.model import Reply
from grader.outcomes import Outcome
from grader.probes import connecting
from grader.probes.connecting import DialError, connect, not_connected, resolve, resolving
from grader.probes.deadline import Deadline, all_stopped
from grader.probes.dialing import Dialer
from grader.probes.guard import Guard, Origin
from grader.probes.http import Line, kept_alive
from tests.grader.probes.raw import always, raw_server, reply, silent_address
from tests.servers import wait_until

ORIGIN = Origin("https", "a.example", 443)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("errors", "outcome"),
    [
        ([_error(errno.ENETUNREACH), _error(errno.ECONNREFUSED)], Outcome.UNREACHABLE),
        ([TimeoutError(), _error(errno.ECONNREFUSED)], Outcome.UNREACHABLE),
        ([_error(errno.ENETUNREACH), TimeoutError()], Outcome.TOO_SLOW),
        ([_error(errno.ECONNREFUSED), _error(errno.EMFILE)], Outcome.NOT_CHECKED),
        ([_error(errno.EAFNOSUPPORT)], Outcome.NOT_CHECKED),
        ([], Outcome.UNREACHABLE),
    ],
)
def test_the_most_telling_address_decides_whose_fault_it_is(
    errors: list[OSError], outcome: Outcome
) -> None:
    for order in (errors, errors[::-1]):
        assert not_connected(ORIGIN, order).outcome is outcome


def test_a_silent_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "PATIENCE", 0.1)
    with raw_server(always(reply(b"3"))) as server, silent_address(server.port) as silent:
        origin = Origin("http", "dual.example", server.port)
        addresses = [ipaddress.ip_address(text) for text in (silent, "127.0.0.1")]
        with Deadline(20, lambda: None) as deadline:
            with connect(origin, addresses, deadline) as connected:
                assert connected.getpeername()[0] == "127.0.0.1"
                assert connected.gettimeout() is None
            assert deadline.remaining() > 5


def test_silent_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def connected(_address: object, _port: int, _deadline: Deadline, seconds: float) -> None:
        given.append(seconds)
        raise TimeoutError

    monkeypatch.setattr(connecting, "_connected", connected)
    addresses = [ipaddress.ip_address(f"8.8.8.{last}") for last in range(8)]
    with pytest.raises(DialError) as caught:
        connect(ORIGIN, addresses, Deadline(800, lambda: None))
    assert caught.value.outcome is Outcome.TOO_SLOW
    assert given[:-1] == [connecting.PATIENCE] * 7
    assert given[-1] > 100
    given.clear()
    with pytest.raises(DialError):
        connect(ORIGIN, addresses, Deadline(8, lambda: None))
    assert given[0] <= 1


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that never answers; set once it was asked."""
    asked, over = threading.Event(), threading.Event()

    def hang(*_args: object, **_kwargs: object) -> None:
        asked.set()
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "over")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    over.set()


def _stopped(url: str, under_way: Callable[[Dialer], bool]) -> Reply:
    """What is said of a request that is stopped as soon as it is `under_way`."""
    dialer = Dialer(Guard(Origin.of(url)))
    send, close = kept_alive(dialer)
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(Line(url, dialer, send).get, url, 60)
        wait_until(lambda: under_way(dialer))
        with all_stopped():
            got = asked.result()
    close()
    dialer.close()
    return got


def test_a_connect_ends_when_the_grader_is_stopped() -> None:
    with raw_server(always(b"")) as server, silent_address(server.port) as silent:
        got = _stopped(f"http://{silent}:{server.port}", lambda dialer: dialer.dialed == 1)
    assert (got.failure, got.detail) == (Outcome.NOT_CHECKED, "the grader was stopped")
    assert got.elapsed_ms < 20_000


def test_a_lookup_ends_when_the_grader_is_stopped(resolver: threading.Event) -> None:
    got = _stopped("http://a.example", lambda _: resolver.is_set())
    assert (got.failure, got.detail) == (Outcome.NOT_CHECKED, "the grader was stopped")
    assert got.elapsed_ms < 20_000


def test_a_request_that_is_stopped_at_the_last_moment_was_stopped() -> None:
    with Deadline(0.5, lambda: None) as deadline:
        with all_stopped():
            pass
        deadline.due = time.monotonic()  # as late as a busy machine notices
        assert deadline.stopped


@pytest.mark.usefixtures("resolver")
@pytest.mark.parametrize(("left", "outcome"), [(1.0, Outcome.NOT_CHECKED), (0.1, Outcome.TOO_SLOW)])
def test_a_silent_resolver_is_to_blame_for_what_it_used_up(left: float, outcome: Outcome) -> None:
    with Deadline(0.5, lambda: None) as deadline:
        deadline.seconds = 0.5 / left
        with pytest.raises(DialError) as caught:
            resolve("a.example", 443, deadline)
    assert caught.value.outcome is outcome


def test_a_zone_is_no_part_of_an_address() -> None:
    # With it, this machine's own address would be unequal to itself.
    assert resolving("::1%1", 80).result() == [ipaddress.ip_address("::1")]


@pytest.mark.parametrize("host", ["a" * 60_000, f"{'a.' * 9}example%{'a' * 60_000}"])
def test_a_reason_shows_no_endless_name(host: str) -> None:
    with pytest.raises(DialError, match="does not exist") as caught:
        resolving(host, 80).result()
    assert len(str(caught.value)) < 200


_EXHAUSTED = """
import contextlib, os, resource, sys
from grader.model import Limits, ProbeKind, Submission
from grader.probes import Deployment

"a".encode("idna")  # imports its codec, which would fail before the resolver does
name, literal, public = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
for url, free in [(name, 0), (literal, 0), (literal, 1), (public, 0), (literal, 2)]:
    held = []
    with contextlib.suppress(OSError):
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    for _ in range(free):
        os.close(held.pop())
    with Deployment(Submission("abc", url), Limits(allow_private=url != public)) as deployment:
        got = deployment.ask(ProbeKind.API, "")
    for each in held:
        os.close(each)
    print(got.failure.name if got.failure else got.text)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_machine_without_descriptors_blames_nobody() -> None:
    with raw_server(always(reply(b"3"))) as server:
        urls = [f"http://localhost:{server.port}", server.url, "http://8.8.8.8"]
        # A socket that nobody closes would be told as a ResourceWarning.
        done = subprocess.run(
            [sys.executable, "-W", "always", "-c", _EXHAUSTED, *urls],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    assert done.stdout.split() == [*["NOT_CHECKED"] * 4, "3"]
    assert done.stderr == ""
