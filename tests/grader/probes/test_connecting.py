"""From a name to a connected socket: how long that may take, and whose fault it is."""

import asyncio
import errno
import ipaddress
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from grader.model import Limits, ProbeKind, Submission
from grader.outcomes import Outcome
from grader.probes import Deployment, connecting
from grader.probes.connecting import connect, not_connected, vetted
from grader.probes.faults import RequestError
from grader.probes.guard import Address, Guard, Origin
from tests.grader.probes.loops import deployed, in_a_thread
from tests.grader.probes.raw import Handler, always, raw_server, read_request, reply, silent_address

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

    async def connected(origin: Origin, addresses: list[Address]) -> float:
        loop = asyncio.get_running_loop()
        due = loop.time() + 20
        with await connect(origin, addresses, due) as opened:
            assert opened.getpeername()[0] == "127.0.0.1"
        return due - loop.time()

    with raw_server(always(reply(b"3"))) as server, silent_address(server.port) as silent:
        origin = Origin("http", "dual.example", server.port)
        addresses = [ipaddress.ip_address(text) for text in (silent, "127.0.0.1")]
        assert in_a_thread(connected(origin, addresses)) > 5


@pytest.mark.parametrize(("patience", "seconds"), [(0.02, 8000), (1000, 0.4)])
def test_silent_addresses_share_the_time(
    patience: float, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Address] = []

    async def silent(address: Address, _port: int) -> None:
        tried.append(address)
        if len(tried) == len(addresses):
            raise TimeoutError
        await asyncio.Event().wait()

    async def refused() -> RequestError:
        due = asyncio.get_running_loop().time() + seconds
        async with asyncio.timeout(60):
            with pytest.raises(RequestError) as caught:
                await connect(ORIGIN, addresses, due)
        return caught.value

    monkeypatch.setattr(connecting, "_connected", silent)
    monkeypatch.setattr(connecting, "PATIENCE", patience)
    addresses: list[Address] = [ipaddress.ip_address(f"8.8.8.{last}") for last in range(8)]
    assert in_a_thread(refused()).outcome is Outcome.TOO_SLOW
    assert tried == addresses


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that never answers for names that begin with "dead"; set once it was asked."""
    asked, over = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def hang(host: str, *args: object, **kwargs: object) -> object:
        if not host.startswith("dead"):
            return look_up(host, *args, **kwargs)  # type: ignore[arg-type]
        asked.set()
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "over")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    over.set()


def _slowly_to(target: str, seconds: float) -> Handler:
    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            over.wait(seconds)
            connection.sendall(reply(b"", f"Location: {target}", status="302 Found"))

    over = threading.Event()
    return handle


@pytest.mark.usefixtures("resolver")
@pytest.mark.parametrize(
    ("seconds", "outcome"), [(0, Outcome.NOT_CHECKED), (1.2, Outcome.TOO_SLOW)]
)
def test_a_silent_resolver_is_to_blame_for_what_it_used_up(
    seconds: float, outcome: Outcome
) -> None:
    with raw_server(_slowly_to("http://dead.example", seconds)) as server:
        limits = Limits(timeout=1.6, allow_private=True)
        with deployed(Submission("abc", server.url), limits) as deployment:
            got = deployment.ask(ProbeKind.API, "")
    assert got.failure is outcome
    assert ("name resolver did not answer for dead.example" in got.detail) is (seconds == 0)


def test_dead_names_hold_up_neither_good_ones_nor_the_end(resolver: threading.Event) -> None:
    async def asked(port: int) -> str:
        limits = Limits(timeout=60, allow_private=True)
        dead = [Deployment(Submission("abc", f"http://dead{n}.example"), limits) for n in range(40)]
        asking = [asyncio.create_task(each.ask(ProbeKind.API, "")) for each in dead]
        assert await asyncio.to_thread(resolver.wait, 10)
        async with Deployment(Submission("abc", f"http://localhost:{port}"), limits) as good:
            got = await good.ask(ProbeKind.API, "")
        assert not any(each.done() for each in asking)
        for each in asking:
            each.cancel()
        assert all(
            isinstance(each, asyncio.CancelledError)
            for each in await asyncio.gather(*asking, return_exceptions=True)
        )
        return got.text

    with raw_server(always(reply(b"3"))) as server:
        # The loop's end does not wait for those that the resolver still looks for.
        assert in_a_thread(asked(server.port)) == "3"


@pytest.mark.parametrize("addresses", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"]])
def test_a_name_with_one_forbidden_address_is_dialed_nowhere(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(_host: str, port: int, **_kwargs: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    def vet(_guard: Guard, origin: Origin, every: list[Address]) -> None:
        vetted.append([str(each) for each in every])
        check(Guard(), origin, [each for each in every if str(each) != "127.0.0.1"])

    check = Guard.vet
    vetted: list[list[str]] = []
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(Guard, "vet", vet)
    with raw_server(always(reply(b"3"))) as server:
        with deployed(Submission("abc", f"http://both.example:{server.port}"), Limits()) as both:
            got = both.ask(ProbeKind.API, "")
        assert server.connections == 0
    assert vetted == [addresses]
    assert got.failure is Outcome.FORBIDDEN_ADDRESS
    assert "10.0.0.1" in got.detail


def test_a_name_is_looked_up_once_for_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was vetted is what is dialed: a second look might be told something else."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_kwargs: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with raw_server(always(reply(b"3"))) as server:
        url = f"http://once.example:{server.port}"
        with deployed(Submission("abc", url), Limits(allow_private=True)) as deployment:
            assert deployment.ask(ProbeKind.API, "").text == "3"
    assert asked == ["once.example"]


def test_stopping_ends_a_connect_at_once() -> None:
    async def stopped(url: str) -> None:
        async with Deployment(Submission("abc", url), Limits(timeout=60, allow_private=True)) as it:
            asking = asyncio.create_task(it.ask(ProbeKind.API, ""))
            await asyncio.sleep(0.1)
            assert not asking.done()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asking, 10)

    with raw_server(always(b"")) as server, silent_address(server.port) as silent:
        in_a_thread(stopped(f"http://{silent}:{server.port}"))


def test_a_zone_is_no_part_of_an_address() -> None:
    # With it, this machine's own address would be unequal to itself.
    origin = Origin("http", "::1%1", 80)
    assert in_a_thread(vetted(Guard(origin), origin)) == [ipaddress.ip_address("::1")]


@pytest.mark.parametrize("host", ["a" * 60_000, f"{'a.' * 9}example%{'a' * 60_000}"])
def test_a_reason_shows_no_endless_name(host: str) -> None:
    with pytest.raises(RequestError, match="does not exist") as caught:
        in_a_thread(vetted(Guard(), Origin("http", host, 80)))
    assert len(str(caught.value)) < 200


_EXHAUSTED = """
import asyncio, contextlib, os, resource, sys
from grader.model import Limits, ProbeKind, Submission
from grader.probes import Deployment

"a".encode("idna")  # imports its codec, which would fail before the resolver does
name, literal, public = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

async def ask(url, free):
    held = []
    with contextlib.suppress(OSError):
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    for _ in range(free):
        os.close(held.pop())
    limits = Limits(allow_private=url != public)
    async with Deployment(Submission("abc", url), limits) as deployment:
        got = await deployment.ask(ProbeKind.API, "")
    for each in held:
        os.close(each)
    print(got.failure.name if got.failure else got.text)

async def main():
    for url, free in [(name, 0), (literal, 0), (public, 0), (literal, 1)]:
        await ask(url, free)

asyncio.run(main())
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
    assert done.stdout.split() == [*["NOT_CHECKED"] * 3, "3"]
    assert done.stderr == ""
