"""Work beside the loop."""

import asyncio
import subprocess
import sys
import threading
import weakref

import pytest

from grader.probes.beside import Threads, beside
from tests.grader.probes.loops import in_a_thread
from tests.servers import wait_until


def test_no_more_run_at_once_than_are_allowed() -> None:
    together, over = threading.Semaphore(0), threading.Event()

    def work() -> None:
        together.release()
        assert over.wait(30)

    threads = Threads(3, "test")
    futures = [threads.submit(work) for _ in range(7)]
    for _ in range(3):
        assert together.acquire(timeout=30)
    assert sum(each.running() for each in futures) == 3
    over.set()
    for each in futures:
        each.result(30)


def test_a_thread_that_waits_is_used_again() -> None:
    threads = Threads(2, "test-that-waits")
    used = {threads.submit(threading.get_ident).result(30)}
    wait_until(lambda: threads._unfinished == 0)
    for _ in range(5):
        used.add(threads.submit(threading.get_ident).result(30))
        wait_until(lambda: threads._unfinished == 0)
    assert len(used) == 1


def test_a_thread_that_waits_holds_nothing_of_its_last_call() -> None:
    class Page:
        def read(self) -> None:
            pass

    page = Page()
    left = weakref.ref(page)
    threads = Threads(1, "test-that-lets-go")
    threads.submit(page.read).result(30)
    del page
    wait_until(lambda: left() is None)


def test_an_error_is_told_to_who_waits() -> None:
    async def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            await beside(divmod, 1, 0)

    in_a_thread(fail())


def test_what_was_given_up_before_its_turn_is_not_done() -> None:
    over = threading.Event()
    done: list[int] = []

    async def give_up() -> None:
        held = [asyncio.create_task(beside(over.wait, 30)) for _ in range(2)]
        await asyncio.sleep(0)
        late = asyncio.create_task(beside(done.append, 1))
        await asyncio.sleep(0)
        late.cancel()
        with pytest.raises(asyncio.CancelledError):
            await late
        over.set()
        await asyncio.gather(*held)
        await beside(done.append, 2)

    in_a_thread(give_up())
    assert done == [2]


_ENDLESS = """
import asyncio, threading
from grader.probes.beside import beside

async def main():
    started = threading.Event()
    def work():
        started.set()
        threading.Event().wait()
    working = asyncio.create_task(beside(work))
    while not started.is_set():
        await asyncio.sleep(0.01)

asyncio.run(main())
print("over")
"""


def test_endless_work_does_not_keep_the_process_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _ENDLESS], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")
