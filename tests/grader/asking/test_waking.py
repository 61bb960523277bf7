"""Apps that wake up: whatever of them answers first, whatever their platform says meanwhile."""

import dataclasses
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from flask import Flask, Response, abort, request

from grader.asking.grading import grade_job
from grader.asking.loops import Scope
from grader.asking.passes import as_accepted, not_before, waited_before, wake_seconds
from grader.asking.running import events as told
from grader.asking.running import run
from grader.jobs.rejudging import rejudge
from grader.model import (
    AskingAgain,
    Awake,
    Entry,
    Event,
    Finished,
    Job,
    Judged,
    Limits,
    LookingAgain,
    NumberKey,
    Reply,
    Scorecard,
    State,
    Submission,
    WakingUp,
)
from grader.outcomes import Cause, Outcome
from tests.grader.apps import ACTIVITY, SEED, finished_app, first_pass, job, right_answers
from tests.grader.probes.raw import (
    HALF_A_REPLY,
    Handler,
    always,
    drip_body,
    endless,
    hang,
    raw_server,
    read_request,
    reply,
    reset,
)
from tests.servers import serve
from webapp.app import create_app

pytestmark = pytest.mark.slow

# An app that hangs at one place costs a test a quarter of the wake-up's time.
PATIENT = Limits(timeout=10, wake_timeout=6, allow_private=True)
NO_SERVER = reply(b"Not Found", "x-render-routing: no-server", status="404 Not Found")
SPLASH = reply(b"<!doctype html><title>Starting up</title>", "Content-Type: text/html")


def _finished() -> Flask:
    answers = right_answers("abc123")
    return create_app({"PROCESS": lambda query: answers.get(query, "")})


def _with(misbehaving: Callable[[str], bytes | Handler | None]) -> Handler:
    """The finished app, but for targets to which `misbehaving` has an answer of its own."""
    client = _finished().test_client()

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            target = head.split(b" ")[1].decode()
            match misbehaving(target):
                case None:
                    got = client.get(target)
                    kind = f"Content-Type: {got.headers['Content-Type']}"
                    connection.sendall(reply(got.data, kind, status=got.status))
                case bytes(answer):
                    connection.sendall(answer)
                case handler:
                    handler(connection)

    return handle


def _graded(handler: Handler, limits: Limits = PATIENT) -> Scorecard:
    with raw_server(handler) as server:
        return run(job(server.url, limits=limits))


@pytest.mark.parametrize(
    "healthz",
    [
        hang,
        reset,
        endless,
        drip_body,
        always(HALF_A_REPLY, close=True),
        reply(b"", "Location: http://no-such-name.invalid/", status="302 Found"),
        reply(b"", status="404 Not Found"),
        reply(b"", status="401 Unauthorized"),
        reply(b"", status="503 Service Unavailable"),
        SPLASH,
    ],
    ids=["hangs", "resets", "endless", "drips", "half", "astray", "404", "401", "503", "page"],
)
def test_nobody_must_have_healthz(healthz: bytes | Handler) -> None:
    card = _graded(_with(lambda target: healthz if target == "/healthz" else None))
    assert (card.state, card.score) == (State.GRADED, 100)


ASLEEP: dict[str, bytes | Handler] = {
    "no server": NO_SERVER,
    "splash": SPLASH,
    "404": reply(b"Not Found", status="404 Not Found"),
    "502": reply(b"", status="502 Bad Gateway"),
    "500": reply(b"", status="500 Internal Server Error"),
    "403": reply(b"", status="403 Forbidden"),
    "reset": reset,
}


def _woken(asleep: bytes | Handler, beside_healthz: bool) -> Scorecard:
    asked = itertools.count()

    def answer(target: str) -> bytes | Handler | None:
        if beside_healthz and target == "/healthz":
            return None
        # Past the first round of looks, and past all questions.
        return asleep if next(asked) < 9 else None

    return _graded(_with(answer), dataclasses.replace(PATIENT, wake_timeout=30))


@pytest.fixture(scope="module")
def woken() -> dict[tuple[str, bool], Scorecard]:
    """What came of each app that slept: all at the same time, as it is mostly waiting."""
    ways = list(itertools.product(ASLEEP, (False, True)))
    with ThreadPoolExecutor(len(ways)) as threads:
        cards = threads.map(lambda way: _woken(ASLEEP[way[0]], way[1]), ways)
        return dict(zip(ways, cards, strict=True))


