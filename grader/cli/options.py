"""The options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, reading
from grader.cli.commands import argument, group, option

if TYPE_CHECKING:
    from grader.model import Limits, ProbeKind

FOLDER = argument(metavar="DIR", type=kinds.RUN_FOLDER, help="The run's folder, as batch made it.")
BATTERY = option(
    "--battery", default="activity", show_default=True, metavar="NAME|FILE",
    help="What is asked: activity, extreme, page, or a file of your own.",
)  # fmt: skip
SEED = option(
    "--seed", type=kinds.SEED, metavar="N",
    help="The whole number that draws the questions; a new one unless given.",
)  # fmt: skip
ANDREW_ID = option(
    "--andrew-id", required=True, type=kinds.TEXT, read=reading.own_id, metavar="ID",
    envvar="GRADER_ANDREW_ID", show_envvar=True, help="The student's id.",
)  # fmt: skip
VALUES = option(
    "--value", multiple=True, type=kinds.TEXT, read=reading.pairs("--value team=Reds"),
    metavar="COLUMN=TEXT",
    help="What a roster would say of the student, for a battery that asks: --value team=Reds.",
)  # fmt: skip
QUIET = option("--quiet", is_flag=True, help="Print the result alone.")
TIMEOUT = option(
    "--timeout", type=kinds.SECONDS, default=10, show_default=True, metavar="SECONDS",
    help="How long one question may take.",
)  # fmt: skip
WAKE_TIMEOUT = option(
    "--wake-timeout", type=kinds.SECONDS, metavar="SECONDS",
    help="How long an app may take to wake up, from the first request on: free hosts fall "
    "asleep.  [default: 90; 5 for an app on this machine]",
)  # fmt: skip
ALLOW_PRIVATE = option(
    "--allow-private", is_flag=True,
    help="Open each submission's own scheme, host and port even in a private network.",
)  # fmt: skip
BYPASS_SECRET = option(
    "--bypass-secret", default="", envvar="GRADER_BYPASS_SECRET", show_envvar=True,
    read=reading.secret, metavar="SECRET",
    help="Opens a protected Vercel deployment; better given by the environment.",
)  # fmt: skip


@dataclass(frozen=True)
class Patience:
    """How a deployment is asked, and how long it is waited for."""

    timeout: float = TIMEOUT
    wake_timeout: float | None = WAKE_TIMEOUT
    degraded_after: float = option(
        "--degraded-after", type=kinds.SECONDS, default=2, show_default=True, metavar="SECONDS",
        help="After how long a right answer is called slow; it costs nothing.",
    )  # fmt: skip
    allow_private: bool = ALLOW_PRIVATE

    def limits(self) -> Limits:
        """The same values for the services."""
        from grader.model import Limits

        return Limits(
            self.timeout, self.wake_timeout, self.allow_private, degraded_after=self.degraded_after
        )


@dataclass(frozen=True)
class Asking:
    """What is asked, through which probes, and with how much patience."""

    battery: str = BATTERY
    seed: int | None = SEED
    probes: tuple[ProbeKind, ...] = option(
        "--probe", default="api", show_default=True, read=reading.probes,
        metavar="api,page,browser",
        help="How questions are asked; with several, points are shared among them.",
    )  # fmt: skip
    patience: Patience = group(Patience)

    def limits(self) -> Limits:
        """How a deployment is asked."""
        return replace(self.patience.limits(), probes=self.probes)


def is_given(name: str) -> bool:
    """Whether the field `name` was given as an option, and is not the default."""
    from click.core import ParameterSource

    return click.get_current_context().get_parameter_source(name) is not ParameterSource.DEFAULT
