"""Rollbacks through the real adapter of a platform, on loopback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from grader.delivery.releases.platform import platform_named
from grader.delivery.watch.acting_store import Actions, Stage
from grader.delivery.watch.acting_tables import ROOM
from grader.delivery.watch.actions import Patience, Rollbacks
from grader.delivery.watch.history import STORE, History, open_history
from grader.delivery.watch.incidents import incidents
from grader.delivery.watch.moments import now
from grader.delivery.watch.rollback import Plan, Policy
from grader.delivery.watch.values import Incident, IncidentEvent, Sample, Step
from grader.model import Limits, Submission, Target
from grader.outcomes import Outcome
from grader.store import open_store
from tests.grader.delivery.watch.hosting import BAD, GOOD, NEWER, SERVICE, Hosting, hosting
from tests.servers import PATIENCE

QUICK = Patience(between=0.02, settle=1.0, verify=5.0, again=(0.01, 0.01))
POLICY = Policy(act=True, watch_time=timedelta(minutes=10), cool_down=timedelta(minutes=30))


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosting]:
    with hosting(monkeypatch) as made:
        yield made


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(tmp_path)
    yield history
    history.close()


def target(hosted: Hosting) -> Target:
    return Target(Submission("", hosted.url), Limits(timeout=5, allow_private=True))


def begun(hosted: Hosting, history: History, number: int = 1, commit: str = BAD) -> IncidentEvent:
    """An incident that is in the store with its looks, as the watcher leaves it."""
    incident = Incident(number, hosted.url, "right", now(), "wrong answers", commit=commit[:12])
    history.enroll([hosted.url])
    history.add(hosted.url, Sample(incident.started_at, Outcome.WRONG, 20.0, commit=commit[:12]))
    (event,) = history.write([IncidentEvent(Step.STARTED, incident, incident.started_at)])
    return event


@contextmanager
def acting(
    hosted: Hosting,
    folder: Path,
    policy: Policy = POLICY,
    patience: Patience = QUICK,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Rollbacks]:
    """A watcher's actions; on leaving, all that was begun is done."""
    engine = open_store(folder / STORE, ROOM)
    platform = platform_named("render", SERVICE)
    rollbacks = Rollbacks(engine, target(hosted), platform, policy, say, patience)
    try:
        yield rollbacks
        rollbacks.close(PATIENCE)
    finally:
        engine.dispose()


def timeline(history: History) -> list[str]:
    with history.reading() as connection:
        (incident,) = incidents(connection)
    return [moment.words for moment in incident.timeline]


def put(history: History, hosted: Hosting, folder: Path, stage: Stage) -> None:
    """Leave an action as a watcher that was killed left it."""
    engine = open_store(folder / STORE, ROOM)
    bad, good = platform_named("render", SERVICE).releases(2)
    Actions(engine, target(hosted), lambda _: None).put(1, stage, "Intended.", Plan(bad, good))
    engine.dispose()


def test_a_bad_release_is_rolled_back_verified_and_told(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    with acting(hosted, tmp_path) as rollbacks:
        rollbacks.heard(begun(hosted, history))
    assert hosted.rollbacks == ["dep-1"]
    assert hosted.live.commit == GOOD
    assert timeline(history) == [
        "To be rolled back on render from commit bbbbbbbbbbbb to commit aaaaaaaaaaaa.",
        "render is asked.",
        "render has carried it out.",
        f"Verified: commit aaaaaaaaaaaa answers at {hosted.url}",
    ]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history)
    with acting(hosted, tmp_path, replace(POLICY, act=False)) as rollbacks:
        rollbacks.heard(event)
        rollbacks.heard(replace(event, step=Step.RESUMED))
    assert hosted.rollbacks == []
    (line,) = timeline(history)
    assert line.startswith("Dry run: with --act, render would be rolled back from commit bbbbbbbb")
    # Who then acts is not held back by it.
    with acting(hosted, tmp_path) as rollbacks:
        rollbacks.heard(replace(event, step=Step.RESUMED))
    assert hosted.rollbacks == ["dep-1"]


@pytest.mark.parametrize("stage", [Stage.INTENDED, Stage.CALLING])
def test_what_was_begun_waits_for_a_start_that_acts(
    hosted: Hosting, history: History, tmp_path: Path, stage: Stage
) -> None:
    event = begun(hosted, history)
    put(history, hosted, tmp_path, stage)
    said: list[str] = []
    patience = replace(QUICK, settle=0.1)
    with acting(hosted, tmp_path, replace(POLICY, act=False), patience, said.append) as rollbacks:
        rollbacks.heard(replace(event, step=Step.RESUMED))
    assert hosted.rollbacks == []
    assert said == [
        "A rollback for incident 1 was begun, and is not finished: it waits for a start with --act."
    ]
    with acting(hosted, tmp_path, patience=patience) as rollbacks:
        rollbacks.heard(replace(event, step=Step.RESUMED))
    assert hosted.rollbacks == ["dep-1"]


