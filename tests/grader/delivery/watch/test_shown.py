"""What the page shows of the store, and the same as JSON."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from grader.delivery.watch import in_json
from grader.delivery.watch.history import open_history
from grader.delivery.watch.shown import HalfHour, Shown, half_hours
from grader.delivery.watch.values import Sample
from grader.outcomes import Outcome
from tests.grader.delivery.watch.watched import AT, GOOD, MISSED, OPEN, PAUSED


def test_minutes_are_counted_by_the_half_hour_and_by_the_target(tmp_path: Path) -> None:
    urls = ["https://one.example", "https://two.example"]
    start = AT.replace(second=0) - timedelta(minutes=33)
    with closing(open_history(tmp_path)) as history:
        history.enroll(urls)
        for at in range(36):
            for url in urls:
                is_right = at >= 10 or url != urls[0]
                outcome = Outcome.RIGHT if is_right else Outcome.WRONG
                history.add(url, Sample(start + timedelta(minutes=at), outcome, 12.0))
            history.write()
        with history.reading() as connection:
            found = half_hours(connection, AT - timedelta(days=1))
            later = half_hours(connection, AT - timedelta(minutes=3))
    first, second, third = (AT.replace(second=0) - timedelta(minutes=m) for m in (60, 30, 0))
    assert found[urls[0]] == [
        HalfHour(first, 3, 0),
        HalfHour(second, 30, 23),
        HalfHour(third, 2, 2),
    ]
    assert found[urls[1]] == [
        HalfHour(first, 3, 3),
        HalfHour(second, 30, 30),
        HalfHour(third, 2, 2),
    ]
    assert [each.looks for each in later[urls[0]]] == [3, 2]


def test_all_that_is_drawn_is_there_for_programs() -> None:
    found = json.loads(json.dumps(in_json.page([GOOD, MISSED, PAUSED], [OPEN], AT)))
    assert [each["url"] for each in found["targets"]] == [
        "https://shop.example",
        "https://search.example",
        "https://quiet.example",
    ]
    assert [len(each["last_looks"]) for each in found["targets"]] == [60, 26, 0]
    assert found["targets"][1]["last_looks"][-1]["outcome"] == "too slow"
    assert found["targets"][1]["minutes"][-1]["p95_ms"] == 1043
    assert found["targets"][0]["half_hours"][-1] == {
        "at": "2026-11-26T12:00:00.000Z",
        "looks": 360,
        "right": 360,
    }
    assert found["incidents"][0]["timeline"][0]["words"] == "Missed: right answers: 90 %"


@pytest.mark.parametrize(
    ("shown", "state", "tone"),
    [
        (GOOD, "keeps its objectives", "good"),
        (MISSED, "misses an objective", "bad"),
        (PAUSED, "paused", "mute"),
        (replace(GOOD, status=replace(GOOD.status, looks=3)), "3 of 12 looks that decide", "mute"),
        (replace(GOOD, status=replace(GOOD.status, incident=OPEN)), "getting better", "bad"),
        (replace(MISSED, status=replace(MISSED.status, ourselves="5 of 5")), "not judged", "mute"),
    ],
)
def test_a_state_has_words_and_a_tone(shown: Shown, state: str, tone: str) -> None:
    assert (shown.state, shown.tone) == (state, tone)
