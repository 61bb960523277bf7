"""From samples to incidents; pure.

There is no clock here: time is what the samples tell. So the same samples make the same incidents
in a watcher, in a pipeline, and after a restart.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from grader.delivery.watch.indicators import counts
from grader.delivery.watch.values import (
    Incident,
    IncidentEvent,
    Look,
    Objectives,
    Pauses,
    Sample,
    Standing,
)
from grader.delivery.watch.watched import Watched
from grader.model import Target

# Of so many targets, more than half that fail at once have most likely not failed themselves.
_LEAST_TARGETS = 5
_LEAST_FAILING = 3  # more than half of them


class Evaluation:
    """Takes samples in the order of their time, and tells what they mean."""

    def __init__(
        self,
        targets: Iterable[Target],
        objectives: Objectives,
        *,
        incidents: Iterable[Incident] = (),
        next_id: int = 1,
    ) -> None:
        """Go on with `incidents` of earlier; a new one gets `next_id`, the following ones count on.

        Only those matter that are open, or ended less than an hour ago.
        """
        self._watched = {each.url: Watched(each, objectives) for each in targets}
        self._next_id = next_id
        self._ourselves = ""
        for incident in incidents:
            if incident.target in self._watched:
                self._watched[incident.target].go_on_from(incident)

    def recall(self, url: str, sample: Sample) -> None:
        """Take a sample of an earlier watcher: its incidents are known already."""
        if url in self._watched:
            self._watched[url].recall(sample)
            self._suspect()

    def take(self, url: str, sample: Sample) -> tuple[Look, tuple[IncidentEvent, ...]]:
        """Take a new sample of a target."""
        watched = self._watched[url]
        news = watched.add(sample)
        self._suspect()
        standings = watched.standings(sample.at)
        event = self._event(watched, sample, standings, news) if counts(sample) else None
        look = Look(watched.status(sample.at, standings, self._ourselves), sample)
        return look, (event,) if event else ()

    def pause(self, pauses: Pauses, at: datetime) -> tuple[IncidentEvent, ...]:
        """From now on these targets are paused, and no others."""
        events = (each.pause(pauses.get(url, ""), at) for url, each in self._watched.items())
        return tuple(event for event in events if event)

    def paused(self, url: str, at: datetime) -> Look:
        """What is to be told of a target that is paused."""
        watched = self._watched[url]
        return Look(watched.status(at, watched.standings(at), self._ourselves), None)

    def _suspect(self) -> None:
        """Find out whether this machine itself is to blame for what fails."""
        others = self._without_incident()
        failing = [each for each in others if each.failing_since]
        self._ourselves = ""
        if self._can_tell(others) and len(failing) >= max(_LEAST_FAILING, len(others) // 2 + 1):
            self._ourselves = (
                f"{len(failing)} of {len(others)} targets fail at once: most likely it is this "
                "machine or its network, so nobody is alerted and nothing is rolled back"
            )
            for each in failing:
                each.forgive()

    def _event(
        self, watched: Watched, sample: Sample, standings: tuple[Standing, ...], news: str
    ) -> IncidentEvent | None:
        missed = [each for each in standings if each.missed]
        if watched.incident is not None:
            return watched.go_on(watched.incident, sample, missed, news)
        if not missed or self._ourselves or self._may_be_ourselves(watched):
            return None
        event = watched.start(self._next_id, sample.at, missed)
        self._next_id += 1
        return event

    def _may_be_ourselves(self, watched: Watched) -> bool:
        """Whether not all others have been looked at since this one fails: they may fail, too."""
        since, others = watched.failing_since, self._without_incident()
        if since is None or not self._can_tell(others):
            return False
        return any(each.last is not None and each.last.at < since for each in others)

    def _can_tell(self, others: Sequence[Watched]) -> bool:
        """Whether there are enough targets for a judgement on ourselves."""
        watched = sum(not each.paused for each in self._watched.values())
        return watched >= _LEAST_TARGETS and len(others) >= _LEAST_FAILING

    def _without_incident(self) -> list[Watched]:
        """Whoever has an incident failed before the others, and not at once with them."""
        return [each for each in self._watched.values() if not (each.paused or each.incident)]