@pytest.mark.parametrize("asleep", ASLEEP)
@pytest.mark.parametrize("beside_healthz", [False, True])
def test_no_zero_without_a_second_look(
    woken: dict[tuple[str, bool], Scorecard], asleep: str, beside_healthz: bool
) -> None:
    card = woken[asleep, beside_healthz]
    assert (card.state, card.score) == (State.GRADED, 100)


def test_what_is_the_apps_own_and_wrong_is_wrong_at_once() -> None:
    asked: list[str] = []

    def answer(target: str) -> bytes | None:
        asked.append(target)
        return reply(b"no idea") if target.startswith("/api") else None

    card = _graded(_with(answer), dataclasses.replace(PATIENT, wake_timeout=600))
    assert (card.state, card.score) == (State.GRADED, 30)
    assert len(asked) == 1 + 6


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (reply(b"", "x-vercel-error: DEPLOYMENT_PAUSED", status="503 Unavailable"),
         State.UNREACHABLE),
        (reply(b"", "x-render-routing: suspend-by-user", status="503 Unavailable"),
         State.UNREACHABLE),
        (reply(b"", "Server: AirTunes/7", status="403 Forbidden"), State.UNREACHABLE),
        (reply(b"", status="401 Unauthorized"), State.GRADED),
        (reply(b"", "x-vercel-error: FUNCTION_INVOCATION_FAILED", status="500 Error"),
         State.GRADED),
    ],
)  # fmt: skip
def test_what_waiting_cannot_change_ends_at_once(answer: bytes, state: State) -> None:
    heard: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            heard.append(head)
            connection.sendall(answer)

    with raw_server(handle) as server:
        card = run(job(server.url, limits=dataclasses.replace(PATIENT, wake_timeout=600)))
    assert (card.state, card.score) == (state, 0)
    assert len(heard) <= 3 + 6


def test_its_time_is_counted_from_the_first_request_over_both_passes() -> None:
    with raw_server(always(reply(b"", status="503 Service Unavailable"))) as server:
        events = list(told(job(server.url, limits=dataclasses.replace(PATIENT, timeout=1))))
    waking = [event for event in events if isinstance(event, WakingUp)]
    assert [round(event.deadline) for event in waking] in ([6, 0], [6, 1])
    awake = next(event for event in events if isinstance(event, Awake))
    assert "503" in awake.only
    assert awake.elapsed_ms > 1000 * 6 / 2


def test_a_day_later_it_may_sleep_again() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    woken = Reply("https://a.example/", now, failure=Outcome.TOO_SLOW)
    card = Scorecard(
        Submission("a", "https://a.example"), State.UNREACHABLE, (), now, now, wake_up=(woken,)
    )
    again = Job(card.submission, ACTIVITY, SEED, previous=card)
    assert waited_before(again, now + timedelta(seconds=50)) == 50
    assert waited_before(again, now + timedelta(days=1)) == 0
    assert wake_seconds(again) == 90
    assert wake_seconds(job("http://localhost:3000", limits=Limits())) == 5
    assert wake_seconds(job("http://app.localhost:3000", limits=Limits())) == 5
    assert wake_seconds(job("http://localhost:3000", limits=Limits(wake_timeout=7))) == 7


def test_looking_again_is_told() -> None:
    asked = itertools.count()

    def answer(target: str) -> bytes | None:
        return None if target == "/healthz" or next(asked) > 6 else SPLASH

    with raw_server(_with(answer)) as server:
        events = first_pass(job(server.url, limits=dataclasses.replace(PATIENT, wake_timeout=30)))
    looking = next(event for event in events if isinstance(event, LookingAgain))
    assert 0 < looking.seconds <= 30
    assert "no text box" in looking.reason
    kinds: list[type[Event]] = [type(event) for event in events]
    after = kinds[kinds.index(LookingAgain) :]
    assert after == [LookingAgain, Awake, *[Judged] * 6, Finished]