def test_what_was_carried_out_is_verified_without_acting(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    begun(hosted, history)
    put(history, hosted, tmp_path, Stage.CALLED)
    hosted.deploy(GOOD, "rollback")
    with acting(hosted, tmp_path, replace(POLICY, act=False)):
        pass
    assert hosted.rollbacks == []
    assert timeline(history)[-1].startswith("Verified")


def test_a_platform_that_cannot_be_read_is_read_again_later(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    hosted.fails = True
    event = begun(hosted, history)
    patience = replace(QUICK, again=(), away=0.02)

    def there_again(request: str) -> None:
        hosted.fails = hosted.reads < 2

    hosted.before = there_again
    with acting(hosted, tmp_path, patience=patience) as rollbacks:
        rollbacks.heard(event)
        assert hosted.asked.wait(PATIENCE)
    waited, *_, last = timeline(history)
    assert waited.startswith("Nothing is rolled back yet. ")
    assert len([each for each in timeline(history) if each.startswith("Nothing")]) == 1
    assert last.startswith("Verified")


def test_after_the_watch_time_a_platform_is_not_read_again(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    hosted.fails = True
    policy = replace(POLICY, watch_time=timedelta(0))
    with acting(hosted, tmp_path, policy, replace(QUICK, again=())) as rollbacks:
        rollbacks.heard(begun(hosted, history))
    (line,) = timeline(history)
    assert line.startswith("Nothing is rolled back. ")


@pytest.mark.parametrize("lost", ["order", "releases"])
def test_it_is_said_if_nobody_knows_whether_it_was_rolled_back(
    hosted: Hosting, history: History, tmp_path: Path, lost: str
) -> None:
    event = begun(hosted, history)
    if lost == "order":
        hosted.drops = True
    else:
        put(history, hosted, tmp_path, Stage.CALLING)
        hosted.fails = True
    with acting(hosted, tmp_path, patience=replace(QUICK, settle=0.1)) as rollbacks:
        rollbacks.heard(event)
    assert timeline(history)[-1].startswith("Nobody knows whether it was rolled back. ")


def test_one_incident_is_one_rollback_however_often_it_is_told(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history)
    for _ in range(2):
        with acting(hosted, tmp_path) as rollbacks:
            for step in (Step.RESUMED, Step.STARTED, Step.CHANGED, Step.ENDED):
                rollbacks.heard(replace(event, step=step))
    assert hosted.rollbacks == ["dep-1"]


def test_incidents_of_other_targets_are_not_its_business(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history)
    other = replace(event.incident, target="http://other.example")
    with acting(hosted, tmp_path) as rollbacks:
        rollbacks.heard(replace(event, incident=other))
    assert hosted.reads == 0


def test_the_next_bad_release_waits_for_the_cool_down(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    with acting(hosted, tmp_path) as rollbacks:
        rollbacks.heard(begun(hosted, history))
        hosted.asked.wait(PATIENCE)
    ended = replace(begun(hosted, history), step=Step.ENDED)
    history.write([replace(ended, incident=replace(ended.incident, ended_at=now()))])
    hosted.deploy(BAD)
    with acting(hosted, tmp_path) as rollbacks:
        rollbacks.heard(begun(hosted, history, 2))
    assert hosted.rollbacks == ["dep-1"]
    assert "the cool-down is not over" in timeline(history)[0]


def test_a_refusal_of_the_platform_is_told_and_not_tried_again(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    hosted.refuses = True
    event = begun(hosted, history)
    for _ in range(2):
        with acting(hosted, tmp_path) as rollbacks:
            rollbacks.heard(event)
    assert hosted.rollbacks == ["dep-1"]
    last = timeline(history)[-1]
    assert last.startswith("Not rolled back. ")
    assert "this plan has no rollback" in last


def test_an_old_release_that_does_not_answer_is_told(
    hosted: Hosting, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Somebody else's deployment answers at the address.
    with hosting(monkeypatch) as elsewhere:
        elsewhere.url = hosted.url
        with acting(elsewhere, tmp_path, patience=replace(QUICK, verify=0.5)) as rollbacks:
            rollbacks.heard(begun(hosted, history))
    assert elsewhere.live.commit == GOOD
    assert timeline(history)[-1].startswith("Not verified: commit aaaaaaaaaaaa does not answer at")
    assert "commit bbbbbbbbbbbb answers" in timeline(history)[-1]


def test_killed_after_the_intent_it_rolls_back_once(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history)
    put(history, hosted, tmp_path, Stage.INTENDED)
    with acting(hosted, tmp_path) as rollbacks:
        rollbacks.heard(replace(event, step=Step.RESUMED))
    assert hosted.rollbacks == ["dep-1"]
    assert timeline(history)[-1].startswith("Verified")


def test_killed_before_the_reply_it_finds_the_rollback_done(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history)
    put(history, hosted, tmp_path, Stage.CALLING)
    hosted.deploy(GOOD, "rollback")  # what the first call did
    with acting(hosted, tmp_path) as rollbacks:
        rollbacks.heard(replace(event, step=Step.RESUMED))
    assert hosted.rollbacks == []
    assert timeline(history)[-2:] == [
        "render has carried it out.",
        f"Verified: commit aaaaaaaaaaaa answers at {hosted.url}",
    ]


def test_killed_before_the_reply_it_waits_for_a_platform_that_is_at_work(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history)
    put(history, hosted, tmp_path, Stage.CALLING)
    hosted.ready.clear()
    hosted.deploy(GOOD, "rollback")

    def ready_soon(_: str) -> None:
        if hosted.reads > 5:
            hosted.ready.set()

    hosted.before = ready_soon
    with acting(hosted, tmp_path, patience=replace(QUICK, settle=0, work=PATIENCE)) as rollbacks:
        rollbacks.heard(replace(event, step=Step.RESUMED))
    assert hosted.rollbacks == []
    assert timeline(history)[-1].startswith("Verified")


def test_killed_before_the_request_left_it_asks_after_a_while(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history)
    put(history, hosted, tmp_path, Stage.CALLING)
    with acting(hosted, tmp_path, patience=replace(QUICK, settle=0.1)) as rollbacks:
        rollbacks.heard(replace(event, step=Step.RESUMED))
    assert hosted.rollbacks == ["dep-1"]


def test_an_app_that_tells_a_stale_commit_is_rolled_back_later(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history, commit=GOOD)
    # Until then, both releases may answer.
    soon = event.at - hosted.live.created_at + timedelta(seconds=1)
    with acting(hosted, tmp_path, replace(POLICY, watch_time=soon)) as rollbacks:
        rollbacks.heard(event)
        assert hosted.asked.wait(PATIENCE)
    assert hosted.rollbacks == ["dep-1"]
    assert timeline(history)[-1] == (
        f"Not verified: the app does not tell which release answers. Look at {hosted.url}"
    )


def test_started_again_it_goes_on_waiting_and_says_so_once(
    hosted: Hosting, history: History, tmp_path: Path
) -> None:
    event = begun(hosted, history, commit=GOOD)
    for step in (Step.STARTED, Step.RESUMED):
        with acting(hosted, tmp_path) as rollbacks:
            rollbacks.heard(replace(event, step=step))
    assert hosted.reads == 2
    assert hosted.rollbacks == []
    (line,) = timeline(history)
    assert line.startswith(
        "Nothing is rolled back yet. When it began, commit aaaaaaaaaaaa answered"
    )


@pytest.mark.parametrize("change", ["released", "ended", "stale"])
def test_an_intent_that_has_become_wrong_is_dropped(
    hosted: Hosting, history: History, tmp_path: Path, change: str
) -> None:
    event = begun(hosted, history)
    put(history, hosted, tmp_path, Stage.INTENDED)
    policy, incident = POLICY, event.incident
    if change == "released":
        hosted.deploy(NEWER)
    elif change == "ended":
        incident = replace(incident, ended_at=now())
        history.write([IncidentEvent(Step.ENDED, incident, now())])
    else:
        policy = replace(POLICY, watch_time=timedelta(0))
    with acting(hosted, tmp_path, policy):
        pass
    assert hosted.rollbacks == []
    with history.reading() as connection:
        (incident,) = incidents(connection, ids=[1])
    words = {"released": "somebody is at work", "ended": "kept again", "stale": "too long ago"}
    assert words[change] in incident.timeline[-1].words


def test_nothing_of_the_token_is_kept(hosted: Hosting, history: History, tmp_path: Path) -> None:
    with acting(hosted, tmp_path) as rollbacks:
        rollbacks.heard(begun(hosted, history))
    for file in tmp_path.iterdir():
        assert b"rnd_TOKEN" not in file.read_bytes()
