"""The command `watch`: deployments are watched from outside."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options, reading
from grader.cli.commands import argument, command, group, option
from grader.cli.exit_codes import DONE, FALLS_SHORT
from grader.cli.output import say
from grader.cli.watch_options import Acting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from grader.delivery.watch import History, IncidentEvent, Look, Plan, Status
    from grader.model import Target


_NAMED = 5  # addresses that a warning names


@dataclass(frozen=True)
class _Watch:
    """Watch deployed apps from outside: what they answer, how fast, which release, for how long.

    The looks of the last hour and the minutes of a month are kept in --store. Started again with
    the same store, it goes on with the incidents that are open.
    """

    urls: tuple[str, ...] = argument(
        nargs=-1, type=kinds.TEXT, metavar="URL...", help="The addresses of the deployed apps.",
    )  # fmt: skip
    every: float = option(
        "--every", type=kinds.Number(0.1, 3600), default=5, show_default=True, metavar="SECONDS",
        help="How long from look to look at one app.",
    )  # fmt: skip
    minutes: float | None = option(
        "--minutes", type=kinds.Number(0, 1_000_000, above=True), metavar="N",
        help="Stop after so many minutes.  [default: never]",
    )  # fmt: skip
    once: bool = option(
        "--once", is_flag=True,
        help="For cron: make only as many looks as decide something (12 at each app), a second "
        "apart or --every if that is shorter, and end.",
    )  # fmt: skip
    objectives: Path | None = option(
        "--objectives", type=kinds.FILE, metavar="FILE",
        help="What is expected, as TOML.  [default: 99 % right and 95 % within 800 ms over five "
        "minutes]",
    )  # fmt: skip
    store: Path | None = option(
        "--store", type=kinds.NEW_FOLDER, metavar="DIR",
        help="Where the history is kept; without it, nothing is kept.",
    )  # fmt: skip
    pause: dict[str, str] = option(
        "--pause", multiple=True, type=kinds.TEXT,
        read=reading.pairs("--pause https://your-app.vercel.app=maintenance"),
        metavar="URL=REASON",
        help="Ask this app no more until --resume; a watcher of the same store heeds it after its "
        "next look.",
    )  # fmt: skip
    resume: tuple[str, ...] = option(
        "--resume", multiple=True, type=kinds.TEXT, metavar="URL", help="End a pause.",
    )  # fmt: skip
    acting: Acting = group(Acting)
    battery: str = options.BATTERY
    andrew_id: str = option(
        "--andrew-id", default="", type=kinds.TEXT, metavar="ID", envvar="GRADER_ANDREW_ID",
        show_envvar=True, help="The student's id; without it, no app is asked for one.",
    )  # fmt: skip
    timeout: float = options.TIMEOUT
    allow_private: bool = options.ALLOW_PRIVATE
    bypass_secret: str = options.BYPASS_SECRET
    form: str = option(
        "--format", default="text", show_default=True, type=click.Choice(["text", "json"]),
        help="For people, or a line of JSON for each look and each step of an incident, and a last "
        "one with the end.",
    )  # fmt: skip

    def __call__(self) -> None:
        if not (self.urls or self.pause or self.resume):
            raise click.UsageError("Write at least one address: grader watch http://localhost:3000")
        if not (self.urls or self.store):
            raise click.UsageError("Say which watcher is meant: --store DIR")
        if self.acting.act and not self.store:
            raise click.UsageError("--act needs --store DIR, which keeps what was begun")
        with self._history() as history:
            self._heed(history)
            if self.urls:
                self._watch(history)

    @contextlib.contextmanager
    def _history(self) -> Iterator[History]:
        from grader.delivery.watch import open_history
        from grader.store import exclusive

        with contextlib.ExitStack() as stack:
            folder = self.store or Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-watch-"))
            )
            folder.mkdir(parents=True, exist_ok=True)
            if self.urls:  # to pause is allowed beside a watcher
                stack.enter_context(exclusive(folder))
            yield stack.enter_context(contextlib.closing(open_history(folder)))

    def _heed(self, history: History) -> None:
        """Begin and end pauses."""
        history.enroll(each.url for each in self._targets(self.urls))
        for target, reason in zip(self._targets(self.pause), self.pause.values(), strict=True):
            history.pause(target.url, reason)
            say(f"Paused: {target.url} ({reason})", err=True)
            _warn_unless_met(target.url, history)
        for target in self._targets(self.resume):
            if target.url in history.pauses():
                history.pause(target.url, "")
                say(f"Watched again: {target.url}", err=True)
            else:
                say(f"Was not paused: {target.url}", err=True)
                _warn_unless_met(target.url, history)

    def _watch(self, history: History) -> None:
        from grader.delivery.watch import Look, watch

        statuses: dict[str, Status] = {}
        plan = self._plan()
        with (
            self._showing(len(plan.targets)) as show,
            self.acting.listening(
                history, plan.targets, self.every, allow_private=self.allow_private
            ) as hear,
            contextlib.closing(watch(plan, history)) as events,
        ):
            for event in events:
                if isinstance(event, Look):
                    statuses[event.target.url] = event.status
                show(event)
                hear(event)
        self._say_end(statuses, history)
        missed = any(each.missed for each in statuses.values() if not each.paused)
        sys.exit(FALLS_SHORT if missed else DONE)

    @contextlib.contextmanager
    def _showing(self, targets: int) -> Iterator[Callable[[Look | IncidentEvent], None]]:
        from grader.cli import watch_words
        from grader.cli.watch_table import Screen
        from grader.delivery.watch import IncidentEvent, in_json

        def show_step(event: Look | IncidentEvent) -> None:
            if isinstance(event, IncidentEvent):
                say(watch_words.event(event))

        if self.form == "json":
            yield lambda event: say(json.dumps(in_json.event(event)))
        elif self.once:
            yield show_step
        else:
            with Screen(targets) as screen:
                yield screen.tell

    def _say_end(self, statuses: Mapping[str, Status], history: History) -> None:
        from grader.cli import watch_words
        from grader.delivery.watch import in_json
        from grader.delivery.watch.history import HOUR
        from grader.delivery.watch.incidents import incidents
        from grader.delivery.watch.moments import now

        if self.form == "text":
            for status in statuses.values():
                say(watch_words.standings(status))
            return
        with history.reading() as connection:
            lately = incidents(connection, since=now() - HOUR)
        end = in_json.document(statuses.values(), lately, now())
        say(json.dumps({"event": "end", **end}))

    def _plan(self) -> Plan:
        from grader.delivery.watch import Plan
        from grader.delivery.watch.objectives import DEFAULT, load_objectives
        from grader.questions import load_battery
        from grader.services.deployments import drawn

        return Plan(
            targets=self._targets(self.urls),
            objectives=load_objectives(self.objectives) if self.objectives else DEFAULT,
            battery=load_battery(self.battery),
            seed=drawn(None),
            every=self.every,
            minutes=self.minutes,
            once=self.once,
        )

    def _targets(self, urls: Iterable[str]) -> tuple[Target, ...]:
        from grader.model import Limits
        from grader.services.submissions import target_of

        limits = Limits(self.timeout, allow_private=self.allow_private)
        secret = self.bypass_secret
        return tuple(target_of(url, self.andrew_id, limits, bypass_secret=secret) for url in urls)


def _warn_unless_met(url: str, history: History) -> None:
    """What is said of a mistyped address changes nothing, though a watcher may begin with it."""
    from grader.text.cutting import some_of

    met = history.watched()
    if url in met:
        return
    known = some_of(met, _NAMED) or "no address yet"
    say(f"No watcher of this store has met {url}: is it right? The store knows {known}.", err=True)


_WATCHED = {
    DONE: "The time is over, and no objective is missed; or a pause has begun or ended.",
    FALLS_SHORT: "An objective is missed at the end.",
}
COMMANDS = (command("watch", _Watch, _WATCHED),)
