"""What a process cost: seconds, seconds of the processor, and memory (Linux)."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.sites import Site, simulated

# As it is for users: modules are compiled once and not at every start.
_ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True)
class Cost:
    """What asking a class cost.

    Attributes:
        wall: seconds.
        cpu: seconds of the processor, in user and system mode.
        memory: the most that the process took, in MB of PSS.
        asked: how often each site was asked.
    """

    wall: float
    cpu: float
    asked: Sequence[int]
    memory: float = 0.0

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


def warm_up() -> None:
    """Have the grader's modules compiled."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "grader", "demo", "--students", "1", "--out", folder],
            env=_ENVIRONMENT, check=True, capture_output=True,
        )  # fmt: skip


WAKE_TIMEOUT = 90.0
"""Seconds in which a site may wake up, and for which one that is down is looked at."""


def grader(sites: Sequence[Site], students: int = 0) -> Cost:
    """What `grader batch` costs from its start to its end; `students` share the sites."""
    with tempfile.TemporaryDirectory() as name, simulated(sites) as served:
        roster, out = Path(name, "roster.csv"), Path(name, "out")
        roster.write_text(
            "andrew_id,url\n"
            + "".join(
                f"student{number},{served.urls[number % len(sites)]}\n"
                for number in range(students or len(sites))
            )
        )
        before, started = _children_cpu(), time.perf_counter()
        process = psutil.Popen(
            [
                sys.executable, "-m", "grader", "batch", str(roster), "--out", str(out),
                "--battery", "extreme", "--allow-private", "--quiet",
                "--wake-timeout", str(WAKE_TIMEOUT),  # as for apps that are not on this machine
            ],
            stdout=subprocess.DEVNULL, env=_ENVIRONMENT,
        )  # fmt: skip
        memory = Memory(process)
        memory.start()
        assert process.wait() == 0
        wall, cpu = time.perf_counter() - started, _children_cpu() - before
    return Cost(wall, cpu, served.asked, memory.most)


def client(name: str, sites: Sequence[Site], counts: Sequence[int]) -> Cost:
    """What one of `benchmarks.clients` costs that asks each site so many times."""
    with simulated(sites) as served:
        plan = [(url, count) for url, count in zip(served.urls, counts, strict=True) if count]
        command = [sys.executable, "-m", "benchmarks.clients", name, json.dumps(plan)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=_ENVIRONMENT)
    wall, cpu = json.loads(done.stdout)
    return Cost(wall, cpu, served.asked)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
