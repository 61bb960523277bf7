"""The page of a watcher: one file that holds all it needs, and is made anew all the time."""

import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from grader.delivery.watch import causes, charts, in_json
from grader.delivery.watch.charts import LOOKS
from grader.delivery.watch.history import HOUR, History, minutes, samples
from grader.delivery.watch.incidents import incidents
from grader.delivery.watch.messages import lasted
from grader.delivery.watch.moments import now
from grader.delivery.watch.shown import Shown, half_hours
from grader.delivery.watch.values import Incident, IncidentEvent, Look, Sample, Status
from grader.formats.pages import page
from grader.model import Target
from grader.store import write_private

DAY = timedelta(days=1)
KEPT = timedelta(days=7)
"""Incidents that ended earlier are not on the page."""
_MOST_INCIDENTS = 50
_REFRESH = 10.0
# Of a core, at most this part is spent on the page: it is made less often if it is large.
_MOST_SPENT = 0.02
# If there are more targets, the charts of those that keep their objectives are folded.
_UNFOLDED = 6


def render(
    targets: Sequence[Shown],
    happened: Sequence[Incident],
    at: datetime,
    refresh: float | None,
    other: str,
    data: str,
) -> str:
    """Write the page.

    Args:
        targets: in their order.
        happened: incidents, newest first.
        at: this moment.
        refresh: seconds until the page loads itself again; None if it stands still.
        other: the file name of the page that stands still, or of the one that does not.
        data: the file name of the same as JSON.
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
        "data": data,
        "folded": len(targets) > _UNFOLDED,
        "charts": charts,
        "causes": causes,
        "lasted": lasted,
    }
    return page("watch.html", context, package="grader.delivery", style="charts.css")


class PageFile:
    """Keeps a page up to date, and beside it a copy that stands still, and the same as JSON."""

    def __init__(
        self, path: Path, history: History, targets: Sequence[Target], every: float
    ) -> None:
        self._path = path
        self._still = path.with_name(f"{path.stem}-still{path.suffix}")
        self._json = path.with_name(f"{path.stem}.json")
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
        """Write the page now, the copy, and the JSON.

        Raises:
            OSError: if the folder cannot be written.
        """
        began = time.thread_time()
        self._due = time.monotonic() + self._refresh
        at = now()
        with self._history.reading() as connection:
            happened = incidents(connection, since=at - KEPT)
            days = half_hours(connection, at - DAY)
            shown = [
                Shown(
                    status,
                    tuple(self._looks[url]),
                    minutes(connection, url, at - HOUR),
                    days.get(url, ()),
                )
                for url, status in self._statuses.items()
            ]
        ours = [each for each in happened if each.target in self._looks]
        write_private(self._json, [json.dumps(in_json.page(shown, ours, at))])
        still = render(shown, ours, at, None, self._path.name, self._json.name)
        live = render(shown, ours, at, self._refresh, self._still.name, self._json.name)
        write_private(self._still, [still])
        write_private(self._path, [live])
        self._refresh = max(_REFRESH, (time.thread_time() - began) / _MOST_SPENT)
