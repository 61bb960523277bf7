from dataclasses import replace

import pytest

from grader.analysis.latencies import Latencies
from grader.model import Scorecard
from grader.outcomes import Outcome
from tests.grader.formats.classes import scorecard


def answering_in(andrew_id: str, *milliseconds: float) -> Scorecard:
    card = scorecard(andrew_id, [Outcome.RIGHT] * 5)
    verdicts = tuple(
        replace(each, replies=(replace(each.replies[0], elapsed_ms=elapsed),))
        for each, elapsed in zip(card.verdicts, milliseconds, strict=False)
    )
    return replace(card, verdicts=verdicts)


def seen(*cards: Scorecard) -> Latencies:
    latencies = Latencies()
    for card in cards:
        latencies.see(card)
    return latencies


def test_each_reply_falls_into_one_bin() -> None:
    latencies = seen(answering_in("a", 0.4, 49.9, 50, 999, 1000), answering_in("b", 5000, 90_000))
    assert latencies.distribution == [
        ("under 50 ms", 2),
        ("50 to 100 ms", 1),
        ("100 to 200 ms", 0),
        ("200 to 500 ms", 0),
        ("0.5 to 1 s", 1),
        ("1 to 2 s", 1),
        ("2 to 5 s", 0),
        ("over 5 s", 2),
    ]


def test_median_and_percentile_of_the_class() -> None:
    cards = [answering_in(f"s{start}", *range(start, start + 5)) for start in range(1, 101, 5)]
    latency = seen(*cards).latency
    assert latency is not None
    assert (latency.median_ms, latency.p95_ms) == (50, 95)


def test_what_never_came_has_no_time() -> None:
    down = scorecard("a", [Outcome.TOO_SLOW, Outcome.UNREACHABLE, *[Outcome.SKIPPED] * 3])
    assert (seen(down).replies, seen(down).latency, seen(down).slowest) == (0, None, [])


def test_many_replies_take_little_memory() -> None:
    many = [
        answering_in("s", *(1.0001 * 5 * number + i for i in range(5))) for number in range(999)
    ]
    latencies = seen(*many)
    assert latencies.replies == 4995
    assert len(latencies._counts) < 2000
    assert latencies.latency is not None
    assert latencies.latency.median_ms == pytest.approx(2500, rel=0.01)


def test_the_slowest_come_first_and_are_few() -> None:
    slowest = seen(*(answering_in(f"s{number}", number) for number in range(20))).slowest
    assert [each.andrew_id for each in slowest] == ["s19", "s18", "s17", "s16", "s15"]


def test_degraded_answers_are_counted() -> None:
    card = answering_in("a", 3000, 2000)
    late = replace(card, verdicts=tuple(replace(each, degraded=True) for each in card.verdicts))
    assert seen(late, answering_in("b", 10)).degraded == 2
