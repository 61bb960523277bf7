"""The benchmark of the gate's decisions, with few of them; the seeds are fixed."""

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.delivery import KINDS, bounds, decide
from benchmarks.hosts import PERIODS, Kind, Noise
from grader.delivery.gate import Decision

DECISIONS = 25
MAY_END_IN = {
    "pass": {Decision.PROMOTE},
    "reject": {Decision.REJECT},
    "stop": {Decision.HOLD, Decision.REJECT},
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.must], ids=lambda kind: kind.name)
def test_each_kind_ends_as_it_must(kind: Kind) -> None:
    ends = Counter(decide(kind, seed).decision for seed in range(DECISIONS))
    others = [end for end in ends.elements() if end not in MAY_END_IN[kind.must]]
    assert len(others) <= 1, ends


def test_each_of_a_hosts_waves_drifts_by_a_fiftieth() -> None:
    assert (Noise().drift, len(PERIODS)) == (0.02, 3)


def test_a_stale_server_that_tells_no_release_is_told_by_an_answer() -> None:
    (kind,) = (each for each in KINDS if not each.tells)
    found = decide(kind, 1)
    assert (found.rule, found.pairs >= 100) == ("release", True)
    assert decide(replace(kind, learned=0), 1).decision is Decision.PROMOTE


def test_a_decision_can_be_repeated() -> None:
    assert decide(KINDS[2], 5) == decide(KINDS[2], 5)


def test_bounds_hold_the_share_and_grow_narrow() -> None:
    low, high = bounds(3, 1000)
    assert low < 0.003 < high < 0.01
    assert bounds(0, 10_000)[1] < 0.0004
