import contextlib
import dataclasses
import itertools
import pickle
import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Flask, Response, redirect, request

from grader.asking.running import events as told
from grader.asking.running import run
from grader.model import (
    AskingAgain,
    Awake,
    Finished,
    Job,
    Judged,
    Limits,
    ProbeKind,
    Scorecard,
    State,
    Submission,
    WakingUp,
)
from grader.outcomes import Outcome
from tests.grader.apps import (
    ACTIVITY,
    QUICK,
    SEED,
    app,
    finished_app,
    first_pass,
    job,
    right_answers,
)
from tests.grader.probes.raw import RawServer, always, raw_server, read_request, reply
from tests.servers import serve
from webapp.app import create_app
from webapp.query_processor import process

pytestmark = pytest.mark.slow


def _outcomes(scorecard: Scorecard) -> list[Outcome]:
    return [verdict.outcome for verdict in scorecard.verdicts]


def _points(scorecard: Scorecard, family: str) -> float:
    return sum(
        verdict.points or 0 for verdict in scorecard.verdicts if verdict.question.family == family
    )


def _again(first: Scorecard, url: str) -> Scorecard:
    return run(dataclasses.replace(job(url), previous=first))


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def wake_up_alone(connection: socket.socket) -> None:
    """Answer the health check, and hang up on any other request."""
    if b"/healthz" in read_request(connection):
        connection.sendall(reply(b"{}", "Connection: close"))


def test_a_finished_app_gets_full_marks_in_order() -> None:
    with finished_app("abc123") as url:
        events = first_pass(job(url))
    kinds = [type(event) for event in events]
    assert kinds == [WakingUp, Awake, *[Judged] * 6, Finished]
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.scorecard.score, last.scorecard.max_score) == (100, 100)
    assert last.scorecard.state is State.GRADED
    assert last.scorecard.release is not None


def test_the_starter_as_it_is_scores_40() -> None:
    with app(process) as url:
        scorecard = run(job(url))
    assert scorecard.score == 40
    assert {
        verdict.outcome for verdict in scorecard.verdicts if verdict.question.family == "andrew_id"
    } == {Outcome.EMPTY}


@pytest.mark.parametrize(("seconds", "late"), [(0.00001, True), (60.0, False)])
def test_right_but_later_than_a_user_would_wait_is_degraded(seconds: float, late: bool) -> None:
    limits = dataclasses.replace(QUICK, degraded_after=seconds)
    with app(process) as url:
        scorecard = run(job(url, limits=limits))
    assert scorecard.score == 40, "it costs nothing"
    for verdict in scorecard.verdicts:
        assert verdict.degraded == (late and verdict.outcome is Outcome.RIGHT)


def test_job_and_scorecard_travel_between_processes() -> None:
    with finished_app("abc123") as url:
        sent = job(url)
        assert pickle.loads(pickle.dumps(sent)) == sent  # noqa: S301
        scorecard = run(sent)
    assert pickle.loads(pickle.dumps(scorecard)) == scorecard  # noqa: S301


def test_what_builds_on_a_failed_check_is_skipped() -> None:
    page = reply(b"<html><input>", "Content-Type: text/html")
    broken = reply(b"no", status="404 Not Found")

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            connection.sendall(page if head.startswith(b"GET / ") else broken)

    with raw_server(handle) as server:
        scorecard = run(job(server.url))
    assert _outcomes(scorecard) == [Outcome.RIGHT, Outcome.CLIENT_ERROR, *[Outcome.SKIPPED] * 4]
    assert scorecard.score == 10
    assert "builds on: the API" in scorecard.verdicts[2].judgement.reason


def test_an_app_that_is_down_is_unreachable_and_asked_nothing() -> None:
    with closed_port() as url:
        events = list(told(job(url)))
    assert [type(event) for event in events] == [WakingUp, AskingAgain, WakingUp, Finished]
    last = events[-1]
    assert isinstance(last, Finished)
    scorecard = last.scorecard
    assert scorecard.state is State.UNREACHABLE
    assert scorecard.score == 0
    assert len(scorecard.verdicts) == 6
    assert len(scorecard.wake_up) == 2
    assert "refused" in scorecard.reason


def test_an_app_that_wakes_up_for_the_second_pass_gets_full_marks() -> None:
    with closed_port() as url:
        first = run(job(url))
    assert first.wants_second_pass
    with finished_app("abc123") as url:
        second = _again(first, url)
    # The URL belongs to the submission; only the port differs here.
    assert second.state is State.GRADED
    assert second.score == 100


def test_the_second_pass_asks_only_what_may_pass_now() -> None:
    answers = right_answers("abc123")
    asked: list[str] = []
    failing = {query for query in answers if "Andrew" in query}

    def answer(query: str) -> str:
        asked.append(query)
        if query in failing:
            failing.remove(query)
            raise RuntimeError
        return answers[query]

    with app(answer) as url:
        first = run(job(url))
        assert first.score == 40
        before = len(asked)
        second = _again(first, url)
    assert second.score == 100
    assert len(asked) - before == 2
    reply_pair = second.verdicts[-1].replies
    assert [each.status for each in reply_pair] == [500, 200]


