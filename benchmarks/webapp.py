"""What the web app costs beside a bare Flask app, and beside itself without its indicators.

`python -m benchmarks.webapp` (Linux) prints one line for each claim and exits with 1 where one is
missed. All run under gunicorn with the same settings and are measured in turns, block by block, so
that whatever else the machine does meets all alike; told are medians of what each block showed.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil

from benchmarks.measuring import claim

ROUNDS = 20  # each with new processes: some lie better in memory than others, as long as they live
BLOCKS = 20  # in one round
REQUESTS = 400  # in one block, over all clients
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
                *("--bind", f"127.0.0.1:{self.port}"),
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
        """What all workers have used so far; other figures of the system's are of 10 ms each."""
        threads = (
            thread
            for worker in self.workers()
            for thread in Path(f"/proc/{worker.pid}/task").glob("*/schedstat")
        )
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

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
    """Compare each pair; the median, and its 95% interval by resampling the blocks."""

    def figure(sample: Sequence[tuple[float, float]]) -> float:
        return statistics.median(compare(ours, others) for ours, others in sample)

    draw = random.Random(1)
    figures = sorted(figure(draw.choices(pairs, k=len(pairs))) for _ in range(2_000))
    return figure(pairs), figures[50], figures[-51]


def in_turns(turn: int) -> list[str]:
    """Each app once; another one is the first in each turn."""
    names = list(APPS)
    first = turn % len(names)
    return names[first:] + names[:first]


def measure_requests() -> bool:
    """CPU of the workers for each request, and what the apps serve in a second."""
    cpu: dict[str, list[float]] = {app: [] for app in APPS}
    rate: dict[str, list[float]] = {app: [] for app in APPS}
    for _ in range(ROUNDS):
        with ExitStack() as stack:
            servers = {app: stack.enter_context(serving(app)) for app in APPS}
            for server in servers.values():
                load(server, REQUESTS)
            for block in range(BLOCKS):
                for app in in_turns(block):
                    before = servers[app].cpu_seconds()
                    rate[app].append(load(servers[app], REQUESTS))
                    cpu[app].append((servers[app].cpu_seconds() - before) / REQUESTS * 1e6)
            memory = {app: server.memory_mb() for app, server in servers.items()}

    for app in APPS:
        print(
            f"         {app}: {statistics.median(cpu[app]):.0f} us of worker CPU a request, "
            f"{statistics.median(rate[app]):,.0f} requests/s (medians of {ROUNDS * BLOCKS} blocks)"
        )
    return all([claim_cpu(cpu), claim_memory(memory)])


def claim_cpu(cpu: Mapping[str, Sequence[float]]) -> bool:
    """Compare what the apps used for a request, in microseconds, block by block."""
    ratio, low, high = interval(
        list(zip(cpu["uncounted"], cpu["bare"], strict=True)), lambda ours, bares: ours / bares
    )
    cost, least, most = interval(
        list(zip(cpu["webapp"], cpu["uncounted"], strict=True)), lambda ours, others: ours - others
    )
    return all(
        [
            claim(
                f"worker CPU a request, without the indicators: {ratio:.3f} times the bare app's "
                f"(95%: {low:.3f} to {high:.3f}; at most {MAX_CPU_RATIO})",
                ratio <= MAX_CPU_RATIO,
            ),
            claim(
                f"the indicators cost {cost:.1f} us of worker CPU a query "
                f"(95%: {least:.1f} to {most:.1f}; at most {MAX_COUNTING_US:.0f})",
                cost <= MAX_COUNTING_US,
            ),
        ]
    )


def claim_memory(memory: Mapping[str, tuple[float, float]]) -> bool:
    """Compare what the apps take after the load, in MB of RSS and PSS."""
    rss, pss = memory["webapp"]
    more = rss - memory["uncounted"][0]
    return all(
        [
            claim(
                f"memory of {WORKERS} workers x {THREADS} threads after the load: "
                f"{rss:.0f} MB RSS, {pss:.0f} MB PSS (at most {MAX_MEMORY_MB:.0f} MB RSS)",
                rss <= MAX_MEMORY_MB,
            ),
            claim(
                f"{more:.1f} MB RSS of it for the indicators (at most {MAX_COUNTING_MB:.0f})",
                more <= MAX_COUNTING_MB,
            ),
        ]
    )


def measure_starts() -> bool:
    """Time from starting gunicorn to the first 200."""
    first: dict[str, list[float]] = {app: [] for app in APPS}
    for start in range(STARTS):
        for app in in_turns(start):
            with serving(app) as server:
                first[app].append(server.first_200_ms)
    pairs = list(zip(first["webapp"], first["bare"], strict=True))
    later, low, high = interval(pairs, lambda ours, bares: ours - bares)
    ours, others, bares = (statistics.median(first[app]) for app in ("webapp", "uncounted", "bare"))
    return claim(
        f"first 200 after {ours:.0f} ms ({others:.0f} without the indicators), the bare app's "
        f"after {bares:.0f} ms: {later:+.0f} ms "
        f"(95%: {low:+.0f} to {high:+.0f}; at most +{MAX_LATER_MS:.0f}; medians of {STARTS})",
        later <= MAX_LATER_MS,
    )


def main() -> int:
    """Measure everything; the exit code."""
    os.environ.pop("WEB_CONCURRENCY", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as for users
    return 0 if all([measure_requests(), measure_starts()]) else 1


if __name__ == "__main__":
    sys.exit(main())
