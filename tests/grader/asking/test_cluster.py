"""The same grades from a real Dask cluster, whatever happens to it: started as users start it."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from click.testing import CliRunner

from grader.asking import cluster
from grader.asking.running import run as run_job
from grader.cli import cli
from grader.jobs import Run
from grader.model import Job, Scorecard, State, Submission
from grader.services.folders import STORE_NAME
from grader.services.grading_class import grade_class
from tests.components import ROOT
from tests.grader.apps import ACTIVITY, QUICK, SEED, student_app
from tests.servers import LOOPBACK, free_port, serve, serve_command

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = pytest.mark.slow

Result = TypeVar("Result")

STUDENTS = [f"student{number}" for number in range(6)]
THREADS = 2
# A job that took two workers down is not tried again; four are usual.
SETTINGS = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1", "PYTHONDONTWRITEBYTECODE": ""}


class Deployed:
    """A class's sites, every other one half finished; all of them wait while the gate is shut."""

    def __init__(self, servers: ExitStack, roster: Path) -> None:
        self.roster = roster
        self.wake_ups: Counter[str] = Counter()
        self.gate = threading.Event()
        self.waiting = threading.Semaphore(0)
        servers.callback(self.gate.set)
        rows = [f"{name},{servers.enter_context(serve(self._app(name)))}" for name in STUDENTS]
        roster.write_text("andrew_id,url\n" + "".join(f"{row}\n" for row in rows))

    def _app(self, student: str) -> "WSGIApplication":
        app = student_app(student, finished=STUDENTS.index(student) % 2 == 0)

        def gated(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            self.wake_ups[student] += environ["PATH_INFO"] == "/healthz"
            self.waiting.release()
            self.gate.wait(60)
            return app(environ, start)

        return gated

    def wait_for(self, requests: int) -> None:
        """Return once so many requests wait at the gate."""
        for _ in range(requests):
            assert self.waiting.acquire(timeout=60)


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    with ExitStack() as servers:
        yield Deployed(servers, tmp_path / "roster.csv")


class Cluster:
    """A scheduler and its workers, each a process."""

    def __init__(self, processes: ExitStack, logs: Path) -> None:
        self._processes = processes
        self._logs = logs
        port = free_port()
        self.address = f"tcp://{LOOPBACK}:{port}"
        command = ["scheduler", "--host", LOOPBACK, "--port", str(port), "--no-dashboard"]
        self.scheduler = processes.enter_context(
            serve_command([sys.executable, "-m", "dask", *command], port, SETTINGS, logs / "log")
        )
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self, folder: Path = ROOT, **variables: str) -> None:
        command = ["worker", self.address, "--nthreads", str(THREADS), "--no-nanny"]
        log = self._processes.enter_context((self._logs / f"log{len(self.workers)}").open("wb"))
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "dask", *command, "--no-dashboard"),
                *("--local-directory", str(self._logs)),
            ],
            cwd=folder, env={**os.environ, **SETTINGS, **variables}, stdout=log, stderr=log,
        )  # fmt: skip
        self.workers.append(worker)
        self._processes.callback(worker.wait)
        self._processes.callback(worker.kill)


@contextmanager
def running(folder: Path, workers: int) -> Iterator[Cluster]:
    with ExitStack() as processes:
        dask = Cluster(processes, folder)
        for _ in range(workers):
            dask.add_worker()
        yield dask


def grades(out: Path) -> list[tuple[str, ...]]:
    """What grades.csv says, without times."""
    table = csv.DictReader((out / "grades.csv").read_text("utf-8").splitlines())
    columns = ("andrew_id", "url", "state", "score", "max_score", "right", "questions", "reason")
    return [tuple(row[column] for column in columns) for row in table]