def test_what_was_skipped_is_asked_when_its_check_passes_the_second_time() -> None:
    answers = right_answers("abc123")
    broken = [True]

    def answer(query: str) -> str:
        if broken and query == "Who was Shakespeare?":
            broken.clear()
            raise RuntimeError
        return answers[query]

    with app(answer) as url:
        first = run(job(url))
        assert _outcomes(first).count(Outcome.SKIPPED) == 4
        assert _again(first, url).score == 100


def test_what_the_second_pass_is_the_first_to_ask_has_two_chances_too() -> None:
    answers = right_answers("abc123")
    asked: list[str] = []

    def answer(query: str) -> str:
        asked.append(query)
        if asked.count(query) == 1:
            raise RuntimeError
        return answers[query]

    with app(answer) as url:
        first = run(job(url))
        second = _again(first, url)
    assert _outcomes(first).count(Outcome.SKIPPED) == 4
    assert second.score == 100
    # The first two checks ask the same.
    assert asked.pop(0) == asked.pop(0) == "Who was Shakespeare?"
    assert max(asked.count(query) for query in asked) == 2


def test_an_app_that_hangs_is_asked_no_more_for_it() -> None:
    battery = dataclasses.replace(ACTIVITY, entries=ACTIVITY.entries[1:2] * 8)
    with raw_server(wake_up_alone) as server:
        asked = Job(Submission("abc123", server.url), battery, SEED, QUICK)
        first = run(asked)
        second = run(dataclasses.replace(asked, previous=first))
    assert sum(len(verdict.replies) for verdict in second.verdicts) == 2 * 3
    assert set(_outcomes(second)) == {Outcome.UNREACHABLE}


def test_an_app_that_dies_between_the_passes_keeps_what_it_earned() -> None:
    answers = right_answers("abc123")

    def answer(query: str) -> str:
        if "Andrew" in query:
            raise RuntimeError
        return answers[query]

    with app(answer) as url:
        first = run(job(url))
    second = _again(first, url)
    assert second.state is State.GRADED
    assert second.score == first.score == 40
    assert _outcomes(second) == _outcomes(first)


def test_an_app_that_answers_its_wake_up_alone_is_unreachable() -> None:
    with raw_server(wake_up_alone) as server:
        first = run(job(server.url))
    second = _again(first, server.url)
    assert any(verdict.replies for verdict in second.verdicts)
    assert (second.state, second.score) == (State.UNREACHABLE, 0)


def test_three_failures_in_a_row_leave_the_rest_for_the_second_pass() -> None:
    battery = dataclasses.replace(ACTIVITY, entries=ACTIVITY.entries[1:2] * 5)
    with raw_server(wake_up_alone) as server:
        scorecard = run(Job(Submission("abc123", server.url), battery, SEED, QUICK))
    assert sum(len(verdict.replies) for verdict in scorecard.verdicts) == 3
    assert _outcomes(scorecard) == [Outcome.UNREACHABLE] * 5
    assert scorecard.verdicts[-1].replies == ()
    assert scorecard.wants_second_pass


def test_hanging_every_second_time_ends_too() -> None:
    asked = itertools.count()
    hang = threading.Event()

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            if b"/api" in head and next(asked) % 2:
                hang.wait()
            connection.sendall(reply(b"ok"))

    battery = dataclasses.replace(ACTIVITY, entries=ACTIVITY.entries[1:2] * 12)
    limits = dataclasses.replace(QUICK, timeout=1.0)
    with raw_server(handle) as server:
        scorecard = run(Job(Submission("abc123", server.url), battery, SEED, limits))
        hang.set()
    outcomes = _outcomes(scorecard)
    # A busy machine asks again what it was itself too late for: which one hangs may shift.
    assert outcomes.count(Outcome.TOO_SLOW) == 3
    last = len(outcomes) - outcomes[::-1].index(Outcome.TOO_SLOW)
    assert set(outcomes[:last]) == {Outcome.RIGHT, Outcome.TOO_SLOW}
    assert set(outcomes[last:]) == {Outcome.UNREACHABLE}
    assert scorecard.verdicts[-1].replies == ()
    assert scorecard.wants_second_pass


def test_a_crash_of_ours_is_not_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("grader.asking.ask.judge", crash)
    with finished_app("abc123") as url:
        scorecard = run(job(url))
    assert scorecard.state is State.NOT_GRADED
    assert scorecard.score is None
    assert scorecard.percent is None
    assert "ZeroDivisionError" in scorecard.reason