def test_a_deployment_has_one_request_at_a_time_while_it_wakes_up() -> None:
    under_way, most = 0, 0
    counting = threading.Lock()
    made = Flask(__name__)
    asked = itertools.count()

    @made.get("/<path:_path>")
    @made.get("/", defaults={"_path": ""})
    def answer(_path: str) -> Response:
        nonlocal under_way, most
        with counting:
            under_way += 1
            most = max(most, under_way)
        try:
            if next(asked) < 6:
                abort(503)
            return Response(right_answers("abc123").get(request.args.get("q", ""), ""), 200)
        finally:
            with counting:
                under_way -= 1

    with serve(made) as url:
        run(job(url, limits=dataclasses.replace(PATIENT, timeout=60, wake_timeout=240)))
    assert most == 1


def test_stopping_ends_the_wait() -> None:
    asked = threading.Semaphore(0)

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(reply(b"", status="503 Service Unavailable"))
            asked.release()

    with raw_server(handle) as server:
        slowly = dataclasses.replace(PATIENT, wake_timeout=3600)
        with Scope() as scope:
            waking = scope.start(grade_job(job(server.url, limits=slowly)))
            assert all(asked.acquire(timeout=30) for _ in range(4))
        with pytest.raises(CancelledError):
            waking.result(0)


def _limited(seconds: int, limited: Callable[[], bool]) -> Handler:
    too_many = reply(b"", f"Retry-After: {seconds}", status="429 Too Many Requests")
    return _with(lambda target: too_many if "Andrew" in target and limited() else None)


def test_the_second_pass_waits_as_long_as_it_was_asked_to() -> None:
    since = time.monotonic()
    limits = dataclasses.replace(PATIENT, timeout=1)
    with raw_server(_limited(3, lambda: time.monotonic() - since < 3)) as server:
        events = list(told(job(server.url, limits=limits)))
    again = next(event for event in events if isinstance(event, AskingAgain))
    assert 1 < again.seconds <= 3
    assert isinstance(last := events[-1], Finished)
    assert last.scorecard.score == 100


def test_the_second_pass_of_a_class_waits_for_it_too() -> None:
    with raw_server(_limited(30, lambda: True)) as server:
        first = run(job(server.url, limits=dataclasses.replace(PATIENT, timeout=1)))
    begins = not_before(dataclasses.replace(job("http://a.example"), previous=first))
    assert begins is not None
    assert 25 < (begins - first.finished_at).total_seconds() <= 30


CHALLENGE = reply(
    b"<!doctype html>Checkpoint", "x-vercel-mitigated: challenge", status="403 Forbidden"
)


def _challenging(begin: int, end: int, answer: bytes = CHALLENGE) -> Handler:
    """Challenges its API from one request to it to another, of those for questions."""
    asked = itertools.count()
    return _with(
        lambda target: answer if target.startswith("/api") and begin <= next(asked) < end else None
    )


@pytest.mark.parametrize(
    "answer", [CHALLENGE, reply(b"<!doctype html>No", "Content-Type: text/html", status="403 No")]
)
def test_a_bot_protection_stops_the_questions_and_is_no_zero(answer: bytes) -> None:
    with raw_server(_challenging(2, 99, answer)) as server:
        first = run(job(server.url))
        second = run(dataclasses.replace(job(server.url), previous=first))
    for card in (first, second):
        assert (card.state, card.score) == (State.NOT_GRADED, None)
        assert card.blocked
        assert card.seen == 30
        assert card.needs_a_look
        causes = [verdict.judgement.cause for verdict in card.verdicts]
        assert causes == [None] * 3 + [Cause.BOT_PROTECTION] * 3
    # Each pass asked once and no more.
    assert sum(len(verdict.replies) for verdict in second.verdicts) == 3 + 2
    # Though nothing is right by it, what could not be checked stays that.
    wrong = dataclasses.replace(second.verdicts[2].question, key=NumberKey(1))
    questions = [
        dataclasses.replace(wrong, requires=()),
        *(v.question for v in second.verdicts[3:]),
    ]
    again = rejudge(second, [dataclasses.replace(each, requires=()) for each in questions])
    assert again is not None
    assert (again.state, again.seen) == (State.NOT_GRADED, 0)
    taken = as_accepted(second)
    assert (taken.state, taken.score, taken.max_score) == (State.GRADED, 30, 100)


