"""Processes of this machine as an executor: threads share an interpreter, and processes do not.

Each process runs many calls in threads of its own. Calls come from its standard input and results
go to its standard output, as pickles. When that input ends, however this process ended, so does
the other one, with whatever it was doing.
"""

import concurrent.futures
import contextlib
import gc
import json
import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    InvalidStateError,
    ThreadPoolExecutor,
)
from functools import partial
from typing import IO, Any, ParamSpec, TypeVar, cast

_P = ParamSpec("_P")
_T = TypeVar("_T")

SWITCH_SECONDS = 0.1
"""How long a thread among hundreds may keep the others from the interpreter: with the usual 5 ms
their asking for it costs more processor time than the requests do."""

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from grader.processes import work; work()"
)
# All that a pipe holds is read at once: after each read, a thread among hundreds waits its turn.
_PIPE_BYTES = 64 * 1024
# Ctrl-C is for this process alone: the others end when it does.
_GROUP = None if sys.platform == "win32" else 0
_FLAGS: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class ProcessLostError(BrokenExecutor):
    """A process ended by itself: its calls are given up."""


class ProcessesExecutor(Executor):
    """Runs calls in processes, each in the one that has the fewest under way.

    Where a process ends by itself, the futures of its calls end with `ProcessLostError`.

    Args:
        processes: how many.
        threads: how many calls each of them runs at once.
    """

    def __init__(self, processes: int, threads: int) -> None:
        self._processes = [_Process(threads) for _ in range(processes)]

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Have a process call `fn`, a function that it can import."""
        process = min(self._processes, key=lambda each: len(each.under_way))
        return process.call(partial(fn, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes; calls under way are waited for, or else given up."""
        calls = [future for each in self._processes for future in tuple(each.under_way.values())]
        if cancel_futures:
            for future in calls:
                future.cancel()
        if wait:
            concurrent.futures.wait([future for future in calls if not future.cancelled()])
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.close()


class _Process:
    def __init__(self, threads: int) -> None:
        self.under_way: dict[int, Future[Any]] = {}
        # It imports from where this one does, and from nowhere else (-P): what lies in the current
        # folder, beside somebody's roster, must not pass for one of Python's modules.
        paths = [path or os.getcwd() for path in sys.path]
        numbers = str(threads), str(gc.get_threshold()[0])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, *numbers, json.dumps(paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if sys.stderr is None else None,
            process_group=_GROUP,
            creationflags=_FLAGS,
        )
        self._calls = cast("IO[bytes]", self._process.stdin)
        self._results = cast("IO[bytes]", self._process.stdout)
        self._number = 0
        self._lost = ""
        self._listening = threading.Thread(target=self._listen, name="process", daemon=True)
        self._listening.start()

    def call(self, function: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        self._number += 1
        try:
            call = pickle.dumps((self._number, function))
        except Exception as error:
            future.set_exception(error)
            return future
        self.under_way[self._number] = future
        with contextlib.suppress(OSError):  # it has ended, which is seen below
            self._calls.write(call)
            self._calls.flush()
        if self._lost:
            # Whoever listens may have looked for the last time before this one was there.
            self._give_up()
        return future

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what nobody reads any more
            self._calls.close()
        self._listening.join()
        self._results.close()

    def _listen(self) -> None:
        with contextlib.suppress(Exception):  # whatever cannot be read is the end
            while True:
                number, result, error = pickle.load(self._results)  # noqa: S301 - our own
                future = self.under_way.pop(number)
                with contextlib.suppress(InvalidStateError):  # it was cancelled meanwhile
                    if error is None:
                        future.set_result(result)
                    else:
                        future.set_exception(error)
        self._process.kill()
        self._lost = f"one of the grader's processes ended (exit code {self._process.wait()})"
        self._give_up()

    def _give_up(self) -> None:
        for future in tuple(self.under_way.values()):
            with contextlib.suppress(InvalidStateError):
                future.set_exception(ProcessLostError(self._lost))


def work() -> None:
    """Be one of the processes: run what comes in, until nothing more can come."""
    count, new_objects = map(int, sys.argv[1:])
    gc.set_threshold(new_objects)
    sys.setswitchinterval(SWITCH_SECONDS)
    incoming = os.fdopen(os.dup(0), "rb", buffering=_PIPE_BYTES)
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print is no result
    threads = ThreadPoolExecutor(count, thread_name_prefix="grading")
    telling = threading.Lock()

    def run_call(number: int, function: Callable[[], Any]) -> None:
        told = _told(number, function)
        with telling, contextlib.suppress(OSError):  # nobody is there any more
            results.write(told)
            results.flush()

    code = 1
    try:
        import grader.grading  # noqa: F401 - calls need it, and there is nothing else to do yet

        with contextlib.suppress(EOFError, pickle.UnpicklingError):  # the end may come in mid-call
            while True:
                threads.submit(run_call, *pickle.load(incoming))  # noqa: S301 - our own
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)  # what is under way is not waited for


def _told(number: int, function: Callable[[], Any]) -> bytes:
    """What is told of a call: its number, its result, and what it raised."""
    error: BaseException | None = None
    try:
        return pickle.dumps((number, function(), None))
    except BaseException as raised:
        error = raised
    try:
        told = pickle.dumps((number, None, error))
        pickle.loads(told)  # noqa: S301 - many an error is written and cannot be read
    except Exception:
        return pickle.dumps((number, None, RuntimeError(type(error).__name__)))
    return told
