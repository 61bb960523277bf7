import csv
import json
import logging
import socket
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from grader.asking import grading
from grader.asking.classes import LocalGraders
from grader.asking.loops import Scope
from grader.formats.files import student_file_name
from grader.jobs import Result, Run
from grader.model import Job, Keep, Limits, Override, Scorecard, State, Submission
from grader.questions import parse_battery
from grader.services.files import write_files
from grader.services.folders import STORE_NAME
from grader.services.grading_class import grade_class
from grader.services.handouts import StudentPages, with_pages
from tests.grader.apps import ACTIVITY, QUICK, SEED, finished_app, local_graders, student_app
from tests.grader.probes.raw import raw_server, read_request, reply


@pytest.fixture
def graders() -> Iterator[LocalGraders]:
    with local_graders() as made:
        yield made


def test_a_class_is_graded_and_its_files_are_made(tmp_path: Path, graders: LocalGraders) -> None:
    with ExitStack() as apps:
        submissions = [
            Submission(
                andrew_id,
                apps.enter_context(finished_app(andrew_id)),
                name=f"Student {andrew_id}",
                bypass_secret="s3cret",
            )
            for andrew_id in ("ada", "ben", "cleo")
        ]
        submissions.append(Submission("dev", "", state=State.INVALID, fault="No link."))
        run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
        run.enroll(submissions, ())
        steps = list(grade_class(run, graders, QUICK))
        assert all(step.final for step in steps)
        assert list(grade_class(run, graders, QUICK)) == []
    write_files(run, tmp_path)
    run.close()
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text("utf-8").splitlines()))
    assert [(row["andrew_id"], row["state"], row["score"]) for row in rows] == [
        ("ada", "graded", "100"),
        ("ben", "graded", "100"),
        ("cleo", "graded", "100"),
        ("dev", "invalid", "0"),
    ]
    results: dict[str, Any] = json.loads((tmp_path / "results.json").read_text())
    assert results["seed"] == SEED
    assert [len(student["items"]) for student in results["students"]] == [6] * 4
    assert sorted(path.name for path in (tmp_path / "students").iterdir()) == [
        "ada.html",
        "ben.html",
        "cleo.html",
        "dev.html",
    ]
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.suffix in (".html", ".csv", ".json"):
            assert "s3cret" not in path.read_text(encoding="utf-8")
        if sys.platform != "win32" and path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert "Student ben" not in (tmp_path / "students" / "ada.html").read_text()


class _Counting(LocalGraders):
    """Knows how many of its jobs were under way at most."""

    now = most = 0

    def submit(self, job: Job) -> Future[Scorecard]:
        self.now += 1
        self.most = max(self.most, self.now)
        return super().submit(job)


def test_no_more_jobs_are_under_way_than_workers(tmp_path: Path) -> None:
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    fault = "No link."
    run.enroll([Submission(f"s{i}", "", state=State.INVALID, fault=fault) for i in range(50)], ())
    with Scope() as scope:
        counting = _Counting(scope, 3)
        for _ in grade_class(run, counting, QUICK):
            counting.now -= 1
        assert run.finished() == 50
        assert counting.most == 3
    run.close()


