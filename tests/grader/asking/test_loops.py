"""The loop that asks: scopes that are ended alone, and nothing that holds the loop up."""

import asyncio
import contextlib
import gc
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.asking.classes import LocalGraders
from grader.asking.grading import grade_job
from grader.asking.loops import Scope
from grader.asking.running import run
from grader.jobs import Run
from grader.model import Job, Limits, ProbeKind, State, Submission
from grader.questions import load_battery
from grader.services.folders import STORE_NAME
from grader.services.grading_class import grade_class
from grader.services.handouts import StudentPages, with_pages
from tests.grader.apps import ACTIVITY, QUICK, SEED, finished_app, job, local_graders
from tests.grader.probes.raw import raw_server, read_request, reply

PATIENT = Limits(timeout=60, wake_timeout=60, allow_private=True)
HELD_UP = 0.05  # seconds of the processor's time that nothing may keep the loop for


def class_of(folder: Path, students: dict[str, str]) -> Run:
    folder.mkdir()
    begun = Run.begin(folder / STORE_NAME, ACTIVITY, SEED)
    begun.enroll([Submission(name, url) for name, url in students.items()], ())
    return begun


@contextlib.contextmanager
def hanging() -> Iterator[tuple[str, threading.Semaphore, threading.Semaphore]]:
    """A site that never answers: its URL, how many requests came, how many connections ended."""
    asked, ended = threading.Semaphore(0), threading.Semaphore(0)

    def hang(connection: socket.socket) -> None:
        read_request(connection)
        asked.release()
        connection.recv(1)
        ended.release()

    with raw_server(hang) as server:
        yield server.url, asked, ended


def test_of_two_runs_in_one_process_one_is_stopped_and_the_other_goes_on(tmp_path: Path) -> None:
    with hanging() as (url, asked, ended), contextlib.ExitStack() as stack:
        ada = stack.enter_context(finished_app("ada"))
        stopped = class_of(tmp_path / "stopped", {f"s{number}": url for number in range(3)})
        going_on = class_of(tmp_path / "on", {"ada": ada, "slow": url})
        stack.callback(stopped.close)
        stack.callback(going_on.close)
        with local_graders() as graders:
            steps = grade_class(going_on, graders, PATIENT, per_site=5)
            with Scope() as scope, ThreadPoolExecutor(1) as thread:
                never = thread.submit(
                    lambda: list(grade_class(stopped, LocalGraders(scope, 2), PATIENT, per_site=5))
                )
                # Two of the one run are asked, and one of the other.
                assert next(steps).scorecard.score == 100
                assert all(asked.acquire(timeout=30) for _ in range(3))
                scope.close()
                assert never.exception(30) is not None
            assert all(ended.acquire(timeout=30) for _ in range(2))
            assert not ended.acquire(blocking=False), "the other run was touched"
        assert ended.acquire(timeout=30)
        assert (stopped.finished(), going_on.finished()) == (0, 1)


def test_a_run_that_has_ended_leaves_the_other_alone(tmp_path: Path) -> None:
    with hanging() as (url, asked, ended), finished_app("ada") as ada:
        with Scope() as scope:
            waiting = scope.start(grade_job(job(url, "slow", PATIENT)))
            assert asked.acquire(timeout=30)
            with Scope() as other:
                assert other.result(grade_job(job(ada, "ada"))).score == 100
            assert not waiting.done()
            assert not ended.acquire(blocking=False)
        assert ended.acquire(timeout=30)
        with pytest.raises(CancelledError):
            waiting.result(0)


def test_what_is_begun_in_a_closed_scope_never_runs() -> None:
    ran = threading.Event()

    async def work() -> None:
        ran.set()

    scope = Scope()
    scope.close()
    with pytest.raises(CancelledError):
        scope.result(work())
    assert not ran.is_set()


def test_events_come_as_they_are_told_and_so_does_a_crash() -> None:
    may_go_on = threading.Event()
    closed = threading.Event()

    async def events() -> AsyncGenerator[int, None]:
        try:
            yield 1
            while not may_go_on.is_set():
                await asyncio.sleep(0.01)
            yield 2
            raise ZeroDivisionError
        finally:
            closed.set()

    with Scope() as scope:
        told = scope.iterate(events())
        assert next(told) == 1
        may_go_on.set()
        assert next(told) == 2
        with pytest.raises(ZeroDivisionError):
            next(told)
        may_go_on.clear()
        closed.clear()
        assert next(scope.iterate(events())) == 1
        assert not closed.is_set()
    assert closed.is_set(), "what nobody listens to any more is ended with its scope"


