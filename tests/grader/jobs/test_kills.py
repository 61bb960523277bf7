"""A run that is killed at any moment ends as one that was not."""

import csv
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.jobs import Run
from grader.services.folders import STORE_NAME
from tests.grader.apps import SEED, student_app
from tests.servers import serve

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("GRADER_KILLS", "8"))
STUDENTS = [f"student{number}" for number in range(12)]
LATENCY = 0.02
TIMES = {"finished_at", "median_ms", "p95_ms", "degraded"}


class Deployed:
    """Twelve apps, every other one half finished, and how many requests each has answered."""

    def __init__(self, servers: ExitStack, roster: Path) -> None:
        self.roster = roster
        self.requests: Counter[str] = Counter()
        self.asked = threading.Event()
        rows = [f"{name},{servers.enter_context(serve(self._app(name)))}" for name in STUDENTS]
        roster.write_text("andrew_id,url\n" + "".join(f"{row}\n" for row in rows))

    def _app(self, student: str) -> "WSGIApplication":
        app = student_app(student, finished=STUDENTS.index(student) % 2 == 0)

        def counted(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            self.requests[student] += 1
            self.asked.set()
            time.sleep(LATENCY)
            return app(environ, start)

        return counted

    def batch(self, out: Path) -> "subprocess.Popen[bytes]":
        self.asked.clear()
        return subprocess.Popen(
            [
                sys.executable, "-m", "grader", "batch", str(self.roster), "--out", str(out),
                "--seed", str(SEED), "--workers", "3", "--allow-private", "--quiet",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    with ExitStack() as servers:
        yield Deployed(servers, tmp_path / "roster.csv")


def grades(out: Path) -> list[dict[str, str]]:
    """The rows of grades.csv, without the times."""
    rows = list(csv.DictReader((out / "grades.csv").read_text("utf-8").splitlines()))
    return [{name: cell for name, cell in row.items() if name not in TIMES} for row in rows]


def committed(out: Path) -> set[str]:
    """Who has a final scorecard."""
    store = out / STORE_NAME
    if not store.exists() or not store.stat().st_size:
        return set()
    with closing(Run.open(store)) as run:
        return {card.submission.andrew_id for card in run.scorecards()}


def test_killed_at_any_moment_it_ends_as_if_it_was_not(deployed: Deployed, tmp_path: Path) -> None:
    whole = deployed.batch(tmp_path / "whole")
    assert deployed.asked.wait(60)
    started = time.monotonic()
    assert whole.wait(60) == 0
    seconds = time.monotonic() - started
    expected = grades(tmp_path / "whole")
    assert [row["score"] for row in expected] == ["100", "40"] * 6
    once = Counter(deployed.requests)

    moments = random.Random(SEED)
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        out = tmp_path / f"round{rounds}"
        answered: Counter[str] = Counter()
        deployed.requests.clear()
        while True:
            process = deployed.batch(out)
            # Most are killed while they grade or write files, some before they ask anybody.
            if moments.random() < 0.8:
                deployed.asked.wait(60 if len(committed(out)) < len(STUDENTS) else 0.1)
            try:
                process.wait(moments.uniform(0, seconds))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
            else:
                assert process.returncode == 0
                break
            # Nobody who was done before has been asked again.
            assert {name: deployed.requests[name] for name in answered} == answered
            answered = Counter({name: deployed.requests[name] for name in committed(out)})
        assert {name: deployed.requests[name] for name in answered} == answered
        assert grades(out) == expected
        assert all(deployed.requests[name] >= once[name] for name in STUDENTS)