def test_an_abandoned_run_ends_its_requests_and_is_resumed(tmp_path: Path) -> None:
    def never(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    with raw_server(never) as hang:
        patient = Limits(timeout=60, wake_timeout=60, allow_private=True)
        run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
        run.enroll(
            [
                Submission("invalid", "", state=State.INVALID, fault="No link."),
                *[Submission(f"hang{index}", hang.url) for index in range(4)],
            ],
            (),
        )
        with local_graders(5) as graders:
            steps = grade_class(run, graders, patient)
            assert next(steps).scorecard.submission.andrew_id == "invalid"
        assert run.finished() == 1
        assert len(list(run.first_pass(QUICK))) == 4
    run.close()


def test_a_page_shows_what_counts_while_others_are_still_asked(
    tmp_path: Path, graders: LocalGraders
) -> None:
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    run.enroll([Submission("s1", "", state=State.INVALID, fault="No link.")], ())
    page = tmp_path / "students" / student_file_name("s1")

    def graded() -> None:
        steps = grade_class(run, graders, QUICK)
        list(with_pages(run, steps, StudentPages(run.info, tmp_path / "students")))

    graded()
    assert "No link." in page.read_text("utf-8")
    assert not run.override({"s1": Override("H. Bovik", datetime.now(UTC), "Was ill", None)})
    write_files(run, tmp_path)
    run.ask_again(["s1"], [])
    graded()
    assert "Was ill" in page.read_text("utf-8")
    run.close()


@pytest.mark.parametrize("graded_before", [False, True])
def test_a_scorecard_that_cannot_be_written_down_stops_nobody_else(
    tmp_path: Path,
    graders: LocalGraders,
    monkeypatch: pytest.MonkeyPatch,
    graded_before: bool,
) -> None:
    async def half_a_surrogate_pair(job: Job) -> Scorecard:
        return replace(await grading.grade_job(job), reason="\ud800")

    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    run.enroll([Submission("s1", "", state=State.INVALID, fault="No link.")], ())
    if graded_before:
        list(grade_class(run, graders, QUICK))
        run.ask_again(["s1"], [])
    monkeypatch.setattr("grader.asking.classes.grade_job", half_a_surrogate_pair)
    (graded,) = grade_class(run, graders, QUICK)
    assert graded.scorecard.state is State.NOT_GRADED
    assert run.transcript("s1").scorecards[-1].scorecard.state is State.NOT_GRADED
    run.close()


def test_what_cannot_be_written_down_keeps_nothing_else_from_being_committed(
    tmp_path: Path, graders: LocalGraders, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def half_a_surrogate_pair(job: Job) -> Scorecard:
        card = await grading.grade_job(job)
        return replace(card, reason="\ud800") if job.submission.andrew_id == "s1" else card

    monkeypatch.setattr("grader.asking.classes.grade_job", half_a_surrogate_pair)
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    fault = "No link."
    run.enroll([Submission(f"s{i}", "", state=State.INVALID, fault=fault) for i in range(3)], ())
    list(grade_class(run, graders, QUICK))
    states = [card.state for card in run.scorecards()]
    assert states == [State.INVALID, State.NOT_GRADED, State.INVALID]
    run.close()


def test_a_job_that_crashes_is_not_graded_and_the_rest_goes_on(
    tmp_path: Path, graders: LocalGraders, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(job: Job) -> Scorecard:
        if job.submission.andrew_id == "s1":
            raise MemoryError
        return await grading.grade_job(job)

    monkeypatch.setattr("grader.asking.classes.grade_job", crash)
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    fault = "No link."
    run.enroll([Submission(f"s{i}", "", state=State.INVALID, fault=fault) for i in range(3)], ())
    list(grade_class(run, graders, QUICK))
    states = [card.state for card in run.scorecards()]
    assert states == [State.INVALID, State.NOT_GRADED, State.INVALID]
    run.close()


@pytest.mark.parametrize("where", ["grader.asking.ask.judge", "grader.asking.grading.grade"])
def test_a_crash_of_ours_is_said_once_for_a_class_and_traced_at_debug_level(
    tmp_path: Path,
    graders: LocalGraders,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    where: str,
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("what nobody expected")

    monkeypatch.setattr(where, crash)
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    with finished_app("ada") as url, caplog.at_level(logging.DEBUG, "grader"):
        run.enroll([Submission("ada", url), Submission("ben", url)], ())
        list(grade_class(run, graders, QUICK))
    run.close()
    (line,) = [each for each in caplog.records if each.levelno > logging.DEBUG]
    assert "the grader itself failed: ZeroDivisionError, first for ada" in line.getMessage()
    assert not line.exc_info
    traced = [each for each in caplog.records if each.exc_info]
    assert len(traced) >= 2
    assert {each.levelno for each in traced} == {logging.DEBUG}


def test_a_student_whose_grading_crashed_can_be_set_by_hand(
    tmp_path: Path, graders: LocalGraders, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(_job: Job) -> Scorecard:
        raise MemoryError

    monkeypatch.setattr("grader.asking.classes.grade_job", crash)
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    run.enroll([Submission("s1", "https://s1.example")], ())
    assert [step.final for step in grade_class(run, graders, QUICK)] == [True]
    assert not run.override({"s1": Override("Dean", datetime.now(UTC), "shown in class", 90)})
    (card,) = run.scorecards()
    assert (card.score, card.max_score) == (90, 100)
    run.close()


def _guarded(connection: socket.socket) -> None:
    """An app whose platform takes whoever asks for the Andrew ID for a bot."""
    client = student_app("ada", finished=True).test_client()
    while head := read_request(connection):
        target = head.split(b" ")[1].decode()
        got = client.get(target)
        answer = reply(got.data, f"Content-Type: {got.headers['Content-Type']}", status=got.status)
        if "Andrew" in target:
            challenge = "x-vercel-mitigated: challenge"
            answer = reply(b"<!doctype html>", challenge, status="429 Too Many Requests")
        connection.sendall(answer)


def test_what_a_bot_protection_left_is_no_grade_until_it_is_accepted(
    tmp_path: Path, graders: LocalGraders
) -> None:
    with raw_server(_guarded) as server:
        run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
        run.enroll([Submission("ada", server.url)], ())
        list(grade_class(run, graders, QUICK))
    (card,) = run.scorecards()
    assert (card.state, card.score, card.seen) == (State.NOT_GRADED, None, 40)
    assert (run.unsettled(), run.in_doubt()) == (1, False)
    run.accept_unreachable()
    (card,) = run.scorecards()
    assert (card.state, card.score, card.max_score) == (State.GRADED, 40, 100)
    assert run.unsettled() == 0
    assert run.reopen() == 0
    current = run.transcript("ada").current
    assert current is not None
    assert current.score == 40
    run.close()


def test_accepting_holds_for_the_rule_and_for_judging_again(
    tmp_path: Path, graders: LocalGraders
) -> None:
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    run.keep(Keep("best"))
    with raw_server(_guarded) as server:
        run.enroll([Submission("ada", server.url)], ())
        list(grade_class(run, graders, QUICK))
        run.accept_unreachable()
        run.ask_again(["ada"], [])
        list(grade_class(run, graders, QUICK))
    assert [card.score for card in run.scorecards()] == [40], "the blocked attempt takes nothing"
    run.accept_unreachable()
    dearer = ACTIVITY.source.replace("points = 10", "points = 12", 1)
    run.rejudge(parse_battery(dearer, "activity", "dearer.toml"), datetime.now(UTC))
    assert [card.score for card in run.scorecards()] == [42]
    run.close()


def test_what_a_second_pass_sees_takes_an_acceptance_back(
    tmp_path: Path, graders: LocalGraders
) -> None:
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        run.enroll([Submission("ada", url)], ())
        steps = grade_class(run, graders, QUICK)
        assert not next(steps).final
    run.accept_unreachable()
    (job,) = run.second_pass(QUICK)
    assert job.previous is not None
    run.commit(
        [Result.of(job, replace(job.previous, state=State.NOT_GRADED, reason="no network here"))]
    )
    assert run.unsettled() == 1
    assert run.reopen() == 1
    run.close()
