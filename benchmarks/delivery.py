"""How often the gate decides rightly: `python -m benchmarks.delivery` (some minutes on all cores).

10,000 decisions of each kind by the very rules and plan of `grader gate`, on a virtual clock and
against the noise of `benchmarks.hosts`. Bounds are those of Clopper and Pearson, 95%. Bad releases
have to be stopped at least 99% of the time; identical code may be rejected 0.2% of the time, and
held 1%. A claim holds if the whole interval is within its limit.

The last kinds are beyond the model, and claim nothing: they show where the gate ends.
"""

import argparse
import functools
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from scipy import stats  # type: ignore[import-untyped]

from benchmarks.hosts import Host, Kind, Noise, pair
from benchmarks.measuring import claim
from grader.delivery.gate import Decision
from grader.delivery.gate.releases import (
    CONNECTIONS,
    Met,
    one_answer,
    one_commit,
    seconds_kept,
)
from grader.delivery.gate.texts import ENOUGH
from grader.delivery.gate.trial import Trial, worst
from grader.delivery.gate.values import Finding, Grade, Sample, Seen

PAIRS, PER_SECOND, MINUTES = 1000, 2.0, 15.0  # as the command has them
TEXTS = [f"query {number}" for number in range(ENOUGH)]
REJECTED_AT_MOST, HELD_AT_MOST, STOPPED_AT_LEAST = 0.002, 0.01, 0.99
CHUNK = 50
# Pairs leave the rest of the time to the fresh connections after them.
FOR_PAIRS = 60 * MINUTES - seconds_kept(60 * MINUTES, PER_SECOND, CONNECTIONS / PER_SECOND)

KINDS = (
    Kind("identical code", "pass"),
    Kind("wrong on 10% of queries", "reject", wrong=0.10),
    Kind("errors on 5% of requests more", "reject", errors=0.05),
    Kind("median latency up by half", "stop", slower=1.5),
    Kind("one stale server of eight", "reject", stale=1),
    Kind("the same, and no release is told", "reject", stale=1, learned=1, tells=False),
    Kind("10% of all replies wrong", "", wavering=0.10),
    Kind("errors on 3% of requests more", "", errors=0.03),
    Kind("identical, hosts differ by 20%", "", noise=Noise(spread=0.20)),
    Kind("identical, waves of 5%", "", noise=Noise(drift=0.05)),
    Kind("up by half, hosts differ by 20%", "", slower=1.5, noise=Noise(spread=0.20)),
)


@dataclass(frozen=True)
class Decided:
    """One decision: what and by which rule, after how many pairs and seconds."""

    decision: Decision
    rule: str
    pairs: int
    seconds: float


def decide(kind: Kind, seed: int) -> Decided:
    """Let the gate decide once."""
    rng = Random(f"{kind.name} {seed}")
    candidate, baseline = pair(kind, len(TEXTS), rng)
    now = CONNECTIONS / PER_SECOND
    met = _connected(candidate, now, _commit)
    found = one_commit(met, _connected(baseline, now, _commit) if met.is_mixed else None, "")
    if found.decision is Decision.REJECT:
        return Decided(found.decision, found.rule, 0, now)
    trial, findings = Trial(TEXTS, PAIRS, rng), None
    while findings is None:
        text = trial.next_text()
        here = _asked(candidate, text, now)
        there = _asked(baseline, text, now + here.ms / 1000)
        trial.add(Sample(text, here, there))
        now += max(1 / (trial.pace * PER_SECOND), (here.ms + there.ms) / 1000)
        findings = trial.look(time_is_over=now >= FOR_PAIRS)
    every = [found, *findings]
    if worst(each.decision for each in findings) is not Decision.REJECT:
        now += CONNECTIONS / PER_SECOND
        every.append(_answered(candidate, baseline, trial.evidence.telling(), now))
    decision = worst(each.decision for each in every)
    rule = next(each.rule for each in every if each.decision is decision)
    return Decided(decision, rule, len(trial.evidence.samples), now)


