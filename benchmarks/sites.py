"""A simulated class of deployed apps: one process, a port for each site, a latency for each.

It parses no more of HTTP than it must, so that what is measured is the grader and not its sites.
Run as `python -m benchmarks.sites`, which `simulated` does.
"""

import asyncio
import json
import random
import resource
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

ANSWER = 42
"""What every site answers, whatever it is asked."""
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n%d" % ANSWER
_WAKING = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

FASTEST, SLOWEST = 0.03, 0.3
# About what a free host takes to wake up.
NAP = 60.0


@dataclass(frozen=True)
class Site:
    """One deployed app.

    Attributes:
        latency: seconds until it answers.
        up: whether anything listens on its port.
        nap: seconds that it takes to wake up, from the first request on.
        says_so: whether it answers 503 meanwhile, rather than holding the connection.
    """

    latency: float
    up: bool = True
    nap: float = 0.0
    says_so: bool = False


@dataclass
class Served:
    """The sites while they are served.

    Attributes:
        urls: where they are.
        asked: how often each was asked; known once they are no longer served.
        most: how many requests were waiting for their replies at one moment; known then, too.
        late: seconds by which a reply left too late, since this process was busy; the most.
    """

    urls: list[str]
    asked: list[int] = field(default_factory=list)
    most: int = 0
    late: float = 0.0


def spread(count: int, draw: random.Random) -> list[Site]:
    """Sites from fast to slow, of which 2 % are down, 1 % held asleep and 1 % asleep with a 503."""
    sites = [Site(draw.uniform(FASTEST, SLOWEST)) for _ in range(count)]
    chosen = iter(draw.sample(range(count), k=4 * (part := count // 100)))
    for index in (next(chosen) for _ in range(2 * part)):
        sites[index] = Site(sites[index].latency, up=False)
    for number, index in enumerate(chosen):
        sites[index] = Site(sites[index].latency, nap=NAP, says_so=number % 2 == 0)
    return sites


@contextmanager
def simulated(sites: Sequence[Site], certificate: Path | None = None) -> Iterator[Served]:
    """Serve the sites in a process of their own; all of them begin asleep that have a nap.

    Args:
        sites: what is served.
        certificate: a PEM file with a certificate for 127.0.0.1, its chain and its key: then they
            are served by https.
    """
    command = [
        sys.executable,
        "-m",
        "benchmarks.sites",
        *([str(certificate)] if certificate else []),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    _say([asdict(site) for site in sites], process.stdin)
    scheme = "https" if certificate else "http"
    ports = json.loads(process.stdout.readline())
    served = Served([f"{scheme}://127.0.0.1:{port}" for port in ports])
    try:
        yield served
    finally:
        told, _ = process.communicate()
    served.asked, served.most, served.late = json.loads(told)


def _say(words: object, stream: IO[str]) -> None:
    """Say something in one line; thousands of sites are too much for an argument."""
    print(json.dumps(words), file=stream, flush=True)


class _Waiting:
    """The requests that wait for their replies: how many at most, and how late one was answered."""

    def __init__(self) -> None:
        self._now = self.most = 0
        self.late = 0.0

    def begin(self) -> None:
        self._now += 1
        self.most = max(self.most, self._now)

    def end(self, late: float) -> None:
        self._now -= 1
        self.late = max(self.late, late)


class _Port:
    """What one site's connections have in common."""

    def __init__(self, site: Site, waiting: _Waiting) -> None:
        self.site = site
        self.waiting = waiting
        self.asked = 0
        self._awake_at: float | None = None

    def reply(self, now: float) -> tuple[float, bytes]:
        """When to answer the request that came `now`, and what."""
        self.asked += 1
        if self._awake_at is None:
            self._awake_at = now + self.site.nap
        if now < self._awake_at and self.site.says_so:
            return now, _WAKING
        return max(now, self._awake_at) + self.site.latency, _REPLY


class _Connection(asyncio.Protocol):
    def __init__(self, port: _Port) -> None:
        self._port = port
        self._head = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            self._head = self._head.partition(b"\r\n\r\n")[2]
            when, reply = self._port.reply(self._loop.time())
            self._port.waiting.begin()
            self._loop.call_at(when, self._answer, when, reply)

    def _answer(self, when: float, reply: bytes) -> None:
        self._port.waiting.end(self._loop.time() - when)
        self._transport.write(reply)


async def main(certificate: str = "") -> None:
    loop = asyncio.get_running_loop()
    waiting = _Waiting()
    ports = [_Port(Site(**site), waiting) for site in json.loads(sys.stdin.readline())]
    # A port and a connection for each are files.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tls = _tls(certificate) if certificate else None
    # Bound, so that nobody else gets the port; a connection is refused until somebody listens.
    sockets = [_bound(listens=port.site.up) for port in ports]
    for port, listener in zip(ports, sockets, strict=True):
        if port.site.up:
            await loop.create_server(lambda port=port: _Connection(port), sock=listener, ssl=tls)
    _say([listener.getsockname()[1] for listener in sockets], sys.stdout)
    await loop.run_in_executor(None, sys.stdin.read)
    _say([[port.asked for port in ports], waiting.most, waiting.late], sys.stdout)


def _tls(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _bound(*, listens: bool) -> socket.socket:
    if listens:
        return socket.create_server(("127.0.0.1", 0))
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
