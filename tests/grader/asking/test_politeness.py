"""Sites are asked politely: at most so much at once, whoever shares them, and nobody starves."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.asking.politeness import Polite
from grader.jobs import Run
from grader.model import Job, Limits, State, Submission
from grader.services.folders import STORE_NAME
from grader.services.grading_class import grade_class
from tests.grader.apps import ACTIVITY, SEED, job, local_graders
from tests.servers import serve

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# On a busy machine too, nothing is given up: what was would still be under way at the site.
PATIENT = Limits(timeout=60, wake_timeout=240, allow_private=True)
# Ports and schemes make a site, whether written out or not; paths do not.
SITES = {
    "https://a.example": 0, "https://a.example/app": 0, "https://a.example:443/x": 0,
    "http://a.example": 1, "https://a.example:8443": 2, "https://b.example": 3, "": None,
}  # fmt: skip


@given(
    urls=st.lists(st.sampled_from(list(SITES)), max_size=60),
    per_site=st.integers(1, 3),
    workers=st.integers(1, 8),
    ends=st.randoms(use_true_random=False),
)
def test_whatever_ends_first_sites_are_not_crowded_and_all_get_their_turn(
    urls: list[str], per_site: int, workers: int, ends: Random
) -> None:
    jobs = Polite((job(url, f"s{number}") for number, url in enumerate(urls)), per_site)
    under_way: list[Job] = []
    order: dict[int | None, list[int]] = {}
    while True:
        while len(under_way) < workers and (started := jobs.start()) is not None:
            under_way.append(started)
            student = int(started.submission.andrew_id[1:])
            order.setdefault(SITES[started.submission.url], []).append(student)
        now = Counter(SITES[each.submission.url] for each in under_way)
        assert all(count <= per_site for site, count in now.items() if site is not None)
        if not under_way:
            break
        jobs.end(under_way.pop(ends.randrange(len(under_way))))
    assert sorted(student for site in order.values() for student in site) == [*range(len(urls))]
    assert all(site == sorted(site) for site in order.values())


def test_others_overtake_a_class_that_shares_a_site_and_little_is_read_ahead() -> None:
    read = 0

    def shared() -> Iterator[Job]:
        nonlocal read
        for number in range(5000):
            read += 1
            yield job("https://other.example" if number == 9 else "https://shared.example")

    jobs = Polite(shared(), per_site=1)
    started = [jobs.start(), jobs.start(), jobs.start()]
    assert [each and each.submission.url for each in started] == [
        "https://shared.example", "https://other.example", None,
    ]  # fmt: skip
    assert read < 1000


class Crowd:
    """A site that counts its requests, and how many of them it had at once at most."""

    def __init__(self) -> None:
        self.most = self.requests = self._now = 0
        self._lock = threading.Lock()

    def __call__(self, _environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        with self._lock:
            self._now += 1
            self.requests += 1
            self.most = max(self.most, self._now)
        time.sleep(0.01)
        with self._lock:
            self._now -= 1
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"42"]


@pytest.mark.parametrize("per_site", [1, 3])
def test_real_sites_get_no_more_requests_at_once(tmp_path: Path, per_site: int) -> None:
    crowds = [Crowd() for _ in range(3)]
    with ExitStack() as servers, local_graders(12) as graders:
        sites = [servers.enter_context(serve(crowd)) for crowd in crowds]
        submissions = [Submission("none", "", state=State.INVALID, fault="No link.")]
        for number in range(24):
            # The first site is every other student's.
            url = sites[0] if number % 2 else sites[1 + number % 4 // 2]
            submissions.append(Submission(f"s{number}", f"{url}/{number}"))
        run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
        run.enroll(submissions, ())
        list(grade_class(run, graders, PATIENT, per_site))
        assert run.finished() == run.total() == 25
        run.close()
    most = [crowd.most for crowd in crowds]
    assert max(most) <= per_site
    assert all(crowd.requests >= 24 for crowd in crowds)
    if per_site > 1:
        assert max(most) > 1


def test_whoever_asked_for_time_gets_it_and_others_go_first() -> None:
    now = datetime.now(UTC)
    early, soon, later = (now + timedelta(seconds=wait) for wait in (-1, 0.3, 0.1))
    jobs = [
        replace(job(f"https://{name}.example"), not_before=moment)
        for name, moment in (("soon", soon), ("later", later), ("any", None), ("early", early))
    ]
    polite = Polite(iter(jobs), per_site=1)
    assert polite.seconds_until_next() is None, "nobody has been read yet"
    order = []
    while True:
        if (started := polite.start()) is not None:
            order.append(started.submission.url.split(".")[0].removeprefix("https://"))
            assert started.not_before is None or started.not_before <= datetime.now(UTC)
            polite.end(started)
        elif (wait := polite.seconds_until_next()) is not None:
            time.sleep(wait)
        else:
            break
    assert order == ["any", "early", "later", "soon"]