def test_a_page_that_answers_in_the_browser_alone_is_not_asked_again() -> None:
    made = Flask("in the browser")
    made.add_url_rule("/", "index", lambda: "<input id=q><script src=app.js></script>")
    made.add_url_rule("/api", "api", lambda: Response("pong", mimetype="text/plain"))
    with serve(made) as url:
        by_page = dataclasses.replace(QUICK, probes=(ProbeKind.PAGE,))
        events = list(told(job(url, limits=by_page)))
    assert not any(isinstance(event, AskingAgain) for event in events)
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.scorecard.state, last.scorecard.score) == (State.NOT_GRADED, None)
    assert "--probe browser sees it" in last.scorecard.reason


def test_a_private_address_is_refused() -> None:
    with finished_app("abc123") as url:
        scorecard = run(job(url, limits=Limits(timeout=1, wake_timeout=1)))
    assert scorecard.state is State.REFUSED
    assert scorecard.score == 0
    assert set(_outcomes(scorecard)) == {Outcome.FORBIDDEN_ADDRESS}
    assert not scorecard.wants_second_pass


def test_an_app_that_leads_to_a_private_address_alone_is_refused() -> None:
    away = reply(b"", "Location: http://10.0.0.1/", status="302 Found")
    with raw_server(always(away)) as server:
        scorecard = run(job(server.url))
    assert (scorecard.state, scorecard.score) == (State.REFUSED, 0)
    assert "10.0.0.1" in scorecard.reason


@pytest.mark.parametrize("target", ["http://localhost:3000/login", "ftp://files.example/"])
def test_a_healthz_behind_a_login_of_the_students_machine_is_not_refused(target: str) -> None:
    answers = right_answers("abc123")
    made = create_app({"PROCESS": lambda query: answers.get(query, "")})
    made.before_request(lambda: redirect(target) if request.path == "/healthz" else None)
    with serve(made) as url:
        scorecard = run(job(url))
    assert scorecard.state is State.GRADED
    assert scorecard.score == 100
    assert scorecard.wake_up[0].failure is Outcome.FORBIDDEN_ADDRESS


def test_a_row_without_a_usable_link_is_invalid_with_its_advice() -> None:
    submission = Submission("abc123", "", state=State.INVALID, fault="Hand in a link.")
    scorecard = run(Job(submission, ACTIVITY, SEED))
    assert (scorecard.state, scorecard.score, scorecard.max_score) == (State.INVALID, 0, 100)
    assert scorecard.reason == "Hand in a link."
    assert not scorecard.wants_second_pass


def test_a_name_that_cannot_be_looked_up_here_is_no_zero() -> None:
    submission = Submission("abc123", "http://name.invalid")
    scorecard = run(Job(submission, ACTIVITY, SEED, QUICK))
    # Without a network the resolver fails; with one it says that the name does not exist.
    assert scorecard.state in (State.NOT_GRADED, State.UNREACHABLE)
    assert scorecard.score == (None if scorecard.state is State.NOT_GRADED else 0)


def test_a_protected_deployment_needs_a_look() -> None:
    with raw_server(always(reply(b"<html>Log in", status="401 Unauthorized"))) as server:
        scorecard = run(job(server.url))
    assert scorecard.state is State.GRADED
    assert scorecard.needs_a_look
    assert scorecard.verdicts[0].outcome is Outcome.PROTECTED


def test_one_request_at_a_time_and_no_more_than_the_battery_has() -> None:
    server = RawServer(always(reply(b"{}")))
    scorecard = run(job(server.url))
    server.close()
    # One connection for the API, one for the page.
    assert server.connections <= 2
    assert sum(verdict.reply is not None for verdict in scorecard.verdicts) <= 6


def test_the_release_that_answered_is_on_the_scorecard() -> None:
    told = b'{"status": "ok", "release": {"commit": "0123abc", "platform": "render"}}'
    with raw_server(always(reply(told))) as server:
        release = run(job(server.url)).release
    assert release is not None
    assert (release.commit, release.platform, release.region) == ("0123abc", "render", None)


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"[]",
        b"null",
        b'{"release": 7}',
        b'{"release": []}',
        b"[" * 60_000,
        b'{"release": {"commit": {}}}',
        b"\xff",
    ],
)
def test_a_health_check_that_tells_nonsense_is_no_fault(told: bytes) -> None:
    with raw_server(always(reply(told))) as server:
        scorecard = run(job(server.url))
    assert scorecard.state is State.GRADED
    assert scorecard.release is None or scorecard.release.commit is None


def test_an_app_that_is_down_has_no_full_marks_of_nothing() -> None:
    entries = tuple(dataclasses.replace(entry, points=0) for entry in ACTIVITY.entries)
    battery = dataclasses.replace(ACTIVITY, entries=entries)
    with closed_port() as url:
        down = run(dataclasses.replace(job(url), battery=battery))
    with finished_app("abc123") as url:
        up = run(dataclasses.replace(job(url), battery=battery))
    assert (down.percent, up.percent) == (0, 100)
