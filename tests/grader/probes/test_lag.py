"""A loop that is late is the grader's own fault, never a deployment's."""

import asyncio
import gc
import socket
import threading
import time
import weakref

from grader.model import Limits, ProbeKind, Reply, Submission
from grader.outcomes import Outcome
from grader.probes import Deployment
from grader.probes.lag import LagMeter, lag_meter
from tests.grader.probes.loops import in_a_thread
from tests.grader.probes.raw import after_request, hang, raw_server, read_request, reply

TOO_BUSY = "this machine was too busy to keep the deadline"


def _asked_by_a_loop_that_stops(times: int) -> tuple[Reply, int]:
    """What becomes of a query if so many of its requests meet a loop that stands still."""
    asked = threading.Semaphore(0)
    requests: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            requests.append(head)
            asked.release()
            if len(requests) <= times:
                hang(connection)
            connection.sendall(reply(b"3"))

    def stand_still() -> None:
        asked.acquire()
        time.sleep(2.2)

    async def ask(url: str) -> Reply:
        limits = Limits(timeout=1.5, allow_private=True)
        async with Deployment(Submission("abc", url), limits) as deployment:
            asking = asyncio.create_task(deployment.ask(ProbeKind.API, ""))
            for number in range(times):
                while len(requests) == number and not asking.done():
                    await asyncio.sleep(0.001)
                stand_still()
                await asyncio.sleep(0)
            return await asking

    with raw_server(handle) as server:
        return in_a_thread(ask(server.url)), len(requests)


def test_a_deadline_that_the_loop_missed_is_given_again() -> None:
    got, requests = _asked_by_a_loop_that_stops(1)
    assert (got.failure, got.text, requests) == (None, "3", 2)


def test_a_loop_that_is_late_twice_blames_nobody() -> None:
    got, requests = _asked_by_a_loop_that_stops(2)
    assert (got.failure, got.detail, requests) == (Outcome.NOT_CHECKED, TOO_BUSY, 2)


def test_a_deployment_that_is_late_itself_is_too_slow() -> None:
    async def ask(url: str) -> Reply:
        async with Deployment(Submission("abc", url), Limits(timeout=1, allow_private=True)) as it:
            return await it.ask(ProbeKind.API, "")

    with raw_server(after_request(hang)) as server:
        got = in_a_thread(ask(server.url))
        assert server.connections == 1
    assert got.failure is Outcome.TOO_SLOW


def test_lateness_adds_up_while_somebody_watches() -> None:
    async def late() -> tuple[float, float, float]:
        meter = lag_meter()
        time.sleep(0.3)
        unwatched = meter.seconds()
        with meter:
            for _ in range(2):
                await asyncio.sleep(0)
                time.sleep(0.3)
                await asyncio.sleep(0)  # the timer is due, and runs
            before_it_ran = meter.seconds()
            await asyncio.sleep(0.01)
        return unwatched, before_it_ran, meter.seconds()

    unwatched, both, after = in_a_thread(late())
    assert unwatched == 0
    assert after >= both >= 2 * (0.3 - 0.1) * 0.99


def test_each_loop_has_a_meter_of_its_own_which_ends_with_it() -> None:
    async def meter() -> "tuple[LagMeter, weakref.ref[asyncio.AbstractEventLoop]]":
        with lag_meter():
            assert lag_meter() is lag_meter()
        return lag_meter(), weakref.ref(asyncio.get_running_loop())

    first, loop = in_a_thread(meter())
    assert in_a_thread(meter())[0] is not first
    gc.collect()
    assert loop() is None


def test_the_timer_stops_where_nobody_watches() -> None:
    async def due() -> list[bool]:
        meter = lag_meter()
        with meter:
            watched = meter._due is not None
        await asyncio.sleep(0.2)
        return [watched, meter._due is not None]

    assert in_a_thread(due()) == [True, False]