def in_a_thread(work: Callable[[], Result]) -> Result:
    """Do it elsewhere: Playwright's fixtures keep a loop of their own in the tests' thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def command_line(*arguments: object, code: int = 0) -> str:
    words = [str(each) for each in arguments]
    result = in_a_thread(lambda: CliRunner().invoke(cli, words, catch_exceptions=False))
    assert result.exit_code == code, result.output
    return result.output


def test_a_worker_is_killed_and_the_grades_are_those_of_threads(
    deployed: Deployed, tmp_path: Path
) -> None:
    arguments = ["batch", str(deployed.roster), "--seed", str(SEED), "--allow-private", "--quiet"]
    deployed.gate.set()
    command_line(*arguments, "--out", tmp_path / "threads")
    expected = grades(tmp_path / "threads")
    assert [score for _, _, _, score, *_ in expected] == ["100", "40"] * 3

    deployed.gate.clear()
    deployed.wake_ups.clear()
    while deployed.waiting.acquire(blocking=False):
        pass
    with running(tmp_path, workers=2) as dask:
        command = [*arguments, "--out", str(tmp_path / "out"), "--scheduler", dask.address]
        child = subprocess.Popen(
            [sys.executable, "-m", "grader", *command],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        # Now every thread of both workers is in the middle of a job.
        deployed.wait_for(2 * THREADS)
        dask.workers[0].kill()
        deployed.gate.set()
        said = child.communicate(timeout=90)[1]
        # Whatever many threads of a worker are handed is asked in one loop.
        assert in_a_thread(lambda: loops_at(dask.address)) == [1]
    assert (child.returncode, said) == (0, "")
    assert grades(tmp_path / "out") == expected
    # What the dead worker had begun was begun again by the other one, and nothing else was.
    assert sorted(deployed.wake_ups.values()) == [1] * (len(STUDENTS) - THREADS) + [2] * THREADS


def loops_at(address: str) -> list[int]:
    """How many loops ask at each of the workers."""
    from distributed import Client

    with Client(address) as client:  # type: ignore[no-untyped-call]
        return list(client.run(count_loops).values())


def count_loops() -> int:
    return sum(thread.name == "asking" for thread in threading.enumerate())


def deadly(job: Job) -> Scorecard:
    """Grade a student, or take the worker down as one that runs out of memory is."""
    if job.submission.andrew_id == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return run_job(job)


def class_of(tmp_path: Path, students: Iterable[Submission]) -> Run:
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    run.enroll(students, ())
    return run


def no_link(andrew_id: str) -> Submission:
    return Submission(andrew_id, "", state=State.INVALID, fault="No link.")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_job_that_killed_workers_is_not_graded_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.asking.cluster.run", deadly)
    students = [no_link("first"), no_link("deadly"), no_link("last")]
    with closing(class_of(tmp_path, students)) as run, running(tmp_path, workers=3) as dask:

        def grade() -> None:
            with cluster.connected(dask.address) as graders:
                graders.most = 1
                list(grade_class(run, graders, QUICK))

        in_a_thread(grade)
        states = [card.state for card in run.scorecards()]
        dead = [worker for worker in dask.workers if worker.poll() is not None]
    assert states == [State.INVALID, State.NOT_GRADED, State.INVALID]
    assert len(dead) == 2


def test_a_scheduler_that_dies_ends_the_run_and_what_is_committed_stays(
    deployed: Deployed, tmp_path: Path
) -> None:
    students = [no_link("first"), *(Submission(name, url) for name, url in rows(deployed.roster))]
    with closing(class_of(tmp_path, students)) as run, running(tmp_path, workers=1) as dask:

        def lose() -> None:
            with cluster.connected(dask.address) as graders:
                steps = grade_class(run, graders, QUICK)
                assert next(steps).scorecard.submission.andrew_id == "first"
                deployed.wait_for(1)
                dask.scheduler.kill()
                with pytest.raises(BrokenExecutor):
                    list(steps)

        in_a_thread(lose)
        assert run.finished() == 1
        assert len(list(run.first_pass(QUICK))) == len(STUDENTS)


def rows(roster: Path) -> list[tuple[str, str]]:
    table = csv.DictReader(roster.read_text().splitlines())
    return [(row["andrew_id"], row["url"]) for row in table]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What `batch` says of a cluster that it cannot use; nobody is asked and nothing written."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    (tmp_path / "roster.csv").write_text("andrew_id,url\na,https://x.example\n")

    def say(scheduler: str) -> str:
        command = ("batch", tmp_path / "roster.csv", "--out", tmp_path / "out", "--quiet")
        said = command_line(*command, "--scheduler", scheduler, code=2)
        assert not (tmp_path / "out").exists()
        return said

    return say


@pytest.mark.parametrize("address", ["localhost:8786", "tcp://localhost", "udp://h:1", "tcp://:1"])
def test_an_address_is_checked_first(refused: Callable[[str], str], address: str) -> None:
    assert "tcp://host:port" in refused(address)


def test_without_the_library_the_extra_is_named(
    refused: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "[grader,scale]" in refused("tcp://localhost:8786")


def test_clusters_that_cannot_be_used_are_said_in_words(
    refused: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "dask scheduler" in refused(f"tcp://{LOOPBACK}:{free_port()}")
    assert "no certificates" in refused(f"tls://{LOOPBACK}:{free_port()}")
    with running(tmp_path, workers=0) as dask:
        assert "no workers" in refused(dask.address)
        # One that was deployed earlier, and nobody has brought up to date.
        old = shutil.copytree(ROOT / "grader", tmp_path / "earlier" / "grader")
        with (old / "outcomes.py").open("a") as file:
            file.write("# earlier\n")
        dask.add_worker(tmp_path / "earlier")
        monkeypatch.setattr(cluster, "CONNECT_SECONDS", 30.0)
        assert "1 of 1 workers" in refused(dask.address)


def test_a_worker_that_comes_later_needs_the_same_grader_too() -> None:
    assert cluster.run_by_same_code(cluster.code_digest(), sum, [1, 2]) == 3
    with suppress(cluster.OtherCodeError):
        cluster.run_by_same_code("another", sum, [1, 2])
        pytest.fail("it was called")


def test_a_worker_without_a_browser_is_said_before_anybody_is_asked(
    deployed: Deployed, tmp_path: Path
) -> None:
    deployed.gate.set()
    with running(tmp_path, workers=0) as dask:
        dask.add_worker(PATH="", PLAYWRIGHT_BROWSERS_PATH=str(tmp_path))
        said = command_line(
            "batch", deployed.roster, "--out", tmp_path / "out", "--allow-private",
            "--probe", "browser", "--scheduler", dask.address, code=2,
        )  # fmt: skip
    assert "1 of 1 workers lack what is needed (tcp://" in said
    assert "no Chromium was found. Run: python -m playwright install chromium" in said
    assert not deployed.wake_ups
    assert not (tmp_path / "out").exists()