def test_a_bot_protection_that_passes_costs_nothing() -> None:
    with raw_server(_challenging(2, 3)) as server:
        first = run(job(server.url))
        again = dataclasses.replace(job(server.url), previous=first)
        begins = not_before(again)
        second = run(again)
    assert begins is not None
    assert begins > first.finished_at, "it is left alone for a while"
    assert (second.state, second.score) == (State.GRADED, 100)


def test_a_bot_protection_from_the_first_request_on_is_no_zero() -> None:
    card = _graded(always(CHALLENGE))
    assert (card.state, card.score, card.blocked) == (State.NOT_GRADED, None, True)
    assert "bot" in card.reason


OLD = reply(b"No idea", "Content-Type: text/plain", "x-vercel-cache: STALE")


def test_a_wrong_answer_of_a_cache_is_asked_once_more_past_it() -> None:
    card = _graded(
        _with(lambda target: OLD if "Andrew" in target and "fresh=" not in target else None)
    )
    assert card.score == 100
    asked_twice = [verdict for verdict in card.verdicts if len(verdict.replies) == 2]
    assert len(asked_twice) == 2
    assert all("cache" in verdict.judgement.reason for verdict in asked_twice)


def test_only_what_no_cache_answered_replaces_it_three_times_at_most() -> None:
    asked: list[str] = []

    def answer(target: str) -> bytes | None:
        asked.append(target)
        return OLD if target.startswith("/api") else None

    addition = Entry(points=10, name="addition", family="addition", count=6)
    battery = dataclasses.replace(ACTIVITY, entries=(addition,))
    with raw_server(_with(answer)) as server:
        card = run(Job(Submission("abc123", server.url), battery, SEED, PATIENT))
    assert card.score == 0
    assert all(verdict.outcome is Outcome.WRONG for verdict in card.verdicts)
    assert all("came from a cache" in verdict.judgement.reason for verdict in card.verdicts)
    assert sum("fresh=" in target for target in asked) == 3


def test_a_right_app_whose_text_looks_like_a_page_is_no_crash_of_ours() -> None:
    def answer(target: str) -> bytes | None:
        if target == "/healthz":
            return None
        found = re.search(r"(\d+) plus (\d+)", unquote(target))
        total = str(sum(map(int, found.groups()))) if found else ""
        return reply(f"<p>{total}</p>".encode(), "Content-Type: text/html")

    addition = Entry(points=10, name="addition", family="addition", count=3)
    battery = dataclasses.replace(ACTIVITY, entries=(addition,))
    with raw_server(_with(answer)) as server:
        card = run(Job(Submission("abc123", server.url), battery, SEED, PATIENT))
    assert (card.state, card.score) == (State.GRADED, 30)


@pytest.mark.parametrize("status", ["403 Forbidden", "429 Too Many Requests"])
def test_an_apps_own_refusal_of_one_query_is_no_bot_protection(status: str) -> None:
    page = reply(b"<!doctype html><h1>No</h1>", "Content-Type: text/html", status=status)
    card = _graded(_with(lambda target: page if "divided" in target else None))
    assert (card.state, card.score) == (State.GRADED, 90)
    assert not card.blocked
    assert rejudge(card, [verdict.question for verdict in card.verdicts]) == card


@pytest.mark.parametrize(
    "asleep",
    [
        reply(SPLASH.partition(b"\r\n\r\n")[2].ljust(70_000), "Content-Type: text/html"),
        reply(bytes(70_000), status="503 Service Unavailable"),
        reply(b"\x0b", "Content-Encoding: br", status="502 Bad Gateway"),
    ],
    ids=["splash", "503", "br"],
)
def test_a_large_page_of_a_host_is_no_answer_of_the_app(asleep: bytes) -> None:
    asked = itertools.count()
    card = _graded(
        _with(lambda _target: asleep if next(asked) < 5 else None),
        dataclasses.replace(PATIENT, wake_timeout=30),
    )
    assert (card.state, card.score) == (State.GRADED, 100)


def test_the_mark_on_a_large_page_is_read() -> None:
    challenge = reply(bytes(70_000), "x-vercel-mitigated: challenge", status="403 Forbidden")
    card = _graded(always(challenge))
    assert (card.state, card.blocked) == (State.NOT_GRADED, True)


