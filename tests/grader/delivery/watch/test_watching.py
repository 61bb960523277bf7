"""Real apps on loopback that fail, slow down and come back, watched by the whole watcher."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from flask import request

from grader.delivery.watch import (
    History,
    IncidentEvent,
    Indicator,
    Look,
    Objective,
    Objectives,
    Plan,
    Step,
    WatchError,
    open_history,
    watch,
)
from grader.delivery.watch.incidents import incidents
from grader.model import Limits
from grader.outcomes import Outcome
from grader.questions import load_battery, parse_battery
from grader.services.submissions import target_of
from tests.grader.apps import app, finished_app
from tests.servers import LOOPBACK, PATIENCE, free_port, serve
from webapp.app import create_app

QUICK = Limits(timeout=1.4, wake_timeout=0.2)
PATIENT = Limits(timeout=5.0, wake_timeout=0.2)
# Twelve looks at an app that hangs fit into it.
QUICKLY = Objectives("", (Objective("right answers", Indicator.RIGHT, 0.99, 18.0),))
# This alone would depend on how busy the machine is.
IN_TIME = Objectives("", (Objective("latency", Indicator.LATENCY, 0.9, 66.0, 1000.0),))


@dataclass
class App:
    """What an app does just now."""

    answer: str = "Shakespeare was a poet"
    fails: bool = False
    takes: float = 0.0
    asked: list[str] = field(default_factory=list)

    def __call__(self, query: str) -> str:
        self.asked.append(query)
        time.sleep(self.takes)
        if self.fails:
            raise RuntimeError
        return self.answer


@contextmanager
def apps(count: int) -> Iterator[tuple[list[App], list[str]]]:
    made = [App() for _ in range(count)]
    with ExitStack() as stack:
        yield made, [stack.enter_context(app(each)) for each in made]


def opened(folder: Path) -> AbstractContextManager[History]:
    return contextlib.closing(open_history(folder))


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with opened(tmp_path) as history:
        yield history


def plan(urls: list[str], limits: Limits = QUICK, **values: object) -> Plan:
    targets = tuple(target_of(url, "", limits) for url in urls)
    made = Plan(targets, QUICKLY, load_battery("activity"), 1, every=0.05)
    return replace(made, **values)  # type: ignore[arg-type]


class Watching:
    """A watcher that goes on until something holds."""

    def __init__(self, plan: Plan, history: History) -> None:
        self._watching = watch(plan, history)
        self.looks: list[Look] = []
        self.events: list[IncidentEvent] = []

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        for told in self._watching:
            if isinstance(told, Look):
                self.looks.append(told)
            else:
                self.events.append(told)
            if holds():
                return
            assert time.monotonic() < deadline, self.looks[-1]

    def until_step(self, step: Step) -> IncidentEvent:
        before = len(self.events)
        self.until(lambda: any(each.step is step for each in self.events[before:]))
        return self.events[-1]

    def until_looks(self, count: int) -> None:
        self.until(lambda: len(self.looks) >= count)

    def __enter__(self) -> "Watching":
        return self

    def __exit__(self, *_: object) -> None:
        self._watching.close()


def test_an_app_that_fails_and_comes_back(history: History) -> None:
    with apps(1) as ([made], urls), Watching(plan(urls), history) as watching:
        watching.until_looks(20)
        made.fails = True
        started = watching.until_step(Step.STARTED)
        made.fails = False
        ended = watching.until_step(Step.ENDED)
    assert started.incident.objective == "right answers"
    assert "server error" in started.incident.cause
    assert ended.incident.id == started.incident.id
    assert [each.step for each in watching.events] == [Step.STARTED, Step.ENDED]
    status = watching.looks[0].status
    assert (status.right, status.available, status.errors) == (1.0, 1.0, 0.0)
    assert status.commit is not None


def test_an_app_that_slows_down_is_late_and_right(history: History) -> None:
    with (
        apps(1) as ([made], urls),
        Watching(plan(urls, PATIENT, objectives=IN_TIME), history) as watching,
    ):
        watching.until_looks(12)
        made.takes = 1.2
        started = watching.until_step(Step.STARTED)
    assert started.incident.objectives == ("latency",)
    assert "late" in started.incident.cause
    assert watching.looks[-1].status.right == 1.0


def test_an_app_that_is_gone_and_comes_back_elsewhere(history: History) -> None:
    url = f"http://{LOOPBACK}:{free_port()}"
    with Watching(plan([url]), history) as watching:
        started = watching.until_step(Step.STARTED)
    assert "unreachable 12" in started.incident.cause
    assert "connection refused" in started.incident.cause
    status = watching.looks[-1].status
    assert (status.right, status.available, status.errors) == (0.0, 0.0, 1.0)
    assert status.median_ms is None


def test_a_step_is_in_the_store_before_it_is_told(history: History, tmp_path: Path) -> None:
    with apps(1) as ([made], urls), Watching(plan(urls), history) as watching:
        made.answer = "no idea"
        started = watching.until_step(Step.STARTED)
        other = open_history(tmp_path)
        with other.reading() as connection:
            assert incidents(connection) == (started.incident,)
        other.close()


def test_a_watcher_that_is_started_again_goes_on_with_the_incident(tmp_path: Path) -> None:
    with apps(1) as ([made], urls):
        made.answer = "no idea"
        with opened(tmp_path) as history, Watching(plan(urls), history) as watching:
            started = watching.until_step(Step.STARTED)
        with opened(tmp_path) as history, Watching(plan(urls), history) as watching:
            watching.until_looks(20)
            made.answer = "a poet"
            ended = watching.until_step(Step.ENDED)
    assert [each.step for each in watching.events] == [Step.RESUMED, Step.ENDED]
    assert watching.events[0].incident == started.incident
    assert ended.incident.id == started.incident.id
    # Its window had the looks of before from the first one on.
    assert watching.looks[0].status.looks > 12


def test_most_apps_at_once_are_most_likely_ourselves(history: History) -> None:
    with apps(5) as (made, urls), Watching(plan(urls), history) as watching:
        watching.until_looks(100)
        for each in made[:3]:
            each.fails = True
        watching.until(lambda: bool(watching.looks[-1].status.ourselves))
        for each in made[:3]:
            each.fails = False
        watching.until(lambda: not watching.looks[-1].status.ourselves)
        watching.until_looks(len(watching.looks) + 100)
        assert not watching.events
        made[0].fails = True
        assert watching.until_step(Step.STARTED).incident.target == urls[0]


def test_a_paused_app_is_not_asked(history: History) -> None:
    with apps(2) as (made, urls):
        history.enroll(urls)
        history.pause(urls[0], "moving house")
        with Watching(plan(urls), history) as watching:
            watching.until_looks(30)
    assert not made[0].asked
    assert made[1].asked
    paused = [each for each in watching.looks if each.sample is None]
    assert {(each.target.url, each.status.paused) for each in paused} == {(urls[0], "moving house")}


def test_a_pause_is_heeded_while_it_watches(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.delivery.watch.history._WRITE_SECONDS", 0.1)
    with apps(1) as (_, urls), Watching(plan(urls), history) as watching:
        watching.until_looks(3)
        other = open_history(tmp_path)
        other.pause(urls[0], "lunch")
        watching.until(lambda: watching.looks[-1].status.paused == "lunch")
        other.pause(urls[0], "")
        other.close()
        watching.until(lambda: not watching.looks[-1].status.paused)


def test_a_sleeping_app_is_woken_up_first(history: History) -> None:
    awake = threading.Event()

    def sleep() -> tuple[str, int] | None:
        if awake.is_set():
            return None
        threading.Timer(0.3, awake.set).start()
        return "waking up", 503

    made = create_app({"PROCESS": App()})
    made.before_request(sleep)
    limits = Limits(timeout=5.0, wake_timeout=PATIENCE)
    with serve(made) as url:
        waking = plan([url], limits, once=True, objectives=IN_TIME)
        looks = [each for each in watch(waking, history) if isinstance(each, Look)]
    assert len(looks) == 12
    assert {each.status.outcome for each in looks} == {Outcome.RIGHT}


def test_once_makes_only_as_many_looks_as_decide(history: History) -> None:
    with apps(1) as (_, urls):
        assert len(list(watch(plan(urls, once=True), history))) == 12


def test_once_notices_an_app_that_fails_only_since_the_last_time(history: History) -> None:
    with apps(1) as ([made], urls):
        list(watch(plan(urls, once=True), history))
        made.fails = True
        told = list(watch(plan(urls, once=True), history))
    assert len([each for each in told if isinstance(each, Look)]) == 12
    assert [each.step for each in told if isinstance(each, IncidentEvent)] == [Step.STARTED]


def test_an_app_that_hangs_is_an_incident(history: History) -> None:
    with apps(1) as ([made], urls):
        made.takes = 0.5
        objectives = Objectives("", (replace(QUICKLY.each[0], seconds=3.0),))
        watched = plan(urls, Limits(timeout=0.19, wake_timeout=0.2), objectives=objectives)
        with Watching(watched, history) as watching:
            started = watching.until_step(Step.STARTED)
    assert "too slow 12" in started.incident.cause


def test_once_says_once_that_an_app_is_paused(history: History) -> None:
    with apps(1) as (_, urls):
        history.enroll(urls)
        history.pause(urls[0], "lunch")
        [look] = watch(plan(urls, once=True), history)
    assert isinstance(look, Look)
    assert look.sample is None


def test_minutes_end_it(history: History) -> None:
    with apps(1) as (_, urls):
        looks = list(watch(plan(urls, minutes=0.01), history))
    assert 2 <= len(looks) <= 13


def test_an_id_is_asked_for_only_if_it_is_known(history: History) -> None:
    battery = load_battery("activity")
    with apps(1) as ([made], urls):
        list(watch(plan(urls, once=True), history))
        assert set(made.asked) == {"Who was Shakespeare?"}
    with finished_app("abc123", battery) as url:
        targets = (target_of(url, "abc123", QUICK),)
        watched = plan([url], targets=targets, battery=battery, once=True)
        looks = [each for each in watch(watched, history) if isinstance(each, Look)]
    assert looks[-1].status.right == 1.0


def test_what_cannot_be_watched_is_said_at_once(history: History) -> None:
    with pytest.raises(WatchError, match="given twice"):
        next(watch(plan(["http://127.0.0.1:1", "http://127.0.0.1:1/"]), history))
    rare = plan(["http://127.0.0.1:1"], every=2.0)
    with pytest.raises(WatchError, match=r"look at least every 1\.5 s, or make the period longer"):
        next(watch(rare, history))
    only_ids = '[[entry]]\nfamily = "andrew_id"\npoints = 1\n'
    battery = parse_battery(f'title = "x"\n{only_ids}', "ids", "ids.toml")
    with pytest.raises(WatchError, match="no question that a watcher can ask: give an id"):
        next(watch(plan(["http://127.0.0.1:1"], battery=battery), history))


@pytest.mark.parametrize(
    ("minutes", "every", "timeout", "once", "least"),
    [
        (5, 5, 10, False, None),
        (5, 5, 10, True, None),
        (1, 5, 4, False, None),
        (1, 5, 10, False, "4 looks at an app that hangs for 10 s .* of less than 5 s"),
        # After 10 s, the look of the second beat is over too late for the third one.
        (2, 5, 10, False, "8 looks at an app that hangs for 10 s .* of less than 10 s"),
        (1, 1, 10, True, r"5\.5 looks at an app that hangs for 10 s .* of less than 5 s"),
        (1, 60, 4, True, None),
    ],
)
def test_looks_at_an_app_that_hangs_must_decide(
    history: History, minutes: float, every: float, timeout: float, once: bool, least: str | None
) -> None:
    objectives = Objectives("", (replace(QUICKLY.each[0], seconds=60 * minutes),))
    slow, paused = (target_of(f"http://127.0.0.1:{port}", "", QUICK) for port in (1, 2))
    slow = replace(slow, limits=Limits(timeout=timeout))
    planned = plan([], targets=(paused, slow), objectives=objectives, every=every, once=once)
    history.pause(paused.url, "only what is checked matters")
    history.pause(slow.url, "only what is checked matters")
    if least is None:
        next(watch(planned, history))
    else:
        with pytest.raises(WatchError, match=least):
            next(watch(planned, history))


def test_an_app_tells_its_own_view(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.delivery.watch.sampling._METRICS", 0.1)
    counted = 0

    def metrics() -> str:
        nonlocal counted
        counted += 7
        head = "# TYPE webapp_queries_total counter"
        return f'{head}\nwebapp_queries_total{{answered="yes"}} {counted}\n'

    made = create_app({"PROCESS": App()})
    made.before_request(lambda: metrics() if request.path == "/metrics" else None)
    with serve(made) as url, Watching(plan([url]), history) as watching:
        watching.until(lambda: watching.looks[-1].status.app is not None)
    view = watching.looks[-1].status.app
    assert view is not None
    assert view.answered == 7
