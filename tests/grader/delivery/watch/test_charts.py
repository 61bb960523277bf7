"""What a watcher saw, drawn."""

import re
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from grader.delivery.watch.charts import LOOKS, day_strip, heartbeats, latency_chart, right_chart
from grader.delivery.watch.shown import HalfHour
from grader.delivery.watch.values import Minute
from grader.outcomes import Outcome
from tests.grader.delivery.watch.watched import AT, minutes, samples

SINCE = AT - timedelta(hours=1)


def parsed(drawn: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(drawn)  # noqa: S314 - our own


def heights(drawn: Markup) -> list[int]:
    return [int(each.attrib["height"]) for each in parsed(drawn)]


def said(drawn: Markup) -> str:
    (svg,) = parsed(drawn).iter("svg")
    return svg.attrib["aria-label"]


def test_a_look_is_told_by_its_height_and_in_words() -> None:
    drawn = heartbeats(samples(Outcome.RIGHT, Outcome.WRONG, Outcome.NOT_CHECKED))
    assert heights(drawn) == [8] * (LOOKS - 3) + [40, 22, 14]
    assert said(drawn) == (
        "The last 3 looks: 1 right, 1 wrong, 1 not checked. The newest is not checked."
    )


@given(st.lists(st.sampled_from(Outcome), max_size=2 * LOOKS))
def test_only_the_last_looks_are_drawn(outcomes: list[Outcome]) -> None:
    seen = heights(heartbeats(samples(*outcomes)))
    assert len(seen) == LOOKS
    assert sum(height > 8 for height in seen) == min(len(outcomes), LOOKS)
    right = [outcome is Outcome.RIGHT for outcome in outcomes[-LOOKS:]]
    assert [height == 40 for height in seen if height > 8] == right


def points(drawn: Markup, kind: str) -> list[tuple[float, float]]:
    (path,) = [each for each in parsed(drawn).iter("path") if each.attrib["class"] == kind]
    found = re.findall(r"[ML]([\d.]+) ([\d.]+)", path.attrib["d"])
    return [(float(x), float(y)) for x, y in found]


def test_shares_are_as_high_as_they_are_and_a_gap_is_a_gap() -> None:
    drawn = right_chart(minutes(45), SINCE, AT)
    line = points(drawn, "right")
    assert len(line) == 52
    assert {y for x, y in line if x < 400} == {0.0}
    # 8 of 12 at worst.
    assert max(y for _, y in line) == 33.3
    assert drawn.count("M", drawn.index('class="right"')) == 2
    assert said(drawn).endswith("83.3 % at last, 66.7 % at worst.")


def test_latencies_fit_below_the_top_and_beside_what_is_allowed() -> None:
    drawn = latency_chart(minutes(45), SINCE, AT, 800)
    assert all(0 <= y <= 100 for kind in ("median", "late") for _, y in points(drawn, kind))
    ((_, level),) = points(drawn, "bound")
    late = points(drawn, "late")
    over = [each.p95_ms is not None and each.p95_ms > 800 for each in minutes(45)]
    assert [y < level for _, y in late] == over
    assert "allowed, 800 ms" in drawn
    assert "allowed" not in latency_chart(minutes(), SINCE, AT, None)


def test_nothing_is_drawn_of_nothing() -> None:
    silent = replace(minutes()[0], looks=0, right=0, median_ms=None, p95_ms=None)
    for seen in ([], [silent]):
        assert right_chart(seen, SINCE, AT) == ""
        assert latency_chart(seen, SINCE, AT, 800) == ""


@given(
    st.lists(
        st.tuples(st.integers(-3, 59), st.none() | st.floats(0, 1e7), st.integers(0, 12)),
        max_size=60,
    ),
    st.none() | st.floats(1, 1e6),
)
def test_all_that_may_be_seen_can_be_drawn(
    seen: list[tuple[int, float | None, int]], bound: float | None
) -> None:
    some = [
        Minute(SINCE + timedelta(minutes=at), 12, right, 12, 0, 0, ms, ms, None)
        for at, ms, right in sorted(seen, key=lambda each: each[0])
    ]
    for drawn in (right_chart(some, SINCE, AT), latency_chart(some, SINCE, AT, bound)):
        assert not drawn or parsed(drawn).tag == "figure"
        assert "nan" not in drawn
        assert "inf" not in drawn


def test_a_half_hour_is_as_tall_as_its_share_of_right_answers() -> None:
    newest = AT.replace(second=0)
    seen = [
        HalfHour(newest - timedelta(minutes=90), 100, 50),
        HalfHour(newest - timedelta(minutes=60), 0, 0),
        HalfHour(newest - timedelta(minutes=30), 100, 100),
        HalfHour(newest, 100, 0),
    ]
    drawn = day_strip(seen, AT)
    assert heights(drawn) == [8] * 44 + [26, 8, 40, 12]
    assert said(drawn) == (
        "The last 24 hours: 1 of 3 half hours with right answers alone, 0 % right in the worst."
    )
