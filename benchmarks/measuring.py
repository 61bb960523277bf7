"""What a process cost: seconds, seconds of the processor, and memory (Linux); and the claims."""

import atexit
import functools
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from benchmarks.sites import Site, simulated

# As it is for users: modules are compiled once and not at every start.
_ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}

LOOPS = ["asyncio", *(["uvloop"] if importlib.util.find_spec("uvloop") else [])]
"""The kinds of event loops that there are here; the grader takes the last one."""
WAKE_TIMEOUT = 90.0
"""Seconds in which a site may wake up, and for which one that is down is looked at."""


@dataclass(frozen=True)
class Cost:
    """What asking a class cost.

    Attributes:
        wall: seconds.
        cpu: seconds of the processor, in user and system mode.
        memory: the most that the process took, in MB of PSS.
        asked: how often each site was asked.
        right: how many replies were right, where they were judged.
    """

    wall: float
    cpu: float
    memory: float = 0.0
    asked: Sequence[int] = ()
    right: int = 0

    @property
    def requests(self) -> int:
        """How many requests reached the sites."""
        return sum(self.asked)

    @property
    def cpu_per_request(self) -> float:
        """Microseconds of the processor."""
        return 1e6 * self.cpu / self.requests


class Memory(threading.Thread):
    """Watches the most memory that a process and its children take together, in MB of PSS."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self._process = process

    def run(self) -> None:
        while self._process.is_running():
            try:
                family = [self._process, *self._process.children(recursive=True)]
                pss = sum(member.memory_full_info().pss for member in family)
            except psutil.Error:
                return
            self.most = max(self.most, pss / 1e6)
            time.sleep(0.5)


def claim(words: str, reached: bool) -> bool:
    """Print a claim and whether it holds."""
    print(f"  {'OK' if reached else 'MISSED':<7}{words}", flush=True)
    return reached


def at_most(what: str, measured: float, limit: float, unit: str = "") -> bool:
    """Claim that something is no more than its limit."""
    return claim(f"{what}: {measured:.2f}{unit}, at most {limit:g}{unit}", measured <= limit)


def at_least(what: str, measured: float, limit: float, unit: str = "") -> bool:
    """Claim that something is no less than its limit."""
    return claim(f"{what}: {measured:.2f}{unit}, at least {limit:g}{unit}", measured >= limit)


def warm_up() -> None:
    """Have the grader's modules compiled."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "grader", "demo", "--students", "1", "--out", folder],
            env=_ENVIRONMENT, check=True, capture_output=True,
        )  # fmt: skip


def grader(sites: Sequence[Site], students: int = 0) -> Cost:
    """What `grader batch` costs from its start to its end; `students` share the sites."""
    folder = Path(tempfile.mkdtemp(dir=_folders()))
    with simulated(sites) as served:
        urls = (served.urls[number % len(sites)] for number in range(students or len(sites)))
        cost = batch(urls, folder, battery="extreme")
    return replace(cost, asked=served.asked)


@functools.cache
def _folders() -> str:
    """The folder of all rounds' folders, which are removed together, at the end.

    For some minutes ext4 gives no freed inode out again, and looks for others one by one: a round
    after such a removal took up to five times as long to make its files.
    """
    folders = tempfile.TemporaryDirectory()
    atexit.register(folders.cleanup)
    return folders.name


def batch(
    urls: Iterable[str], folder: Path, battery: str, *options: str, **environment: str
) -> Cost:
    """What the command costs that grades students with these links into `folder` / "out".

    Args:
        urls: a student's each.
        folder: where the roster is written, too.
        battery: its name or file.
        options: further ones of the command.
        environment: further variables of the command's.
    """
    command = batch_command(urls, folder, battery, *options)
    before, started = _children_cpu(), time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, env={**_ENVIRONMENT, **environment})
    memory = Memory(process)
    memory.start()
    code = process.wait()
    assert code == 0, f"grader batch ended with {code}"
    wall, cpu = time.perf_counter() - started, _children_cpu() - before
    return Cost(wall, cpu, memory.most)


def batch_command(urls: Iterable[str], folder: Path, battery: str, *options: str) -> list[str]:
    """The command that grades students with these links, whose roster is written."""
    roster = folder / "roster.csv"
    rows = (f"student{number},{url}\n" for number, url in enumerate(urls))
    roster.write_text("".join(["andrew_id,url\n", *rows]))
    return [
        *(sys.executable, "-m", "grader", "batch", str(roster), "--out", str(folder / "out")),
        *("--battery", battery, "--allow-private", "--quiet"),
        *("--wake-timeout", str(WAKE_TIMEOUT)),  # as for apps that are not on this machine
        *options,
    ]


def client(name: str, sites: Sequence[Site], counts: Sequence[int], loop: str = LOOPS[-1]) -> Cost:
    """What one of `benchmarks.clients` costs that asks each site so many times."""
    with simulated(sites) as served:
        plan = [(url, count) for url, count in zip(served.urls, counts, strict=True) if count]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.clients", name, loop],
            input=json.dumps(plan), text=True, check=True, stdout=subprocess.PIPE,
            env=_ENVIRONMENT,
        )  # fmt: skip
    wall, cpu, right = json.loads(done.stdout)
    return Cost(wall, cpu, asked=served.asked, right=right)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
