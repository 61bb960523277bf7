"""What asking alone costs: `python -m benchmarks.asking` (Linux, about two minutes).

First `ask` in one process, beside a bare session of aiohttp in another one that judges what it read
by the same call: judged questions for each second of the processor. The two take turns, in each
kind of event loop that there is, and of some rounds the median is told.

Then a class whose deployments all take seconds for every reply, over https, graded by the real
command line: all of them in flight at once, in so much memory, and no reply late by our own lag.
Each claim is one line with its limit, and the program ends with 1 where one is missed.
"""

import contextlib
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import trustme

from benchmarks import measuring
from benchmarks.measuring import at_least, at_most, claim
from benchmarks.sites import ANSWER, Served, Site, simulated
from grader.jobs import Run
from grader.model import Verdict
from grader.outcomes import Outcome
from grader.services.folders import STORE_NAME

ROUNDS = 5
SITES, LATENCY, QUESTIONS = 300, 0.02, 40

SLOW, SECONDS = 2_000, 5.0
QUESTIONS_EACH = 2
BATTERY = f"""title = "Few questions"
[[entry]]
family = "addition"
points = 10
count = {QUESTIONS_EACH}
"""
# What each is asked: the look that wakes it up, and the questions.
REQUESTS = 1 + QUESTIONS_EACH

MIN_RATE = 0.8
MAX_MEMORY_MB = 300
# By which a reply may seem later than it was: a tenth of what it took.
MAX_LATE_MS = 500


def questions_a_second(name: str, loop: str) -> float:
    """Judged questions for each second of the processor, all of them right."""
    cost = measuring.client(name, [Site(LATENCY)] * SITES, [QUESTIONS] * SITES, loop)
    assert cost.right == cost.requests == SITES * QUESTIONS, cost
    return cost.requests / cost.cpu


def ask_alone(loop: str) -> bool:
    """`ask` beside aiohttp with the same judging, both in one kind of loop."""
    rates = [
        (questions_a_second("ours", loop), questions_a_second("judged", loop))
        for _ in range(ROUNDS)
    ]
    ours, bare = (statistics.median(each) for each in zip(*rates, strict=True))
    print(
        f"  judged questions a CPU second in a loop of {loop}: {ours:,.0f}, by bare aiohttp "
        f"{bare:,.0f} (medians of {ROUNDS} rounds)"
    )
    return at_least(
        "ask over bare aiohttp with the same judging",
        statistics.median(ours / bare for ours, bare in rates),
        MIN_RATE,
    )


def all_in_flight() -> list[bool]:
    """A large class of slow deployments over https, graded by one process."""
    print(f"{SLOW:,} deployments over https that take {SECONDS:g} s for each reply")
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        trusted, certificate, battery = (
            folder / name for name in ("authorities.pem", "certificate.pem", "battery.toml")
        )
        authority.cert_pem.write_to_path(str(trusted))
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            str(certificate)
        )
        battery.write_text(BATTERY)
        with simulated([Site(SECONDS)] * SLOW, certificate) as served:
            cost = measuring.batch(served.urls, folder, str(battery), SSL_CERT_FILE=str(trusted))
        with contextlib.closing(Run.open(folder / "out" / STORE_NAME)) as run:
            verdicts = [verdict for card in run.scorecards() for verdict in card.verdicts]
    print(f"  wall time {cost.wall:.1f} s, {cost.cpu:.1f} s of the processor")
    return [
        claim(f"in flight at once: {served.most:,} of {SLOW:,}", served.most >= SLOW),
        at_most("memory (PSS)", cost.memory, MAX_MEMORY_MB, " MB"),
        *_in_time(verdicts, served),
    ]


def _in_time(verdicts: Sequence[Verdict], served: Served) -> list[bool]:
    """Whether no reply was late, lost or asked for twice."""
    replies = [reply for verdict in verdicts for reply in verdict.replies]
    unread = sum(reply.text != str(ANSWER) for reply in replies)
    unchecked = sum(verdict.outcome is Outcome.NOT_CHECKED for verdict in verdicts)
    again = sum(count > REQUESTS for count in served.asked)
    last = max(
        reply.timings.first_byte
        for reply in replies
        if reply.timings is not None and reply.timings.first_byte is not None
    )
    print(f"  the sites themselves answered up to {1000 * served.late:.0f} ms late")
    return [
        claim(
            f"replies: {len(replies):,} of {SLOW * QUESTIONS_EACH:,}, {unread} of them not read, "
            f"{unchecked} not checked",
            (len(replies), unread, unchecked) == (SLOW * QUESTIONS_EACH, 0, 0),
        ),
        claim(f"asked more than {REQUESTS} times: {again}, none allowed", again == 0),
        at_most(
            "the latest reply, after it left its site",
            last - 1000 * (SECONDS + served.late),
            MAX_LATE_MS,
            " ms",
        ),
    ]


def main() -> int:
    """Measure everything; the exit code."""
    measuring.warm_up()
    print(f"{SITES} sites at {1000 * LATENCY:.0f} ms over connections that are kept alive")
    reached = [ask_alone(loop) for loop in measuring.LOOPS]
    return 0 if all([*reached, *all_in_flight()]) else 1


if __name__ == "__main__":
    sys.exit(main())