def test_an_api_asleep_behind_a_page_that_is_up_is_waited_for() -> None:
    asked = itertools.count()
    bad = reply(b"", status="502 Bad Gateway")
    card = _graded(
        _with(lambda target: bad if target.startswith("/api") and next(asked) < 4 else None),
        dataclasses.replace(PATIENT, wake_timeout=30),
    )
    assert card.score == 100


def test_time_runs_only_where_a_request_has_reached_the_apps_host() -> None:
    began = datetime(2026, 3, 2, tzinfo=UTC)
    gone = Reply("https://a.example/", began, failure=Outcome.UNREACHABLE)
    woken = dataclasses.replace(gone, failure=Outcome.TOO_SLOW)
    card = Scorecard(
        Submission("a", "https://a.example"), State.UNREACHABLE, (), began,
        began + timedelta(seconds=2),
    )  # fmt: skip
    later = began + timedelta(seconds=60)
    for replies, waited in (((gone,), 2), ((gone, woken), 60), ((), 2)):
        previous = dataclasses.replace(card, wake_up=replies)
        assert (
            waited_before(Job(card.submission, ACTIVITY, SEED, previous=previous), later) == waited
        )


def test_a_challenge_is_left_alone_and_a_limit_is_waited_out() -> None:
    heard: list[str] = []

    def challenged(target: str) -> bytes | None:
        heard.append(target)
        return None if target == "/healthz" else CHALLENGE

    card = _graded(_with(challenged), dataclasses.replace(PATIENT, wake_timeout=600))
    assert card.blocked
    # The release and the page; after that it is asked nothing.
    assert len(heard) == 2
    heard.clear()

    def limited(target: str) -> bytes:
        heard.append(target)
        return reply(b"", "Retry-After: 60", status="429 Too Many Requests")

    _graded(_with(limited), dataclasses.replace(PATIENT, wake_timeout=30))
    assert len(heard) == 3 + 2, "whoever asks for more time than is left is looked at once"


def test_challenged_from_the_first_request_of_the_second_pass_is_blocked_too() -> None:
    failing = reply(b"", status="500 Internal Server Error")
    with raw_server(_with(lambda target: failing if "Andrew" in target else None)) as server:
        first = run(job(server.url))
    with raw_server(always(CHALLENGE)) as server:
        second = run(dataclasses.replace(job(server.url), previous=first))
    assert (second.state, second.score, second.seen) == (State.NOT_GRADED, None, 40)
    assert second.blocked


def test_connections_that_are_compared_are_not_asked_past_a_cache() -> None:
    answers = itertools.cycle([b"one", b"two"])
    hit = "x-vercel-cache: HIT"
    entry = Entry(points=10, name="consistency", check="consistency", connections=2)
    battery = dataclasses.replace(ACTIVITY, entries=(entry,))
    handler = _with(lambda target: reply(next(answers), hit) if target.startswith("/api") else None)
    with raw_server(handler) as server:
        card = run(Job(Submission("abc123", server.url), battery, SEED, PATIENT))
    (verdict,) = card.verdicts
    assert "different answers" in verdict.judgement.reason
    assert len(verdict.replies) == 4


def test_what_is_right_past_a_cache_alone_needs_a_look_and_stays_so() -> None:
    handler = _with(lambda target: OLD if "Andrew" in target and "fresh=" not in target else None)
    card = _graded(handler)
    assert (card.score, card.needs_a_look) == (100, True)
    assert rejudge(card, [verdict.question for verdict in card.verdicts]) == card
    challenged = _with(
        lambda target: (
            None if "Andrew" not in target else (CHALLENGE if "fresh=" in target else OLD)
        )
    )
    card = _graded(challenged)
    assert (card.state, card.score) == (State.GRADED, 40), "what the cache said stands"


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error"])
def test_an_app_that_answers_errors_to_everything_is_graded_and_known_as_that(status: str) -> None:
    card = _graded(
        always(reply(b"no", status=status)), dataclasses.replace(PATIENT, wake_timeout=1)
    )
    assert (card.state, card.score, card.own) == (State.GRADED, 0, False)
    with finished_app("abc123") as url:
        assert run(job(url)).own
