"""Calls in other processes: what comes back, and what becomes of them when somebody dies."""

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from grader import grading
from grader.model import Limits, Scorecard
from grader.processes import ProcessesExecutor, ProcessLostError
from tests.grader.apps import job, student_app
from tests.grader.probes.raw import raw_server, read_request
from tests.servers import serve, wait_until

STUDENTS = 120  # more than one process is for
PROCESSORS = len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0))
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has none, and ends a process at once
SECONDS = 60.0  # until a test gives up; everything here takes a few
PATIENT = Limits(timeout=SECONDS, wake_timeout=SECONDS, allow_private=True)

if sys.platform == "win32":
    pytest.skip("Windows has no signals that end a process", allow_module_level=True)


class UnreadableError(Exception):
    """Can be written as a pickle, and not be read back."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def fail(words: str) -> None:
    raise ValueError(words)


def fail_unreadably() -> None:
    raise UnreadableError("one", "other")


def wait_at(path: str, others: int) -> int:
    """The process, once `others` wait at the same place."""
    Path(f"{path}-{os.getpid()}-{threading.get_ident()}").touch()
    wait_until(lambda: len(list(Path(path).parent.iterdir())) >= others)
    return os.getpid()


@contextmanager
def processes(count: int = 2, threads: int = 2) -> Iterator[ProcessesExecutor]:
    executor = ProcessesExecutor(count, threads)
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def test_calls_run_at_once_in_threads_of_other_processes(tmp_path: Path) -> None:
    with processes(2, threads=2) as executor:
        calls = [executor.submit(wait_at, str(tmp_path / "here"), 4) for _ in range(4)]
        pids = [call.result(SECONDS) for call in calls]
    assert os.getpid() not in pids
    assert sorted(pids.count(pid) for pid in set(pids)) == [2, 2]


def test_errors_come_back_and_prints_do_no_harm() -> None:
    with processes() as executor:
        assert executor.submit(print, "a stray word").result(SECONDS) is None
        with pytest.raises(ValueError, match="words"):
            executor.submit(fail, "words").result(SECONDS)
        with pytest.raises(RuntimeError, match="UnreadableError"):
            executor.submit(fail_unreadably).result(SECONDS)
        with pytest.raises(TypeError):
            executor.submit(threading.Lock).result(SECONDS)  # no pickle holds a lock
        assert executor.submit(len, "four").result(SECONDS) == 4


def test_what_is_under_way_is_waited_for_or_given_up() -> None:
    with processes() as executor:
        slept = executor.submit(time.sleep, 0.2)
        executor.shutdown()
        assert slept.done()
    with processes() as executor:
        asleep = executor.submit(time.sleep, SECONDS)
        started = time.monotonic()
        executor.shutdown(wait=False, cancel_futures=True)
    assert asleep.cancelled()
    assert time.monotonic() - started < SECONDS / 2


def test_cancelled_calls_are_not_waited_for() -> None:
    with processes() as executor:
        assert executor.submit(time.sleep, SECONDS).cancel()
        slept = executor.submit(time.sleep, 0.1)
        executor.shutdown()
    assert slept.done()


def test_what_cannot_be_told_or_found_is_said_of_its_call(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with processes(1) as executor:
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            executor.submit(lambda: None).result(SECONDS)
        assert executor.submit(len, "four").result(SECONDS) == 4
        # A module that only this process has: the other one says why on its standard error.
        module = types.ModuleType("here_alone")
        module.call = types.FunctionType(fail.__code__, {}, "call")  # type: ignore[attr-defined]
        module.call.__module__, module.call.__qualname__ = "here_alone", "call"
        monkeypatch.setitem(sys.modules, "here_alone", module)
        with pytest.raises(ProcessLostError, match="exit code 1"):
            executor.submit(module.call, "words").result(SECONDS)
    assert "No module named 'here_alone'" in capfd.readouterr().err


def test_a_process_that_reads_nothing_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.processes._START", f"import time; time.sleep({SECONDS})")
    with processes(1) as executor:
        # What fills the pipe waits in a thread, as Ctrl-C would find it.
        filling = threading.Thread(target=executor.submit, args=(len, "x" * 10**6), daemon=True)
        filling.start()
        filling.join(0.2)
        started = time.monotonic()
    assert time.monotonic() - started < SECONDS / 2
    filling.join(SECONDS)


def test_calls_of_a_process_that_ended_are_given_up_at_once() -> None:
    with processes(1) as executor:
        pid = executor.submit(os.getpid).result(SECONDS)
        asleep = executor.submit(time.sleep, SECONDS)
        os.kill(pid, KILL)
        with pytest.raises(ProcessLostError):
            asleep.result(SECONDS)
        with pytest.raises(ProcessLostError):
            executor.submit(os.getpid).result(SECONDS)


def test_modules_in_the_current_folder_are_not_taken_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("json", "grader", "urllib3"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('taken')")
    root = str(Path(grading.__file__).parents[1])
    paths = [path for path in sys.path if path not in ("", os.getcwd(), root)]
    monkeypatch.setattr("sys.path", [*paths, root])
    monkeypatch.chdir(tmp_path)
    with processes(1) as executor:
        assert executor.submit(len, "four").result(SECONDS) == 4


def test_grades_are_those_of_threads() -> None:
    def said(scorecard: Scorecard) -> list[tuple[str, float | None, str]]:
        return [
            (each.outcome.value, each.points, each.judgement.reason) for each in scorecard.verdicts
        ]

    with ExitStack() as servers:
        students = {f"student{number}": number % 2 == 0 for number in range(4)}
        jobs = [
            job(servers.enter_context(serve(student_app(name, finished=finished))), name, PATIENT)
            for name, finished in students.items()
        ]
        with processes() as executor:
            elsewhere = [executor.submit(grading.run, each) for each in jobs]
            graded = [future.result(SECONDS) for future in elsewhere]
        assert [card.score for card in graded] == [100, 40, 100, 40]
        assert list(map(said, graded)) == [said(grading.run(each)) for each in jobs]


@contextmanager
def hanging_class(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """`grader batch` in the middle of a class that hangs, and its other processes."""
    asked = threading.Semaphore(0)

    def hang(connection: socket.socket) -> None:
        read_request(connection)
        asked.release()
        connection.recv(1)

    with raw_server(hang) as server:
        rows = "".join(f"student{number},{server.url}\n" for number in range(STUDENTS))
        (folder / "roster.csv").write_text(f"andrew_id,url\n{rows}")
        command = [
            *(sys.executable, "-m", "grader", "batch", str(folder / "roster.csv")),
            *("--out", str(folder / "out"), "--allow-private"),
            *("--timeout", "300", "--wake-timeout", "300", "--per-site", str(STUDENTS)),
        ]
        child = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            for _ in range(STUDENTS):
                assert asked.acquire(timeout=SECONDS)
            yield child, psutil.Process(child.pid).children(recursive=True)
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            child.communicate()


@pytest.mark.skipif(PROCESSORS < 2, reason="one processor needs one process")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, KILL])
def test_however_a_large_class_is_stopped_its_processes_end(
    tmp_path: Path, sent: signal.Signals
) -> None:
    with hanging_class(tmp_path) as (child, others):
        assert len(others) >= 2
        child.send_signal(sent)
        said = child.communicate(timeout=SECONDS)[1]
        _, alive = psutil.wait_procs(others, timeout=SECONDS)
    assert alive == []
    if sent == signal.SIGINT:
        assert child.returncode == 130
        assert f"0 of {STUDENTS} are graded and kept" in said
        assert "Traceback" not in said
