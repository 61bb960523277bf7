"""The gate between a candidate and its users: `grader gate`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options, reading, sides
from grader.cli.commands import argument, command, option
from grader.cli.exit_codes import DONE, FALLS_SHORT, NOT_GRADED
from grader.cli.output import say, width

if TYPE_CHECKING:
    from pathlib import Path

    from grader.delivery.gate import Order

_RATE, _RATE_HERE = 2.0, 50.0


@dataclass(frozen=True)
class _Gate:
    """Compare a candidate with the baseline that serves now: promote, hold or reject it.

    Both are asked the same questions in turn, and their answers, errors, latency, release and
    health are compared. What is bad on both sides alike is none of the candidate's faults.
    """

    candidate: str = argument(type=kinds.TEXT, help="The address of the release to promote.")
    baseline: str = option(
        "--baseline", required=True, type=kinds.TEXT, metavar="URL",
        help="The address of the release that serves now.",
    )  # fmt: skip
    andrew_id: str = option(
        "--andrew-id", default="", type=kinds.TEXT, read=reading.id_if_any, metavar="ID",
        envvar="GRADER_ANDREW_ID", show_envvar=True,
        help="The student's id; without it, replies to questions about the id are compared with "
        "the baseline's.",
    )  # fmt: skip
    battery: str = option(
        "--battery", default="extreme", show_default=True, metavar="NAME|FILE",
        help="What is asked: extreme, activity, or a file of your own. It is drawn several times, "
        "until there are 70 different questions or no new ones.",
    )  # fmt: skip
    replay: Path | None = option(
        "--replay", type=kinds.FILE, metavar="FILE",
        help="Captured queries to ask as well, the most frequent first; replies are compared with "
        "the baseline's.",
    )  # fmt: skip
    expect_commit: str = option(
        "--expect-commit", default="", read=reading.commit, metavar="SHA|HEAD",
        help="The commit that the candidate should tell at /healthz, on each connection.",
    )  # fmt: skip
    samples: int = option(
        "--samples", type=kinds.Whole(20, 1000), default=1000, show_default=True, metavar="N",
        help="How many pairs are asked at most. With fewer, only larger faults are noticed.",
    )  # fmt: skip
    minutes: float = option(
        "--minutes", type=kinds.Number(0.1, 120), default=15, show_default=True,
        metavar="N", help="How long it may take at most, once both are awake.",
    )  # fmt: skip
    rate: float | None = option(
        "--rate", type=kinds.Number(0, 1000, above=True), metavar="N",
        help="How many pairs are asked in a second at most.  [default: 2; 50 for apps on this "
        "machine]",
    )  # fmt: skip
    seed: int | None = options.SEED
    timeout: float = options.TIMEOUT
    wake_timeout: float | None = options.WAKE_TIMEOUT
    allow_private: bool = options.ALLOW_PRIVATE
    bypass_secret: str = options.BYPASS_SECRET
    form: str = option(
        "--format", default="text", show_default=True, type=click.Choice(["text", "json"]),
        help="How the result is printed: for people, or for programs with all samples.",
    )  # fmt: skip
    quiet: bool = options.QUIET

    def __call__(self) -> None:
        from grader.cli import gate_progress
        from grader.delivery.gate import Decision, document, gate, told

        gated = gate_progress.show(gate(self._order()), quiet=self.quiet)
        if self.form == "json":
            say(document.render(gated).rstrip())
        else:
            say(told.render(gated, width()))
        codes = {Decision.PROMOTE: DONE, Decision.HOLD: NOT_GRADED, Decision.REJECT: FALLS_SHORT}
        sys.exit(codes[gated.decision])

    def _order(self) -> Order:
        from grader.delivery.gate import Order
        from grader.model import Limits
        from grader.questions import load_battery

        both = sides.read(
            ("CANDIDATE", self.candidate),
            ("--baseline", self.baseline),
            limits=Limits(self.timeout, self.wake_timeout, self.allow_private),
            andrew_id=self.andrew_id,
            bypass_secret=self.bypass_secret,
        )
        return Order(
            *both,
            battery=load_battery(self.battery),
            seed=self.seed,
            samples=self.samples,
            minutes=self.minutes,
            per_second=self.rate or (_RATE_HERE if sides.are_here(*both) else _RATE),
            expect_commit=self.expect_commit,
            captured=self._captured(),
        )

    def _captured(self) -> tuple[str, ...]:
        if self.replay is None:
            return ()
        from grader.delivery.replay.capture import count_queries, most_asked

        return most_asked(count_queries(self.replay))


_GATED = {
    DONE: "Promote: nothing speaks against the candidate.",
    FALLS_SHORT: "Reject: the candidate is worse than the baseline.",
    NOT_GRADED: "Hold: there was no way to tell, or the candidate is only slower.",
}
COMMANDS = (command("gate", _Gate, _GATED),)
