"""The history in a real store."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from grader.delivery.watch import AppView, History, Incident, IncidentEvent, Sample, Step
from grader.delivery.watch.history import minutes, open_history, samples
from grader.delivery.watch.incidents import incidents, next_id, note
from grader.delivery.watch.tables import LOOKS, MINUTES
from grader.delivery.watch.values import Moment
from grader.outcomes import Outcome
from tests.grader.delivery.watch.samples import BEGAN, DOWN, RIGHT, WRONG, at, sample, target

URL = target().url
MONTH = timedelta(days=31)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(tmp_path / "kept")
    history.enroll([URL])
    yield history
    history.close()


def incident(id_: int = 1, **values: object) -> Incident:
    made = {
        "id": id_,
        "target": URL,
        "objective": "right answers",
        "objectives": ("right answers",),
        "started_at": at(0),
        "cause": "it was wrong",
        "timeline": (Moment(at(0), "Missed: it was wrong"),),
    }
    return Incident(**{**made, **values})  # type: ignore[arg-type]


def count(history: History, table: sa.Table) -> int:
    with history.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_samples_come_back_as_they_went_in(history: History) -> None:
    whole = Sample(at(1.234), WRONG, 12.5, "“x”: no", "a" * 12, at(1e6), AppView(60.0, 5, 1, 0))
    history.add(URL, whole)
    history.add(URL, sample(2.5, DOWN))
    history.write()
    with history.reading() as connection:
        assert list(samples(connection, at(0))) == [(URL, whole), (URL, sample(2.5, DOWN))]
        assert list(samples(connection, at(2))) == [(URL, sample(2.5, DOWN))]


def test_an_hour_is_kept_whole_and_a_month_by_the_minute(history: History) -> None:
    for minute in range(0, 40 * 24 * 60, 60):
        for second in range(0, 60, 15):
            history.add(URL, sample(60 * minute + second, ms=10.0 + second))
        history.write()
    with history.reading() as connection:
        kept = minutes(connection, URL, at(0))
        looks = [each.at for _, each in samples(connection, at(0))]
    last = at(60 * (40 * 24 * 60 - 60) + 45)
    assert last - looks[0] <= timedelta(hours=1)
    assert looks[-1] == last
    assert MONTH - timedelta(hours=1) <= last - kept[0].at < MONTH + timedelta(minutes=1)
    assert {(each.looks, each.right, each.median_ms, each.p95_ms) for each in kept} == {
        (4, 4, 25.0, 55.0)
    }


def test_a_minute_tells_what_its_looks_were(history: History) -> None:
    outcomes = [RIGHT, WRONG, DOWN, Outcome.SERVER_ERROR, Outcome.NOT_CHECKED]
    for number, outcome in enumerate(outcomes):
        history.add(URL, sample(number, outcome, commit=f"{number}" * 12))
    for number in (5, 6):
        history.add(URL, Sample(at(number), RIGHT, 30.0, app=AppView(60.0, 2, 1, 0)))
    history.add(URL, sample(60))
    history.write()
    with history.reading() as connection:
        [kept] = minutes(connection, URL, at(0))
    assert (kept.at, kept.looks, kept.right, kept.available, kept.errors, kept.unsure) == (
        BEGAN, 6, 3, 5, 2, 1,
    )  # fmt: skip
    assert kept.commit == "4" * 12
    assert kept.app == AppView(120.0, 4, 2, 0)


def test_a_minute_is_made_once_whoever_comes_later(history: History) -> None:
    for second in (0, 59, 60, 61, 200):
        history.add(URL, sample(second))
        history.write()
    with history.reading() as connection:
        assert [each.looks for each in minutes(connection, URL, at(0))] == [2, 2]
    # The same looks again, as of a clock that was set back.
    history.add(URL, sample(30, WRONG))
    history.add(URL, sample(300))
    history.write()
    with history.reading() as connection:
        assert [each.looks for each in minutes(connection, URL, at(0))] == [2, 2, 1]


def test_a_clock_that_was_wrong_for_a_while_lets_nothing_grow(history: History) -> None:
    history.add(URL, sample(30 * 24 * 3600))
    history.write()
    history.add(URL, sample(30 * 24 * 3600 + 60))
    history.write()
    for hour in range(5):
        history.add(URL, sample(3600 * hour))
        history.write()
    with history.reading() as connection:
        assert [look.at for _, look in samples(connection, at(0))][:2] == [
            at(3600 * 3),
            at(3600 * 4),
        ]


def test_minutes_that_nobody_made_before_are_made_by_the_next_watcher(tmp_path: Path) -> None:
    first = open_history(tmp_path)
    first.enroll([URL])
    first.add(URL, sample(0))
    first.write()
    first.close()
    second = open_history(tmp_path)
    second.enroll([URL])
    second.add(URL, sample(7200))
    second.write()
    assert count(second, MINUTES) == 1
    assert count(second, LOOKS) == 1
    second.close()


def test_an_incident_and_its_timeline(history: History) -> None:
    started = incident(commit="b" * 12, commit_since=at(-60))
    [told] = history.write([IncidentEvent(Step.STARTED, started, at(0))])
    assert told.incident == started
    with history.engine.begin() as connection:
        note(connection, 1, at(3), "Rolled back")
    ended = incident(
        commit="b" * 12,
        commit_since=at(-60),
        ended_at=at(10),
        timeline=(*started.timeline, Moment(at(10), "Over")),
    )
    [told] = history.write([IncidentEvent(Step.ENDED, ended, at(10))])
    assert [each.words for each in told.incident.timeline] == [
        "Missed: it was wrong",
        "Rolled back",
        "Over",
    ]
    with history.reading() as connection:
        assert incidents(connection) == ()
        assert incidents(connection, since=at(9)) == (told.incident,)
        assert incidents(connection, since=at(10)) == ()
        assert incidents(connection, ids=[1]) == (told.incident,)
        assert next_id(connection) == 2


def test_a_line_that_is_cut_is_written_once(history: History) -> None:
    moments = (Moment(at(0), "x" * 3000), Moment(at(0.0001), "y"))
    for _ in range(2):
        [told] = history.write([IncidentEvent(Step.CHANGED, incident(timeline=moments), at(0))])
        assert len(told.incident.timeline) == 2


def test_pauses_are_kept(history: History, tmp_path: Path) -> None:
    history.pause(URL, "lunch")
    other = open_history(tmp_path / "kept")
    assert other.pauses() == {URL: "lunch"}
    other.pause(URL, "")
    other.close()
    assert history.pauses() == {}


def test_a_hostile_reason_is_cut_and_stored(history: History) -> None:
    words = "\x1b[31m\u202e\ud83d\ude00'; DROP TABLE watch_look; --" * 1000
    made = incident(cause=words.encode("utf-16", "surrogatepass").decode("utf-16"))
    [told] = history.write([IncidentEvent(Step.STARTED, made, at(0))])
    assert len(told.incident.cause) == 2000
