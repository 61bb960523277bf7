"""What the web app costs beside a bare Flask app, and beside itself without its indicators.

`python -m benchmarks.webapp` (Linux) prints one line for each claim and exits with 1 where one is
missed. All run under gunicorn with the same settings and are measured in turns, block by block, so
that whatever else the machine does meets all alike; medians are compared, never single runs.
"""

import http.client
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil

from benchmarks.measuring import claim

BLOCKS = 20
REQUESTS = 2_000  # in one block, over all clients
CLIENTS = 4  # each on one kept-alive connection
STARTS = 20
WORKERS, THREADS = 2, 4

MAX_CPU_RATIO = 1.2
MAX_LATER_MS = 50.0
MAX_MEMORY_MB = 100.0
MAX_COUNTING_US = 15.0  # of CPU, for a query
MAX_COUNTING_MB = 10.0  # of all processes together

ROOT = Path(__file__).resolve().parent.parent
APPS = {
    "bare": "benchmarks.hello:app",
    "uncounted": "benchmarks.uncounted:app",
    "webapp": "webapp.app:app",
}
PATH = "/api?q=Who+was+Shakespeare%3F"


class Server:
    """One app under gunicorn, answering from the moment this is made."""

    def __init__(self, app: str) -> None:
        """Start it and wait for the first 200."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", APPS[app], "--log-level", "error"),
                *("--bind", f"127.0.0.1:{self.port}", "--no-control-socket"),
                *("--workers", str(WORKERS), "--threads", str(THREADS)),
            ],
            cwd=ROOT,
        )
        while not self._answers():
            assert self._process.poll() is None, "gunicorn did not start"
            time.sleep(0.001)
        self.first_200_ms = (time.perf_counter() - started) * 1_000

    def _answers(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            try:
                ask(connection, 1)
            except ConnectionError:
                return False
        return True

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests, once all of them are there."""
        master = psutil.Process(self._process.pid)
        while len(children := master.children()) < WORKERS:
            time.sleep(0.01)
        return children

    def cpu_seconds(self) -> float:
        """What all workers have used so far, in user and system mode."""
        return sum(sum(worker.cpu_times()[:2]) for worker in self.workers())

    def memory_mb(self) -> tuple[float, float]:
        """RSS and PSS of the master and its workers, in MB. PSS counts shared pages once."""
        infos = [
            process.memory_full_info()
            for process in (psutil.Process(self._process.pid), *self.workers())
        ]
        return sum(info.rss for info in infos) / 1e6, sum(info.pss for info in infos) / 1e6

    def stop(self) -> None:
        """End it with all its workers."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def serving(app: str) -> Iterator[Server]:
    """Serve an app for as long as the block lasts."""
    server = Server(app)
    try:
        yield server
    finally:
        server.stop()


def ask(connection: http.client.HTTPConnection, times: int) -> None:
    """Ask the same query again and again over one connection."""
    for _ in range(times):
        connection.request("GET", PATH)
        response = connection.getresponse()
        body = response.read()
        assert (response.status, bool(body)) == (200, True)


def load(server: Server, requests: int) -> float:
    """Ask from all clients at once; the requests answered in a second."""
    connections = [
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=60) for _ in range(CLIENTS)
    ]
    clients = [
        threading.Thread(target=ask, args=(connection, requests // CLIENTS))
        for connection in connections
    ]
    started = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    elapsed = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return requests / elapsed


def interval(
    pairs: Sequence[tuple[float, float]], compare: Callable[[float, float], float]
) -> tuple[float, float, float]:
    """Compare two medians; the figure, and its 95% interval by resampling the blocks."""

    def figure(sample: Sequence[tuple[float, float]]) -> float:
        ours, bares = zip(*sample, strict=True)
        return compare(statistics.median(ours), statistics.median(bares))

    draw = random.Random(1)
    figures = sorted(figure(draw.choices(pairs, k=len(pairs))) for _ in range(2_000))
    return figure(pairs), figures[50], figures[-51]


def measure_requests() -> bool:
    """CPU of the workers for each request, and what the two serve in a second."""
    cpu: dict[str, list[float]] = {app: [] for app in APPS}
    rate: dict[str, list[float]] = {app: [] for app in APPS}
    with ExitStack() as stack:
        servers = {app: stack.enter_context(serving(app)) for app in APPS}
        for server in servers.values():
            load(server, REQUESTS)
        for block in range(BLOCKS):
            for app in sorted(APPS, reverse=block % 2 == 0):
                before = servers[app].cpu_seconds()
                rate[app].append(load(servers[app], REQUESTS))
                cpu[app].append((servers[app].cpu_seconds() - before) / REQUESTS * 1e6)
        rss, pss = servers["webapp"].memory_mb()

    pairs = list(zip(cpu["webapp"], cpu["bare"], strict=True))
    ratio, low, high = interval(pairs, lambda ours, bares: ours / bares)
    for app in APPS:
        print(
            f"         {app}: {statistics.median(cpu[app]):.0f} us of worker CPU a request, "
            f"{statistics.median(rate[app]):,.0f} requests/s (medians of {BLOCKS} blocks)"
        )
    return all(
        [
            claim(
                f"worker CPU a request: {ratio:.3f} times the bare app's "
                f"(95%: {low:.3f} to {high:.3f}; at most {MAX_CPU_RATIO})",
                ratio <= MAX_CPU_RATIO,
            ),
            claim(
                f"memory of {WORKERS} workers x {THREADS} threads after the load: "
                f"{rss:.0f} MB RSS, {pss:.0f} MB PSS (at most {MAX_MEMORY_MB:.0f} MB RSS)",
                rss <= MAX_MEMORY_MB,
            ),
        ]
    )


def measure_starts() -> bool:
    """Time from starting gunicorn to the first 200."""
    first: dict[str, list[float]] = {app: [] for app in APPS}
    for start in range(STARTS):
        for app in sorted(APPS, reverse=start % 2 == 0):
            with serving(app) as server:
                first[app].append(server.first_200_ms)
    pairs = list(zip(first["webapp"], first["bare"], strict=True))
    later, low, high = interval(pairs, lambda ours, bares: ours - bares)
    ours, bares = (statistics.median(first[app]) for app in ("webapp", "bare"))
    return claim(
        f"first 200 after {ours:.0f} ms, the bare app's after {bares:.0f} ms: {later:+.0f} ms "
        f"(95%: {low:+.0f} to {high:+.0f}; at most +{MAX_LATER_MS:.0f}; medians of {STARTS})",
        later <= MAX_LATER_MS,
    )


def main() -> int:
    """Measure everything; the exit code."""
    os.environ.pop("WEB_CONCURRENCY", None)
    return 0 if all([measure_requests(), measure_starts()]) else 1


if __name__ == "__main__":
    sys.exit(main())