def test_many_threads_share_one_loop() -> None:
    before = {thread.ident for thread in threading.enumerate() if thread.name == "asking"}
    with finished_app("abc123") as url, ThreadPoolExecutor(8) as threads:
        cards = list(threads.map(run, [job(url)] * 8))
    assert [card.score for card in cards] == [100] * 8
    after = {thread.ident for thread in threading.enumerate() if thread.name == "asking"}
    assert len(after) == 1
    assert before <= after


@pytest.mark.parametrize("library", ["uvloop", "asyncio"])
def test_either_loop_asks(library: str) -> None:
    said = (
        "import sys; sys.modules['uvloop'] = None if sys.argv.pop() == 'asyncio' else __import__"
        "('uvloop'); from grader.asking import loops; loop = loops._running_loop(); "
        "print(type(loop).__module__); from grader.cli import cli; cli(sys.argv[1:])"
    )
    if library == "uvloop":
        pytest.importorskip("uvloop", reason="Windows has none")
    with finished_app("abc123") as url:
        command = ("check", url, "--andrew-id", "abc123", "--seed", str(SEED), "--quiet")
        done = subprocess.run(
            [sys.executable, "-c", said, *command, library], capture_output=True, text=True
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("uvloop" if library == "uvloop" else "asyncio.")
    assert "100 of 100" in done.stdout


class Heartbeat:
    """Looks at how much of the processor's time the loop takes between two looks."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.thread_time() - before)


@pytest.fixture
def heartbeat() -> Iterator[Heartbeat]:
    # To look through all that other tests left for garbage would be counted as the loop's time.
    gc.collect()
    gc.freeze()
    yield Heartbeat()
    gc.unfreeze()


PAGE = b"<!doctype html><html><body>" + b"<div><p>" * 30_000
HOSTILE = {
    "a page that is hard to read": reply(PAGE, "Content-Type: text/html"),
    "a character that becomes 18": reply("\ufdfa".encode() * 21_000),
    "numbers alone": reply(b"1 " * 32_000),
    "arrows alone": reply(b"->1" * 21_000),
    "a long page of an error": reply(b"<p>" * 21_000, status="404 Not Found"),
    "a long page of a host": reply(b"<title>" * 9_000, status="503 Service Unavailable"),
    "json without an end": reply(b"[" * 65_000, "Content-Type: application/json"),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_reply_holds_the_loop_up(answer: bytes, heartbeat: Heartbeat) -> None:
    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(answer)

    limits = Limits(60, 1, allow_private=True, probes=(ProbeKind.API, ProbeKind.PAGE))
    with raw_server(handle) as server, finished_app("first") as url, Scope() as scope:
        # What is imported and made once is not what a reply does.
        warm = Job(Submission("first", url), ACTIVITY, SEED, limits)
        scope.result(grade_job(warm))
        scope.start(heartbeat.beat())
        scope.result(grade_job(job(server.url, limits=limits)))
    assert heartbeat.longest < HELD_UP


def test_a_class_that_begins_at_once_does_not_hold_the_loop_up(
    tmp_path: Path, heartbeat: Heartbeat
) -> None:
    battery = load_battery("extreme")
    with finished_app("ada") as url, Scope() as scope:
        begun = Run.begin(tmp_path / STORE_NAME, battery, SEED)
        begun.enroll(
            [
                *(Submission(f"s{number}", url) for number in range(20)),
                *(
                    Submission(f"n{number}", "", state=State.INVALID, fault="No link.")
                    for number in range(200)
                ),
            ],
            (),
        )
        scope.start(heartbeat.beat())
        limits = Limits(QUICK.timeout, QUICK.wake_timeout, allow_private=True)
        steps = grade_class(begun, LocalGraders(scope, 500), limits, per_site=50)
        list(with_pages(begun, steps, StudentPages(begun.info, tmp_path / "students")))
        assert begun.finished() == 220
        begun.close()
    assert heartbeat.longest < HELD_UP


def test_the_loop_ends_before_the_interpreter_does() -> None:
    # What is registered first is called last.
    script = """
import asyncio, atexit, threading
atexit.register(lambda: print([each.name for each in threading.enumerate()]))
from grader.asking.loops import Scope
with Scope() as scope:
    print(scope.result(asyncio.sleep(0, "done")), [each.name for each in threading.enumerate()])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == ["done ['MainThread', 'asking']", "['MainThread']"]
    assert done.stderr == ""
