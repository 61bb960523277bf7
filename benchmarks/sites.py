"""A simulated class of deployed apps: one process, a port for each site, a latency for each.

It parses no more of HTTP than it must, so that what is measured is the grader and not its sites.
Run as `python -m benchmarks.sites SITES`, which `simulated` does.
"""

import asyncio
import json
import random
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n42"
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
    """The sites while they are served: their URLs, and once that is over what each was asked."""

    urls: list[str]
    asked: list[int] = field(default_factory=list)


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
def simulated(sites: Sequence[Site]) -> Iterator[Served]:
    """Serve the sites in a process of their own; all of them begin asleep that have a nap."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.sites",
        json.dumps([asdict(site) for site in sites]),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    served = Served([f"http://127.0.0.1:{port}" for port in json.loads(process.stdout.readline())])
    try:
        yield served
    finally:
        told, _ = process.communicate()
    served.asked = json.loads(told)


class _Port:
    """What one site's connections have in common."""

    def __init__(self, site: Site) -> None:
        self.site = site
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
            self._loop.call_at(when, self._transport.write, reply)


async def main(sites: Sequence[Site]) -> None:
    loop = asyncio.get_running_loop()
    ports = [_Port(site) for site in sites]
    # Bound, so that nobody else gets the port; a connection is refused until somebody listens.
    sockets = [socket.create_server(("127.0.0.1", 0)) if site.up else _bound() for site in sites]
    for port, listener in zip(ports, sockets, strict=True):
        if port.site.up:
            await loop.create_server(lambda port=port: _Connection(port), sock=listener)  # type: ignore[misc]
    print(json.dumps([listener.getsockname()[1] for listener in sockets]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps([port.asked for port in ports]), flush=True)


def _bound() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


if __name__ == "__main__":
    asyncio.run(main([Site(**site) for site in json.loads(sys.argv[1])]))
