"""What grading costs beside asking: `python -m benchmarks.beside` (Linux, some minutes).

A class is graded in this process with the battery `extreme`, by deployments that are made up: they
reply at once, most of it right. What asking them costs by itself is taken off the processor's time
of the whole; what is left is drawing questions, committing scorecards and writing students' pages,
while others are still asked. The two take turns, and of some rounds the median is told.

Then the real command line enrolls a large class, and grades one whose links are all unusable. Each
claim is one line with its limit, and the program ends with 1 where one is missed.
"""

import asyncio
import contextlib
import json
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from unittest import mock

from benchmarks import measuring
from benchmarks.measuring import at_most
from grader.asking import grading
from grader.asking.classes import LocalGraders
from grader.asking.loops import Scope
from grader.jobs import Result, Run
from grader.model import Job, Limits, ProbeKind, Reply, Scorecard, Submission, Timings, Typing
from grader.questions import draw, load_battery
from grader.services.files import write_files
from grader.services.folders import PAGES
from grader.services.grading_class import grade_class
from grader.services.handouts import StudentPages, with_pages
from tests.grader.apps import right_answers

ROUNDS = 5
STUDENTS, AT_ONCE = 500, 50
# The part of its questions that an app answers right.
RIGHT = 0.8
BATTERY, SEED = load_battery("extreme"), 7

MANY, UNUSABLE = 50_000, 20_000
_LINKS = (
    "https://github.com/someone/app",
    "file:///etc/passwd",
    "https://vercel.app",
    "my app is not finished",
    "javascript:alert(1)",
    "https://replit.com/@someone/app",
)

MAX_BESIDE_MS = 3.0
MAX_FILES_MS = 2.0
MAX_ENROLL_SECONDS = 60
MAX_UNUSABLE_SECONDS = 120


