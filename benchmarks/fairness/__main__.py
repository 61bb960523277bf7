"""What real classes bring, graded by the real command: `python -m benchmarks.fairness`.

First one deployment of each kind that once cost somebody points for nothing, among normal ones,
with short limits; then apps that say their sums in sentences, and pages in a browser; then a class
of 200 of which a third sleep and wake within a minute, with the usual limits. Exits with 1 where
anything does not come out as is fair.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import trustme

from benchmarks.fairness.kinds import SUMS, fair_kinds, pages, sleepers, sums
from benchmarks.hostile.__main__ import kind_lines
from benchmarks.hostile.grading import Command, Graded, grade, read
from benchmarks.hostile.kinds import NORMAL, Kind
from benchmarks.hostile.sites import deployed
from grader.model import State

_SLACK = 1.1
_SECOND_PASS = 3  # timeouts


def graded(kinds: list[Kind], *options: str) -> tuple[Command, list[Graded]]:
    """Serve a deployment of each of `kinds`, and grade them as one class."""
    authority = trustme.CA()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        trusted = folder / "authorities.pem"
        authority.cert_pem.write_to_path(str(trusted))
        students = [
            deployed(f"student{number}", kind, authority, opened)
            for number, kind in enumerate(kinds)
        ]
        asked = grade(students, folder / "class", trusted, "--allow-private", *options)
        return asked, read(students, folder / "class")


def lines(
    kinds: list[Kind], timeout: float, wake_timeout: float, *options: str
) -> Iterator[tuple[str, bool]]:
    """A line for each kind and each claim, and whether it is as it has to be."""
    limits = ("--timeout", str(timeout), "--wake-timeout", str(wake_timeout))
    asked, everybody = graded(kinds, *limits, *options)
    yield from kind_lines(everybody)
    longest = max(sum(each.seconds) for each in everybody)
    bound = _SLACK * (wake_timeout + 2 * _SECOND_PASS * timeout)
    yield f"both passes: {longest:.1f} s, limit {bound:.1f} s", longest <= bound
    ungraded = any(each.card.state is State.NOT_GRADED for each in everybody)
    yield f"exit code: {asked.code}", asked.code == (3 if ungraded else 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.fairness", description=__doc__)
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds for one question")
    parser.add_argument("--wake-timeout", type=float, default=6.0, help="seconds to wake up in")
    parser.add_argument("--sleepers", type=int, default=200, help="students of the second class")
    given = parser.parse_args()
    limits = given.timeout, given.wake_timeout
    with tempfile.TemporaryDirectory() as made:
        battery = Path(made) / "sums.toml"
        battery.write_text(SUMS)
        classes = [
            lines([*fair_kinds(given.wake_timeout), *[NORMAL] * 20], *limits),
            lines(sums(), *limits, "--battery", str(battery)),
            lines(pages(), 10.0, 30.0, "--probe", "browser"),
        ]
        if given.sleepers:
            classes.append(lines(sleepers(given.sleepers), 10.0, 90.0))
        missed = False
        for found in classes:
            print(f"{'kind':<43} many  {'expected':<14} {'came':<14}  mean  most s")
            for line, ok in found:
                print(f"{line}  {'OK' if ok else 'MISSED'}", flush=True)
                missed |= not ok
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
