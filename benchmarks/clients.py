"""What somebody without the grader would write: the same requests, and nothing made of them.

`python -m benchmarks.clients NAME PLAN` asks as often as the plan says, a JSON list of [URL, how
often], and prints the seconds that it took and those of the processor, start-up not counted. None
of these keeps a deadline, vets an address, judges, stores or reports.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import requests

Plan = Sequence[tuple[str, int]]
THREADS = 32
_QUERY = {"q": "What is 1 plus 2?"}


def _ask(get: Callable[..., requests.Response], url: str, count: int) -> None:
    for _ in range(count):
        with suppress(requests.RequestException):
            get(f"{url}/api", params=_QUERY).text  # noqa: B018


def session(plan: Plan) -> None:
    """One site after the other, each by a session that keeps its connection alive."""
    for url, count in plan:
        with requests.Session() as kept:
            _ask(kept.get, url, count)


def sessions(plan: Plan) -> None:
    """All sites at once, each by a thread with a session of its own."""
    with ThreadPoolExecutor(len(plan)) as threads:
        list(threads.map(lambda each: session([each]), plan))


def tuned(plan: Plan) -> None:
    """The same by somebody who knows to have threads ask for the interpreter less often."""
    sys.setswitchinterval(0.1)
    sessions(plan)


def loop(plan: Plan) -> None:
    """One site after the other by `requests.get`."""
    for url, count in plan:
        _ask(requests.get, url, count)


def pool(plan: Plan) -> None:
    """Some sites at once by `requests.get`, from as many threads as a pool makes by itself."""
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda each: loop([each]), plan))


CLIENTS = {client.__name__: client for client in (session, sessions, tuned, loop, pool)}

if __name__ == "__main__":
    client, plan = CLIENTS[sys.argv[1]], json.loads(sys.argv[2])
    wall, cpu = time.perf_counter(), time.process_time()
    client(plan)
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
