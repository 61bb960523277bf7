"""What `watch` does about what it sees: alerts, a rollback, a page."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options
from grader.cli.commands import option
from grader.cli.output import say
from grader.cli.releases_options import PIPELINE, PLATFORMS, platform_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from grader.delivery.releases.platform import Platform
    from grader.delivery.watch import History, Look
    from grader.delivery.watch.actions import Rollbacks
    from grader.delivery.watch.alerts import Alerts, Channel
    from grader.delivery.watch.command import Command
    from grader.delivery.watch.values import IncidentEvent
    from grader.model import Target

    Hear = Callable[[Look | IncidentEvent], None]

_MINUTES = kinds.Number(0, 60 * 24 * 7, above=True)
# What is under way at a regular end is waited for: a platform may take its time. Ctrl-C does not
# wait, since the next start goes on with it.
_PATIENCE, _HASTE = 1800.0, 1.0


def _say(words: str) -> None:
    """Print what was done about an incident: any thread may, also while there is a table."""
    from grader.cli.watch_words import clock
    from grader.delivery.watch.moments import now

    say(f"{clock(now())} {words}", err=True)


@contextlib.contextmanager
def _page_faults() -> Iterator[None]:
    """Say that the page cannot be written, and watch on."""
    try:
        yield
    except OSError as error:
        _say(f"The page {error.filename} was not written: {error.strerror}")


def _in_a_folder(path: Path) -> Path:
    """The page's file, if its folder is there and can be written, and its data has another name."""
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}: make it first")
    if path.suffix == ".json":
        raise ValueError(f"what the page shows is written to {path}, too: name it {path.stem}.html")
    try:
        # Only to try is sure: rights alone do not tell of a disk that is full or cannot be written.
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", dir=path.parent):
            return path
    except OSError as error:
        raise ValueError(
            f"{path} cannot be written ({error.strerror}): name a file in another folder"
        ) from None


def _program(line: str) -> Command:
    from grader.delivery.watch.command import Command

    return Command.of(line)


def _alerts(engine: Engine, channels: Sequence[Channel], history: History) -> Alerts:
    from grader.delivery.watch.alerts import Alerts
    from grader.delivery.watch.history import HOUR
    from grader.delivery.watch.incidents import incidents
    from grader.delivery.watch.moments import now

    alerts = Alerts(engine, channels, _say)
    with history.reading() as connection:
        alerts.catch_up(incidents(connection, since=now() - HOUR))
    return alerts


@dataclass(frozen=True)
class Acting:
    """What is done about incidents, besides telling them here."""

    page: Path | None = option(
        "--page", type=kinds.NEW_FILE, read=_in_a_folder, metavar="FILE",
        help="A page with all that is known, which refreshes itself: made anew all the time.",
    )  # fmt: skip
    webhook_format: str = option(
        "--webhook-format", type=click.Choice(["json", "slack"]), default="json",
        show_default=True,
        help="How alerts are sent to the address in $GRADER_WEBHOOK: our JSON, or Slack's. They "
        "are signed with $GRADER_WEBHOOK_SECRET, if that is set.",
    )  # fmt: skip
    program: Command | None = option(
        "--command", type=kinds.TEXT, read=_program, metavar="LINE",
        help="A program that gets each alert as JSON on its standard input; no shell reads the "
        "line.",
    )  # fmt: skip
    platform: str | None = option(
        "--platform", type=click.Choice(PLATFORMS),
        help="Who serves the app: what breaks soon after a release is rolled back there. For its "
        "token see grader releases.",
    )  # fmt: skip
    project: str = option(
        "--project", default="", type=kinds.TEXT, metavar="ID",
        help="What the platform calls it, as in grader releases.",
    )  # fmt: skip
    pipeline: Path | None = PIPELINE
    act: bool = option(
        "--act", is_flag=True,
        help="Do roll back. Without it, it is only said what would be done.",
    )  # fmt: skip
    watch_time: float = option(
        "--watch-time", type=_MINUTES, default=10, show_default=True, metavar="MINUTES",
        help="How long after a release a breach is taken for its fault.",
    )  # fmt: skip
    cool_down: float = option(
        "--cool-down", type=_MINUTES, default=30, show_default=True, metavar="MINUTES",
        help="How long after a rollback there is no other one.",
    )  # fmt: skip

    @contextlib.contextmanager
    def listening(
        self, history: History, targets: Sequence[Target], every: float, *, allow_private: bool
    ) -> Iterator[Hear]:
        """Give what hears each event. `allow_private` opens a webhook in a private network."""
        from grader.delivery.watch import IncidentEvent
        from grader.delivery.watch.acting_tables import open_acting
        from grader.delivery.watch.page import PageFile

        platform, channels = self._platform(targets), self._channels(allow_private)
        with open_acting(history.engine) as engine:
            page = PageFile(self.page, history, targets, every) if self.page else None
            alerts = _alerts(engine, channels, history)
            rollbacks = self._rollbacks(engine, targets[0], platform) if platform else None
            patience = _HASTE
            try:

                def hear(event: Look | IncidentEvent) -> None:
                    if isinstance(event, IncidentEvent):
                        alerts.heard(event)
                        if rollbacks is not None:
                            rollbacks.heard(event)
                    if page is not None:
                        with _page_faults():
                            page.heard(event)

                yield hear
                patience = _PATIENCE
            finally:
                if rollbacks is not None:
                    rollbacks.close(patience)
                alerts.close(patience)
                if page is not None:
                    with _page_faults():
                        page.write()

    def _channels(self, allow_private: bool) -> list[Channel]:
        from grader.delivery.watch.webhook import Webhook, WebhookFormat

        shape = WebhookFormat(self.webhook_format)
        webhook = Webhook.of(os.environ, shape, allow_private=allow_private)
        if webhook is None and options.is_given("webhook_format"):
            raise click.UsageError("Put the webhook's address into $GRADER_WEBHOOK")
        return [channel for channel in (webhook, self.program) if channel is not None]

    def _platform(self, targets: Sequence[Target]) -> Platform | None:
        if self.platform is None:
            if self.act or self.project:
                raise click.UsageError("Say who serves the app: --platform NAME --project ID")
            return None
        if len(targets) != 1:
            raise click.UsageError(
                "A rollback concerns one app: give one address with --platform, and watch the "
                "others with another command and another --store"
            )
        return platform_of(self.platform, self.project, self.pipeline)

    def _rollbacks(self, engine: Engine, target: Target, platform: Platform) -> Rollbacks:
        from grader.delivery.watch.actions import Rollbacks
        from grader.delivery.watch.rollback import Policy

        watch_time, cool_down = (
            timedelta(minutes=each) for each in (self.watch_time, self.cool_down)
        )
        return Rollbacks(engine, target, platform, Policy(self.act, watch_time, cool_down), _say)
