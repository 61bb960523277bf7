"""What watching costs: `python -m benchmarks.watch` (Linux, about seven minutes).

The real command watches 200 apps on this machine every 5 seconds, on a terminal where it draws its
table. Then a day of the same is written to a real store, with a clock that does not wait. Each
claim is one line with its limit, and the program ends with 1 where one is missed.
"""

import contextlib
import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa

from benchmarks.measuring import at_least, at_most, claim
from benchmarks.watched import ANSWER
from grader.delivery.watch import AppView, History, Sample
from grader.delivery.watch.history import STORE, open_history
from grader.delivery.watch.tables import LOOKS, MINUTES
from grader.outcomes import Outcome

TARGETS, EVERY = 200, 5
STARTING, MEASURED = 30.0, 180.0
BATTERY = f"""
title = "One question"

[[entry]]
query = "What is the answer?"
key = {{ kind = "number", value = {ANSWER} }}
points = 1
"""
DAY = timedelta(days=1)
_METRICS_EVERY = 12  # looks

MAX_CORE = 10.0
MAX_DAY_MB = 60.0


@contextlib.contextmanager
def watched_apps(count: int) -> Iterator[list[str]]:
    """So many apps in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.watched", str(count)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ports = json.loads(process.stdout.readline())
        yield [f"http://127.0.0.1:{port}" for port in ports]
        process.communicate()


@contextlib.contextmanager
def watcher(urls: list[str], folder: Path) -> Iterator[psutil.Process]:
    """The real command, on a terminal that somebody reads."""
    battery = folder / "battery.toml"
    battery.write_text(BATTERY)
    command = [
        *(sys.executable, "-m", "grader", "watch", *urls, "--every", str(EVERY)),
        *("--store", str(folder / "store"), "--battery", str(battery)),
    ]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "150", "LINES": "50", "TERM": "xterm-256color"}
    process = psutil.Popen(command, stdout=theirs, env=environment)
    os.close(theirs)
    reader = threading.Thread(target=_read_all, args=(ours,), daemon=True)
    reader.start()
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        reader.join()
        os.close(ours)


def _read_all(terminal: int) -> None:
    with contextlib.suppress(OSError):  # how Linux tells the end of a terminal
        while os.read(terminal, 65536):
            pass


def measure_command() -> bool:
    """What the command takes of a core, and whether no look is left out."""
    with (
        tempfile.TemporaryDirectory() as name,
        watched_apps(TARGETS) as urls,
        watcher(urls, Path(name)) as process,
    ):
        time.sleep(STARTING)
        before, began, looks = _cpu(process), time.monotonic(), _looks(Path(name))
        time.sleep(MEASURED)
        took = time.monotonic() - began
        cpu = _cpu(process) - before
        looks = _looks(Path(name)) - looks
        memory = process.memory_full_info().pss / 1e6
    due = TARGETS * took / EVERY
    print(
        f"         {looks} looks in {took:.0f} s; "
        f"{1e6 * cpu / looks:.0f} us of the processor each; {memory:.0f} MB"
    )
    return all(
        [
            at_most(
                f"{TARGETS} apps every {EVERY} s, of one core", 100 * cpu / took, MAX_CORE, " %"
            ),
            # Up to one write of looks may be under way at either end.
            at_least("looks made of those that were due", 100 * looks / due, 95.0, " %"),
        ]
    )


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _looks(folder: Path) -> int:
    with contextlib.closing(open_history(folder / "store")) as history:
        return _count(history, LOOKS)


def _count(history: History, table: sa.Table) -> int:
    with history.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def measure_day() -> bool:
    """How large a store is after a day, and what is in it."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        most = write_day(folder)
        with contextlib.closing(open_history(folder)) as history:
            looks, minutes = _count(history, LOOKS), _count(history, MINUTES)
        size = (folder / STORE).stat().st_size / 1e6
    print(f"         written in {time.perf_counter() - began:.0f} s; most on disk {most:.1f} MB")
    hour = TARGETS * 3600 // EVERY
    return all(
        [
            at_most("a day's store", size, MAX_DAY_MB, " MB"),
            at_most("all its files at their largest", most, MAX_DAY_MB, " MB"),
            claim(
                f"the last hour is whole: {looks:,} looks of {hour:,}",
                hour <= looks <= hour * 61 / 60 + TARGETS,
            ),
            claim(
                f"the day is there by the minute: {minutes:,} of {TARGETS * 24 * 60:,}",
                minutes >= TARGETS * (24 * 60 - 1),
            ),
        ]
    )


def write_day(folder: Path) -> float:
    """Write a day's looks, in batches as the watcher does; the most MB on disk meanwhile."""
    history = open_history(folder)
    urls = [f"https://app{number}.example" for number in range(TARGETS)]
    history.enroll(urls)
    began = datetime(2026, 3, 1, tzinfo=UTC)
    commit, certificate = "0123456789ab", began + timedelta(days=60)
    most = 0.0
    for beat in range(int(DAY.total_seconds()) // EVERY):
        for number, url in enumerate(urls):
            at = began + timedelta(seconds=EVERY * (beat + number / TARGETS))
            # One look in a hundred is wrong, with its reason.
            wrong = (beat + number) % 100 == 0
            outcome = Outcome.WRONG if wrong else Outcome.RIGHT
            words = "“What is 2 plus 3?”: “5” was expected, the reply is “6”" if wrong else ""
            app = AppView(60.0, 24, 0, 0) if beat % _METRICS_EVERY == 0 else None
            took = 40 + (beat * 7919 + number * 104729) % 1000 / 10
            history.add(url, Sample(at, outcome, took, words, commit, certificate, app))
        history.write()
        if beat % 100 == 0:
            most = max(most, sum(file.stat().st_size for file in folder.iterdir()) / 1e6)
    history.close()
    return most


def main() -> int:
    """Measure everything; the exit code."""
    return 0 if all([measure_command(), measure_day()]) else 1


if __name__ == "__main__":
    sys.exit(main())
