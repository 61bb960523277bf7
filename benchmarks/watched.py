"""Apps that are watched, for `benchmarks.watch`: one process, a port for each.

Each answers a query, `/healthz` and `/metrics` as the web app does, after some milliseconds.
Run as `python -m benchmarks.watched COUNT`; it prints the ports, and ends with its input.
"""

import asyncio
import functools
import json
import random
import sys

ANSWER = 42
_RELEASE = {
    "status": "ok",
    "release": {"commit": "0123456789abcdef0123456789abcdef01234567", "platform": "render"},
}
FASTEST, SLOWEST = 0.03, 0.3


def metrics(asked: int) -> str:
    """A page as long as the web app's with two workers, about 150 lines."""
    lines = [
        "# HELP webapp_queries_total Queries, answered or not.",
        "# TYPE webapp_queries_total counter",
        f'webapp_queries_total{{answered="yes"}} {asked}.0',
        'webapp_queries_total{answered="no"} 3.0',
    ]
    for family in range(16):
        lines += [f"# HELP app_{family} What it is.", f"# TYPE app_{family} gauge"]
        lines += [f'app_{family}{{worker="{worker}"}} {asked}.5' for worker in range(7)]
    return "".join(f"{line}\n" for line in lines)


class App(asyncio.Protocol):
    """A connection to one app."""

    def __init__(self, latency: float, asked: list[int]) -> None:
        self._latency = latency
        self._asked = asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked[0] += 1
        if data.startswith(b"GET /healthz"):
            kind, body = "application/json", json.dumps(_RELEASE)
        elif data.startswith(b"GET /metrics"):
            kind, body = "text/plain", metrics(self._asked[0])
        else:
            kind, body = "text/plain", str(ANSWER)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        loop = asyncio.get_running_loop()
        loop.call_later(self._latency, self._transport.write, (head + body).encode())


async def main(count: int) -> None:
    """Serve so many apps until the input ends."""
    loop, draw = asyncio.get_running_loop(), random.Random(7)
    ports = []
    for _ in range(count):
        made = functools.partial(App, draw.uniform(FASTEST, SLOWEST), [0])
        server = await loop.create_server(made, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
