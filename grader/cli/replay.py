"""The command `replay`: captured queries asked of two releases."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options, sides
from grader.cli.commands import argument, command, option
from grader.cli.exit_codes import DONE, FALLS_SHORT, INTERRUPTED, NOT_GRADED
from grader.cli.output import say, width

if TYPE_CHECKING:
    from pathlib import Path

    from grader.delivery.replay.asking import Event, Order
    from grader.delivery.replay.report import Report

_RATE, _RATE_HERE = 10.0, 50.0
_SECONDS_BETWEEN_SIGNS = 5.0


@dataclass(frozen=True)
class _Replay:
    """Ask two releases what was captured, and show what differs.

    The baseline is asked twice: what differs between two replies of the same code is noise.
    """

    files: tuple[Path, ...] = argument(
        nargs=-1, required=True, type=kinds.FILE, metavar="FILE...",
        help="What a web app captured under WEBAPP_CAPTURE: a file of each of its workers.",
    )  # fmt: skip
    baseline: str = option(
        "--baseline", required=True, type=kinds.TEXT, metavar="URL",
        help="The address of the release that people use now.",
    )  # fmt: skip
    candidate: str = option(
        "--candidate", required=True, type=kinds.TEXT, metavar="URL",
        help="The address of the release that may follow.",
    )  # fmt: skip
    limit: int = option(
        "--limit", type=kinds.Whole(1, 10_000), default=1000, show_default=True, metavar="N",
        help="How many different queries are asked at most: those that were captured most often.",
    )  # fmt: skip
    rate: float | None = option(
        "--rate", type=kinds.Number(0, 1000, above=True), metavar="N",
        help="How many requests a second each of the two gets at most.  [default: 10; 50 for apps "
        "on this machine]",
    )  # fmt: skip
    timeout: float = options.TIMEOUT
    wake_timeout: float | None = options.WAKE_TIMEOUT
    allow_private: bool = options.ALLOW_PRIVATE
    bypass_secret: str = options.BYPASS_SECRET
    form: str = option(
        "--format", type=click.Choice(["text", "json", "html"]), default="text",
        show_default=True,
        help="How the result is printed: for people, for programs, or as a page of its own.",
    )  # fmt: skip
    quiet: bool = options.QUIET

    def __call__(self) -> None:
        from grader.delivery.replay.asking import replay
        from grader.delivery.replay.report import Report, Result

        report = Report(self._order())
        progress = _Progress(report, quiet=self.quiet)
        try:
            for event in replay(report.order):
                report.add(event)
                progress.tell(event)
        except KeyboardInterrupt:
            say("\nStopped. This is what was seen so far:", err=True)
            say(_rendered(self.form, report))
            sys.exit(INTERRUPTED)
        say(_rendered(self.form, report))
        codes = {Result.SAME: DONE, Result.DIFFERENT: FALLS_SHORT, Result.UNTOLD: NOT_GRADED}
        sys.exit(codes[report.result])

    def _order(self) -> Order:
        from grader.delivery.replay.asking import Order
        from grader.delivery.replay.capture import count_queries, most_asked
        from grader.model import Limits

        candidate, baseline = both = sides.read(
            ("--candidate", self.candidate),
            ("--baseline", self.baseline),
            limits=Limits(self.timeout, self.wake_timeout, self.allow_private),
            bypass_secret=self.bypass_secret,
        )
        rate = self.rate or (_RATE_HERE if sides.are_here(*both) else _RATE)
        counts = count_queries(*self.files)
        # What was captured most often, and first; it is asked in the order of the capture.
        asked = set(most_asked(counts)[: self.limit])
        queries = {query: times for query, times in counts.items() if query in asked}
        return Order(baseline, candidate, queries, len(counts) - len(queries), rate)


class _Progress:
    """Says on standard error how far it is, every few seconds at most."""

    def __init__(self, report: Report, *, quiet: bool) -> None:
        self._report = report
        self._quiet = quiet
        self._said_at = time.monotonic()

    def tell(self, event: Event) -> None:
        """Say what just happened, or how far it is."""
        from grader.delivery.replay import words
        from grader.delivery.replay.asking import AskingAgain, Stopped, WakingBoth, Woke

        match event:
            case WakingBoth(seconds):
                self._say(f"Waiting for both to answer (up to {seconds:.0f} s) ...")
                order = self._report.order
                least = 2 * len(order.queries) / order.per_second  # the baseline is asked twice
                if least >= _SECONDS_BETWEEN_SIGNS:
                    self._say(f"Then {words.queries(len(order.queries))}: {least:.0f} s at least.")
            case Woke():
                self._say(f"  {words.woke(event)}")
            case AskingAgain(queries):
                self._say(f"Asking {words.queries(queries)} once more, to be sure ...")
            case Stopped():
                pass  # the result says it
            case _:
                self._count()

    def _count(self) -> None:
        from grader.delivery.replay import words

        if time.monotonic() - self._said_at >= _SECONDS_BETWEEN_SIGNS:
            found = words.differ(self._report.differing)
            self._say(f"  {self._report.asked} of {self._report.total} asked, {found}")

    def _say(self, text: str) -> None:
        self._said_at = time.monotonic()
        if not self._quiet:
            say(text, err=True)


def _rendered(form: str, report: Report) -> str:
    from grader.delivery.replay import replay_html, replay_json, replay_text

    match form:
        case "json":
            return replay_json.render(report)
        case "html":
            # Shells write files in different encodings; an ASCII page is the same in all of them.
            return replay_html.render(report).encode("ascii", "xmlcharrefreplace").decode()
    return replay_text.render(report, width())


_CODES = {
    DONE: "Both gave the same replies.",
    FALLS_SHORT: "Some differ, or the candidate does not answer.",
    NOT_GRADED: "Nobody knows: the baseline is down, or this machine could not ask.",
}
COMMANDS = (command("replay", _Replay, _CODES),)