class MadeUp:
    """A deployment that replies at once, in place of `grader.probes.Deployment`."""

    answers: Mapping[str, Mapping[str, str]] = {}
    """What each student's replies to each query."""

    def __init__(self, submission: Submission, _limits: Limits) -> None:
        self._url = submission.url
        self._answers = self.answers[submission.andrew_id]

    async def ask_release(self, _seconds: float | None = None) -> Reply:
        release = {"commit": "0123456789abcdef0123456789abcdef01234567", "platform": "render"}
        return await self._reply("/healthz", json.dumps({"release": release}))

    async def ask(
        self,
        _kind: ProbeKind,
        query: str,
        _typing: Typing = "at once",
        seconds: float | None = None,  # noqa: ARG002 - it is given by its name
    ) -> Reply:
        return await self._reply(f"/api?q={query.replace(' ', '+')}", self._answers[query])

    async def _reply(self, target: str, text: str) -> Reply:
        await asyncio.sleep(0)  # others are asked meanwhile
        url = self._url + target
        return Reply(
            url=url,
            asked_at=datetime.now(UTC),
            status=200,
            text=text,
            content_type="text/plain; charset=utf-8",
            final_url=url,
            elapsed_ms=101.3,
            timings=Timings(first_byte=100.9, transfer=0.2),
            headers={"server": "gunicorn"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """There is nothing to close."""


def answers_of(submission: Submission, luck: random.Random) -> dict[str, str]:
    """What a student's app replies to each query: most of it right."""
    right = right_answers(submission.andrew_id, BATTERY, SEED)
    return {
        query: answer if luck.random() < RIGHT else "I do not know"
        for query, answer in right.items()
    }


@dataclass
class Spent:
    """Milliseconds of the processor for each student, in rounds, by what they were spent on."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    @contextlib.contextmanager
    def on(self, what: str) -> Iterator[None]:
        started = time.process_time()
        yield
        spent = 1000 * (time.process_time() - started) / STUDENTS
        self.rounds.setdefault(what, []).append(spent)

    def median(self, what: str) -> float:
        return statistics.median(self.rounds[what])


@contextlib.contextmanager
def enrolled(submissions: list[Submission]) -> Iterator[tuple[Run, Path, StudentPages]]:
    """A run of these submissions in a new folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with contextlib.closing(Run.begin(folder / "run.sqlite", BATTERY, SEED)) as run:
            run.enroll(submissions, ())
            yield run, folder, StudentPages(run.info, folder / PAGES)


def together(submissions: list[Submission], spent: Spent) -> None:
    """Grade the class as a command does, and write its files."""
    with enrolled(submissions) as (run, folder, pages), Scope() as scope:
        graders = LocalGraders(scope, AT_ONCE)
        with spent.on("all"):
            steps = list(with_pages(run, grade_class(run, graders, Limits()), pages))
        assert sum(step.final for step in steps) == len(submissions)
        with spent.on("files"):
            write_files(run, folder, pages)


def one_by_one(submissions: list[Submission], spent: Spent) -> None:
    """Do each part of it by itself."""
    with enrolled(submissions) as (run, _, pages), Scope() as scope:
        with spent.on("reading"):
            jobs = list(run.first_pass(Limits()))
        with spent.on("drawing"):
            drawn = [replace(job, questions=draw(BATTERY, job.submission, SEED)) for job in jobs]
        with spent.on("asking"):
            scorecards = asked(drawn, scope)
        with spent.on("committing"):
            for job, scorecard in zip(jobs, scorecards, strict=True):
                run.commit([Result.of(job, scorecard)])
        with spent.on("pages"):
            for scorecard in scorecards:
                pages.write(scorecard)


def asked(jobs: list[Job], scope: Scope) -> list[Scorecard]:
    """The scorecards of `jobs`, whose questions are drawn; some are under way at once."""

    async def everybody() -> list[Scorecard]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(job: Job) -> Scorecard:
            async with room:
                return await grading.grade_job(job)

        return await asyncio.gather(*map(one, jobs))

    return scope.result(everybody())


def beside_asking() -> list[bool]:
    """Drawing, committing and pages while others are asked, and the files of the class."""
    submissions = [
        Submission(f"student{number}", f"https://app{number}.example.org")
        for number in range(STUDENTS)
    ]
    luck = random.Random(1)
    MadeUp.answers = {each.andrew_id: answers_of(each, luck) for each in submissions}
    spent = Spent()
    with mock.patch.object(grading, "Deployment", MadeUp):
        for step in (together, one_by_one):
            step(submissions, Spent())  # what is made once is made by then
        for _ in range(ROUNDS):
            together(submissions, spent)
            one_by_one(submissions, spent)
    parts = ("reading", "drawing", "asking", "committing", "pages")
    print(
        f"  ms of the processor a student, medians of {ROUNDS} rounds: all together "
        f"{spent.median('all'):.2f}; by themselves "
        f"{', '.join(f'{part} {spent.median(part):.2f}' for part in parts)}"
    )
    beside = statistics.median(
        whole - asking
        for whole, asking in zip(spent.rounds["all"], spent.rounds["asking"], strict=True)
    )
    return [
        at_most("all but asking, a student, while others are asked", beside, MAX_BESIDE_MS, " ms"),
        at_most("report and files, a student", spent.median("files"), MAX_FILES_MS, " ms"),
    ]


def enrolling() -> bool:
    """The time until the first of a large class is asked, by the real command."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("0.0.0.0", 0)) as listener,  # noqa: S104 - all of 127.0.0.0/8
    ):
        port = listener.getsockname()[1]
        urls = (
            f"http://127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}:{port}"
            for number in range(MANY)
        )
        command = measuring.batch_command(urls, Path(folder), BATTERY.name)
        seconds = _until_asked(command, listener)
    return at_most("enrolling them, until the first is asked", seconds, MAX_ENROLL_SECONDS, " s")


def _until_asked(command: list[str], listener: socket.socket) -> float:
    """Seconds from the command's start until it opens a connection; it is stopped then."""
    listener.settimeout(0.1)
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            with contextlib.suppress(TimeoutError):
                listener.accept()[0].close()
                return time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
    raise AssertionError("the command ended before it asked anybody")


def unusable_links() -> bool:
    """The time that the real command takes for a class that nobody can ask."""
    with tempfile.TemporaryDirectory() as folder:
        urls = (_LINKS[number % len(_LINKS)] for number in range(UNUSABLE))
        cost = measuring.batch(urls, Path(folder), BATTERY.name)
    print(f"  {cost.cpu:.1f} s of the processor, memory {cost.memory:.0f} MB (PSS)")
    words = "committing them, from the command's start to its end"
    return at_most(words, cost.wall, MAX_UNUSABLE_SECONDS, " s")


def main() -> int:
    """Measure everything; the exit code."""
    measuring.warm_up()
    print(f"{STUDENTS} students of {BATTERY.name}, whose deployments reply at once")
    reached = beside_asking()
    print(f"{MANY:,} rows")
    reached.append(enrolling())
    print(f"{UNUSABLE:,} unusable links")
    reached.append(unusable_links())
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
