"""What ends at nearly the same time is handed over together, unless another job waits for it."""

import threading
import time
from concurrent.futures import Future

import pytest

from grader.asking import classes
from grader.asking.classes import graded
from grader.asking.politeness import Polite
from grader.model import Job, Scorecard, Submission
from tests.grader.apps import ACTIVITY, SEED

# Far longer than anything here takes; a wait for it would be seen.
WINDOW = 60.0


class Ending:
    """Ends each job a moment after so many jobs have begun as `after` says."""

    def __init__(self, room: int, after: list[int]) -> None:
        self._room = room
        self._after = after
        self._begun: list[Future[Scorecard]] = []

    def room(self) -> int:
        return self._room

    def submit(self, job: Job) -> Future[Scorecard]:
        self._begun.append(Future())
        for number, future in enumerate(self._begun):
            if self._after[number] == len(self._begun):
                end = future.set_exception
                threading.Timer(0.05 * number, end, [ValueError(job.submission.url)]).start()
        return self._begun[-1]


def handed_over(
    urls: list[str], room: int, after: list[int], monkeypatch: pytest.MonkeyPatch
) -> list[list[str]]:
    """The links of the jobs that came together; it must not take a whole window."""
    monkeypatch.setattr(classes, "_TOGETHER_SECONDS", WINDOW)
    jobs = (
        Job(Submission(f"student{number}", url), ACTIVITY, SEED) for number, url in enumerate(urls)
    )
    began = time.monotonic()
    together = graded(Polite(jobs, per_site=1), Ending(room, after))
    came = [sorted(ended.job.submission.url for ended in ends) for ends in together]
    assert time.monotonic() - began < WINDOW
    return came


A, B, C, A_TOO = (
    "https://a.example/1",
    "https://b.example",
    "https://c.example",
    "https://a.example/2",
)


def test_jobs_that_end_at_nearly_the_same_time_come_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert handed_over([A, B, C], 9, [3, 3, 3], monkeypatch) == [[A, B, C]]


def test_a_job_that_waits_for_room_begins_as_soon_as_another_one_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert handed_over([A, B, C], 2, [2, 3, 3], monkeypatch)[0] == [A]


def test_a_job_that_waits_for_its_site_begins_as_soon_as_another_one_ends_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    came = handed_over([A, B, A_TOO], 9, [2, 3, 3], monkeypatch)
    assert came == [[A], [A_TOO, B]]
