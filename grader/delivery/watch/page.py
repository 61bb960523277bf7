"""The page of a watcher: one file that holds all it needs, and is made anew all the time."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from grader.delivery.watch.causes import measured, wanted
from grader.delivery.watch.charts import LOOKS, heartbeats, latency_chart, right_chart
from grader.delivery.watch.history import HOUR, History, minutes, samples
from grader.delivery.watch.incidents import incidents
from grader.delivery.watch.messages import lasted
from grader.delivery.watch.moments import now
from grader.delivery.watch.values import (
    Incident,
    IncidentEvent,
    Indicator,
    Look,
    Minute,
    Sample,
    Status,
    Target,
)
from grader.formats.pages import page
from grader.store import write_private

KEPT = timedelta(days=7)
"""Incidents that ended earlier are not on the page."""
_MOST_INCIDENTS = 50
_REFRESH = 10.0
# Of a core, at most this part is spent on the page: it is made less often if it is large.
_MOST_SPENT = 0.02
# If there are more targets, the charts of those that keep their objectives are folded.
_UNFOLDED = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """A target as it is now, its last looks, and the minutes of the last hour."""

    status: Status
    looks: Sequence[Sample] = ()
    minutes: Sequence[Minute] = ()

    @property
    def tone(self) -> str:
        """The colour of the state."""
        status = self.status
        if status.paused or status.ourselves or status.outcome is None:
            return "mute"
        return "bad" if status.missed else "good"

    @property
    def state(self) -> str:
        """The state in words."""
        status = self.status
        if status.paused:
            return "paused"
        if status.ourselves:
            return "not judged"
        if status.outcome is None:
            return "no look yet"
        return "misses an objective" if status.missed else "keeps its objectives"

    @property
    def bound(self) -> float | None:
        """The milliseconds that an objective allows."""
        objectives = (each.objective for each in self.status.standings)
        return next(
            (each.bound for each in objectives if each.indicator is Indicator.LATENCY), None
        )


def render(
    targets: Sequence[Shown],
    happened: Sequence[Incident],
    at: datetime,
    refresh: float | None,
    other: str,
) -> str:
    """Write the page.

    Args:
        targets: in their order.
        happened: incidents, newest first.
        at: this moment.
        refresh: seconds until the page loads itself again; None if it stands still.
        other: the file name of the page that stands still, or of the one that does not.
    """
    watched = [each for each in targets if not each.status.paused]
    context = {
        "targets": targets,
        "incidents": happened[:_MOST_INCIDENTS],
        "older": max(0, len(happened) - _MOST_INCIDENTS),
        "missed": sum(each.status.missed for each in watched),
        "watched": len(watched),
        "ourselves": next((each.status.ourselves for each in watched if each.status.ourselves), ""),
        "at": at,
        "since": at - HOUR,
        "refresh": refresh,
        "other": other,
        "folded": len(targets) > _UNFOLDED,
        "heartbeats": heartbeats,
        "right_chart": right_chart,
        "latency_chart": latency_chart,
        "lasted": lasted,
        "measured": measured,
        "wanted": wanted,
    }
    return page("watch.html", context, package="grader.delivery", style="charts.css")


class PageFile:
    """Keeps a page up to date, and beside it a copy of it that stands still."""

    def __init__(
        self, path: Path, history: History, targets: Sequence[Target], every: float
    ) -> None:
        self._path = path
        self._still = path.with_name(f"{path.stem}-still{path.suffix}")
        self._history = history
        self._statuses: dict[str, Status] = {}
        self._looks: Mapping[str, deque[Sample]] = {
            each.url: deque(maxlen=LOOKS) for each in targets
        }
        self._refresh = _REFRESH
        self._due = time.monotonic()
        earlier = now() - timedelta(seconds=min(LOOKS * every, HOUR.total_seconds()))
        with history.reading() as connection:
            for url, sample in samples(connection, earlier):
                if url in self._looks:
                    self._looks[url].append(sample)

    def heard(self, event: Look | IncidentEvent) -> None:
        """Take an event; write the page if it is time, and soon if it is about an incident.

        Raises:
            OSError: if it cannot be written.
        """
        if isinstance(event, Look):
            self._statuses[event.target.url] = event.status
            if event.sample is not None:
                self._looks[event.target.url].append(event.sample)
        elif event.incident.target in self._statuses:
            self._due = min(self._due, time.monotonic() + 1.0)
        if time.monotonic() >= self._due and len(self._statuses) == len(self._looks):
            self.write()

    def write(self) -> None:
        """Write the page now, and the copy.

        Raises:
            OSError: if the folder cannot be written.
        """
        began = time.thread_time()
        self._due = time.monotonic() + self._refresh
        at = now()
        with self._history.reading() as connection:
            happened = incidents(connection, since=at - KEPT)
            shown = [
                Shown(status, tuple(self._looks[url]), minutes(connection, url, at - HOUR))
                for url, status in self._statuses.items()
            ]
        ours = [each for each in happened if each.target in self._looks]
        still = render(shown, ours, at, None, self._path.name)
        live = render(shown, ours, at, self._refresh, self._still.name)
        write_private(self._still, [still])
        write_private(self._path, [live])
        self._refresh = max(_REFRESH, (time.thread_time() - began) / _MOST_SPENT)
        self._due = time.monotonic() + self._refresh
