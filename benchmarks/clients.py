"""Programs that ask as often as a plan says: what others would write, and the grader's `ask`.

`python -m benchmarks.clients NAME LOOP` reads a plan, a JSON list of [URL, how often], and prints
the seconds that it took, those of the processor, and how many replies were right; start-up is not
counted. All sites are asked at once, each one question after the other over a connection that is
kept alive. Nobody but `ask` keeps a deadline, vets an address or tells what was measured.
"""

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import aiohttp
import requests
import yarl

from benchmarks.sites import ANSWER
from grader.asking.ask import ask
from grader.judging import judge
from grader.model import Limits, NumberKey, Question, Reply, Submission
from grader.outcomes import Outcome
from grader.probes import Deployment

Plan = Sequence[tuple[str, int]]
_QUESTION = Question("addition", "What is 40 plus 2?", NumberKey(ANSWER), points=10)
_PARAMS = {"q": _QUESTION.query}


def sessions(plan: Plan) -> int:
    """A pool of threads, with a bare `requests.Session` for each site."""

    def asked(site: tuple[str, int]) -> int:
        url, count = site
        with requests.Session() as kept:
            return sum(
                kept.get(f"{url}/api", params=_PARAMS).text == str(ANSWER) for _ in range(count)
            )

    with ThreadPoolExecutor(len(plan)) as threads:
        return sum(threads.map(asked, plan))


async def bare(plan: Plan) -> int:
    """One session of aiohttp: what came is read and decoded."""
    return await _by_aiohttp(plan, lambda _url, _asked_at, text: text == str(ANSWER))


async def judged(plan: Plan) -> int:
    """One session of aiohttp, and what came is judged as the grader does it."""

    def is_right(url: str, asked_at: datetime, text: str) -> bool:
        reply = Reply(url, asked_at, 200, text, "text/plain", url)
        return judge(_QUESTION, reply).outcome is Outcome.RIGHT

    return await _by_aiohttp(plan, is_right)


async def _by_aiohttp(plan: Plan, is_right: Callable[[str, datetime, str], bool]) -> int:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def asked(url: str, count: int) -> int:
            right = 0
            target = yarl.URL(f"{url}/api").with_query(_PARAMS)
            for _ in range(count):
                asked_at = datetime.now(UTC)
                async with session.get(target) as reply:
                    right += is_right(url, asked_at, (await reply.read()).decode())
            return right

        return await _everywhere(plan, asked)


async def ours(plan: Plan) -> int:
    """The grader's `ask`, with a deployment for each site."""

    async def asked(url: str, count: int) -> int:
        limits = Limits(allow_private=True)
        async with Deployment(Submission("student", url), limits) as deployment:
            verdicts = [await ask(_QUESTION, deployment) for _ in range(count)]
        return sum(verdict.outcome is Outcome.RIGHT for verdict in verdicts)

    return await _everywhere(plan, asked)


async def _everywhere(plan: Plan, asked: Callable[[str, int], Awaitable[int]]) -> int:
    return sum(await asyncio.gather(*(asked(url, count) for url, count in plan)))


_ASYNCHRONOUS: dict[str, Callable[[Plan], Coroutine[Any, Any, int]]] = {
    client.__name__: client for client in (bare, judged, ours)
}


def main(name: str, loop: str) -> None:
    plan = json.load(sys.stdin)
    factory = importlib.import_module(loop).new_event_loop
    wall, cpu = time.perf_counter(), time.process_time()
    if name == sessions.__name__:
        right = sessions(plan)
    else:
        with asyncio.Runner(loop_factory=factory) as runner:
            right = runner.run(_ASYNCHRONOUS[name](plan))
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, right]))


if __name__ == "__main__":
    main(*sys.argv[1:])
