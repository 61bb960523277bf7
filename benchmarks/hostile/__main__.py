"""A class of which much is hostile, graded by the real command: `python -m benchmarks.hostile`.

Real servers on loopback misbehave in every way that the course has seen, among normal ones. What
has to come of each kind is known, and so is the time that all of it may take: a pass ends within
the wake-up's time and three timeouts, whether it is used up by waking, by looking again where
nothing of the app's own came, or by questions; the second pass has as much for itself. Exits with 1
where anything is missed.
"""

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import trustme

from benchmarks.hostile.grading import Command, Graded, grade, read
from benchmarks.hostile.kinds import NORMAL
from benchmarks.hostile.sites import Class, hostile_class
from grader.model import State

MEMORY_LIMIT = 300
_SLACK = 1.1
_TIMEOUTS = 3


def kind_lines(everybody: Iterable[Graded]) -> Iterator[tuple[str, bool]]:
    """A line for each kind, and whether all of the kind came out as they have to."""
    kinds: dict[str, list[Graded]] = defaultdict(list)
    for each in everybody:
        kinds[each.student.kind.name].append(each)
    for name, group in sorted(kinds.items()):
        kind = group[0].student.kind
        came = {f"{each.card.state.value} {each.card.earned or 0:g}" for each in group}
        seconds = [taken for each in group for taken in each.seconds]
        yield (
            (
                f"{name:<43} {len(group):>4}  {f'{kind.state.value} {kind.points:g}':<14} "
                f"{', '.join(sorted(came)):<14} {statistics.mean(seconds):5.1f} {max(seconds):5.1f}"
            ),
            all(each.as_expected for each in group),
        )


def claim_lines(
    found: Class, everybody: list[Graded], asked: Command, timeout: float, wake_timeout: float
) -> Iterator[tuple[str, bool]]:
    """A line for each thing that has to hold for the run as a whole."""
    bound = _SLACK * (wake_timeout + _TIMEOUTS * timeout)
    normal = [each for each in everybody if each.student.kind is NORMAL]
    full = sum(each.as_expected for each in normal)
    yield f"normal ones at full marks: {full} of {len(normal)}", full == len(normal)
    longest = [
        max(each.seconds[number] for each in everybody if len(each.seconds) > number)
        for number in range(2)
    ]
    for name, taken in zip(("first", "second"), longest, strict=True):
        yield f"{name} pass: {taken:.1f} s, limit {bound:.1f} s", taken <= bound
    # Starting up and writing files is bounded by the machine, not by those who are asked.
    yield (
        f"both: {sum(longest):.1f} s, limit {2 * bound:.1f} s; "
        f"with start-up and files {asked.seconds:.1f} s",
        sum(longest) <= 2 * bound,
    )
    yield (
        f"memory (PSS): {asked.memory:.0f} MB, limit {MEMORY_LIMIT} MB",
        (0 < asked.memory <= MEMORY_LIMIT),
    )
    heard = found.canary.connections
    yield f"connections to what nobody allowed: {heard}, limit 0", heard == 0
    greedy = [
        each for each in everybody if each.student.site.heard > each.requests_allowed(wake_timeout)
    ]
    most = max(each.student.site.heard for each in normal)
    named = "".join(f", {each.student.kind.name}: {each.student.site.heard}" for each in greedy)
    yield (
        f"asked too often: {len(greedy)}{named}; a normal one at most {most} times",
        not greedy,
    )
    ungraded = any(each.card.state is State.NOT_GRADED for each in everybody)
    yield f"exit code: {asked.code}", asked.code == (3 if ungraded else 0)


def run(count: int, timeout: float, wake_timeout: float) -> Iterator[tuple[str, bool]]:
    """Serve, grade and look: lines, and whether each is as it has to be."""
    authority = trustme.CA()
    limits = ("--timeout", str(timeout), "--wake-timeout", str(wake_timeout))
    with (
        tempfile.TemporaryDirectory() as made,
        hostile_class(count, timeout, wake_timeout, authority) as found,
    ):
        folder = Path(made)
        trusted = folder / "authorities.pem"
        authority.cert_pem.write_to_path(str(trusted))
        asked = grade(found.students, folder / "class", trusted, "--allow-private", *limits)
        grade(found.private, folder / "private", trusted, *limits)
        everybody = read(found.students, folder / "class")
        private = read(found.private, folder / "private")
        yield from kind_lines(everybody + private)
        yield from claim_lines(found, everybody, asked, timeout, wake_timeout)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.hostile", description=__doc__)
    parser.add_argument("--students", type=int, default=240)
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds for one question")
    parser.add_argument("--wake-timeout", type=float, default=6.0, help="seconds for the wake-up")
    given = parser.parse_args()
    print(f"{'kind':<43} many  {'expected':<14} {'came':<14}  mean  most s")
    missed = False
    for line, ok in run(given.students, given.timeout, given.wake_timeout):
        print(f"{line}  {'OK' if ok else 'MISSED'}", flush=True)
        missed |= not ok
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
