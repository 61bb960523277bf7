"""What grading a class costs: `python -m benchmarks.batch` (Linux, about ten minutes).

Simulated classes are graded by the real command line with the battery `extreme`. Each claim is one
line with its limit, and the program ends with 1 where one is missed. What is compared is measured
in turns, and of several rounds the median is told: the processor's speed drifts with what else
the machine does.

A class's wall time is put beside a lower bound, the larger of

- the time that its slowest site needs by itself: waking up, and answering one question after the
  other, those of the second pass included; one that is down, the time in which it might wake up;
- its requests at the processor time of a plain loop over one session of aiohttp, on one core.

The requests are counted by the sites, the looks at an app that wakes up among them. The processor
time of a request is that of all processes, divided by them; for the grader with guard, deadlines,
judging, store and files. Start-up is left out on both sides: from the grader's, what a class of one
costs is taken off.
"""

import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks import measuring
from benchmarks.measuring import Cost, at_most
from benchmarks.sites import Site, spread

ROUNDS = 3
SITES = 500
SMALL, LATENCY = 200, 0.1
MANY = 2_000

MAX_WALL = 1.05
MAX_CPU = 0.45
MAX_MEMORY_MB = 300
MAX_GROWTH = 1.3
MAX_SMALL_WALL = 1.25
MAX_SMALL_MEMORY_MB = 250


def lower_bound(sites: Sequence[Site], graded: Cost, request: float) -> float:
    """Seconds that grading takes at least, where a plain request costs so many microseconds."""
    # Each is asked the same; what a waking site answers with a 503 takes it no time.
    least = _least(sites, graded)
    slowest = max(
        site.nap + site.latency * least if site.up else measuring.WAKE_TIMEOUT for site in sites
    )
    processor = graded.requests * request / 1e6
    print(
        f"  wall time {graded.wall:.1f} s; slowest site by itself {slowest:.1f} s, "
        f"{graded.requests:,} requests at {request:.0f} us {processor:.1f} s",
        flush=True,
    )
    return max(slowest, processor)


def _least(sites: Sequence[Site], graded: Cost) -> int:
    """How often a site was asked that was awake all the time."""
    return min(asked for site, asked in zip(sites, graded.asked, strict=True) if site.up)


def plain_request() -> float:
    """Microseconds of the processor for a request by a session of aiohttp to many sites at once."""
    return measuring.client("bare", [Site(0.02)] * 100, [50] * 100).cpu_per_request


def small_class() -> tuple[list[bool], float]:
    """Sites that are all alike; what was reached, and MB of memory."""
    print(f"{SMALL} sites at {1000 * LATENCY:.0f} ms; medians of {ROUNDS} rounds")
    sites = [Site(LATENCY)] * SMALL
    walls, costs = [], []
    for _ in range(ROUNDS):
        one = measuring.grader(sites[:1])
        ends = one.wall - LATENCY * one.requests
        before = plain_request()
        graded = measuring.grader(sites)
        bound = lower_bound(sites, graded, (before + plain_request()) / 2)
        print(f"  a class of one takes {ends:.1f} s beside its site, to start and to end")
        walls.append((graded.wall - ends) / bound)
        costs.append(graded.memory)
    reached = [
        at_most(
            "wall time, less what a class of one takes to start and to end, over the lower bound",
            statistics.median(walls),
            MAX_SMALL_WALL,
        ),
        at_most("memory (PSS)", max(costs), MAX_SMALL_MEMORY_MB, " MB"),
    ]
    return reached, statistics.median(costs)


def large_class() -> list[bool]:
    """Sites fast and slow, down and asleep; beside what somebody would write without the grader."""
    sites = spread(SITES, random.Random(1))
    print(
        f"{SITES} sites at {1000 * min(site.latency for site in sites):.0f} to "
        f"{1000 * max(site.latency for site in sites):.0f} ms, "
        f"{sum(not site.up for site in sites)} down, {sum(site.nap > 0 for site in sites)} asleep "
        f"for {max(site.nap for site in sites):.0f} s; medians of {ROUNDS} rounds"
    )
    # The others are not asked whether they are awake.
    awake = [replace(site, nap=0.0) for site in sites]
    alone = measuring.grader([Site(0.0)]).cpu
    walls, ratios, costs = [], [], []
    for _ in range(ROUNDS):
        before = plain_request()
        graded = measuring.grader(sites)
        often = [min(asked, _least(sites, graded)) for asked in graded.asked]
        pool = measuring.client("sessions", awake, often).cpu_per_request
        request = (before + plain_request()) / 2
        walls.append(graded.wall / lower_bound(sites, graded, request))
        cpu = 1e6 * (graded.cpu - alone) / graded.requests
        ratios.append(cpu / pool)
        costs.append(graded)
        print(
            f"  CPU a request {cpu:.0f} us; in a pool of sessions {pool:.0f} us, "
            f"with one of aiohttp {request:.0f} us",
            flush=True,
        )
    return [
        at_most("wall time over the lower bound", statistics.median(walls), MAX_WALL),
        at_most(
            "CPU a request over that of a thread and a requests.Session for each site",
            statistics.median(ratios),
            MAX_CPU,
        ),
        at_most("memory (PSS)", max(cost.memory for cost in costs), MAX_MEMORY_MB, " MB"),
    ]


def many_students(memory: float) -> list[bool]:
    """Memory beside that of the small class, for many students who share its sites."""
    print(f"{MANY:,} students on {SMALL} sites")
    graded = measuring.grader([Site(LATENCY)] * SMALL, students=MANY)
    print(f"  wall time {graded.wall:.1f} s, memory {graded.memory:.0f} MB (PSS)")
    words = f"memory over that of {SMALL} students"
    return [at_most(words, graded.memory / memory, MAX_GROWTH)]


def main() -> int:
    """Measure everything; the exit code."""
    measuring.warm_up()
    reached, memory = small_class()
    return 0 if all([*reached, *large_class(), *many_students(memory)]) else 1


if __name__ == "__main__":
    sys.exit(main())