def _answered(candidate: Host, baseline: Host, text: int, now: float) -> Finding:
    """What the rule says of one question on fresh connections, which are over at `now`."""

    def answer(host: Host) -> str:
        return "right" if host.answers_right(text) else "wrong"

    met = _connected(candidate, now, answer)
    return one_answer(met, _connected(baseline, now, answer) if met.is_mixed else None)


def _asked(host: Host, text: int, now: float) -> Seen:
    ms = host.takes_ms(now)
    if host.fails():
        return Seen(Grade.FAILED, ms)
    return Seen(Grade.RIGHT if host.answers_right(text) else Grade.WRONG, ms)


def _commit(host: Host) -> str:
    if not host.kind.tells:
        return ""
    return "old" if host.is_stale() else "new"


def _connected(host: Host, now: float, read: Callable[[Host], str]) -> Met:
    """What fresh connections meet until `now`; lost ones are made up for, as the gate does it."""
    counts: Counter[str] = Counter()
    missing = max(0.0, now - 60 * MINUTES) * PER_SECOND
    for _ in range(2 * CONNECTIONS):
        if counts.total() >= CONNECTIONS - missing:
            break
        if not host.fails():
            counts[read(host)] += 1
    return Met(counts)


def _chunk(kind: Kind, seeds: range) -> list[Decided]:
    return [decide(kind, seed) for seed in seeds]


def bounds(count: int, of: int) -> tuple[float, float]:
    """The interval of Clopper and Pearson for a share, 95%."""
    found = stats.binomtest(count, of).proportion_ci(0.95, "exact")
    return float(found.low), float(found.high)


def row(kind: Kind, decided: list[Decided]) -> bool:
    """Print what became of one kind; whether its claims hold."""
    of = len(decided)
    counts = Counter(each.decision for each in decided)
    shares = []
    for decision in (Decision.PROMOTE, Decision.HOLD, Decision.REJECT):
        low, high = bounds(counts[decision], of)
        shares.append(f"{100 * counts[decision] / of:6.2f}% ({100 * low:5.2f}-{100 * high:6.2f})")
    pairs = sorted(each.pairs for each in decided)
    minutes = sum(each.seconds for each in decided) / of / 60
    rules = Counter(str(each.rule) for each in decided if each.decision is not Decision.PROMOTE)
    print(f"{kind.name:<33} {'  '.join(shares)} {pairs[of // 2]:>6} {minutes:>7.1f}  {dict(rules)}")
    return all(claim(words, is_reached) for words, is_reached in _claims(kind, counts, of))


def _claims(kind: Kind, counts: Counter[Decision], of: int) -> list[tuple[str, bool]]:
    if kind.must == "pass":
        rejected = bounds(counts[Decision.REJECT], of)[1]
        held = bounds(counts[Decision.HOLD], of)[1]
        return [
            (f"rejected: at most {rejected:.2%}, limit 0.2%", rejected <= REJECTED_AT_MOST),
            (f"held: at most {held:.2%}, limit 1%", held <= HELD_AT_MOST),
        ]
    if not kind.must:
        return []
    stopped = counts[Decision.REJECT]
    if kind.must == "stop":
        stopped += counts[Decision.HOLD]
    least = bounds(stopped, of)[0]
    verb = "rejected" if kind.must == "reject" else "held or rejected"
    return [(f"{verb}: at least {least:.2%}, limit 99%", least >= STOPPED_AT_LEAST)]


def main() -> int:
    """Decide again and again; the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.delivery", description=__doc__)
    parser.add_argument("--decisions", type=int, default=10_000, help="of each kind")
    given = parser.parse_args()
    print(f"{given.decisions:,} decisions a kind; share (95% bounds); median of pairs; minutes")
    print(
        f"{'candidate':<33} {'promoted':^23}  {'held':^23}  {'rejected':^23} "
        f"{'pairs':>6} {'min.':>7}"
    )
    reached = True
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for kind in KINDS:
            starts = range(0, given.decisions, CHUNK)
            seeds = [range(at, min(at + CHUNK, given.decisions)) for at in starts]
            parts = pool.imap_unordered(functools.partial(_chunk, kind), seeds)
            reached &= row(kind, [each for part in parts for each in part])
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
