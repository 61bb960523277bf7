"""From samples to incidents; pure.

There is no clock here: time is what the samples tell. So the same samples make the same incidents
in a watcher, in a pipeline, and after a restart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from grader.delivery.watch.causes import cause_of
from grader.delivery.watch.indicators import counts, is_same
from grader.delivery.watch.values import (
    AppView,
    Incident,
    IncidentEvent,
    Look,
    Moment,
    Objectives,
    Pauses,
    Sample,
    Standing,
    Status,
    Step,
    Target,
)
from grader.delivery.watch.windows import Window

# So many targets, of which more than half fail at once, have most likely not failed themselves.
_LEAST_TARGETS = 5
# So many good looks end an incident. Each earlier incident of the last hour doubles that.
_GOOD_LOOKS = 2
_MOST_DOUBLINGS = 4
_HOUR = timedelta(hours=1)


class _Watched:
    """One target, and what is known of it."""

    def __init__(self, target: Target, objectives: Objectives) -> None:
        self.target = target
        self.window = Window(objectives)
        self.last: Sample | None = None
        self.app: AppView | None = None
        self.is_failing = False
        self.commit: str | None = None
        self.commit_since: datetime | None = None
        self.paused = ""
        self.incident: Incident | None = None
        self.ended: list[datetime] = []
        self.good_looks = 0

    def add(self, sample: Sample) -> None:
        if sample.commit and not is_same(sample.commit, self.commit):
            self.commit_since = None if self.commit is None else sample.at
            self.commit = sample.commit
        self.window.add(sample)
        self.last = sample
        self.app = sample.app or self.app
        self.is_failing = not counts(sample) or self.window.is_bad(sample)

    def good_looks_needed(self, now: datetime) -> int:
        """How many good looks in a row end its incident. A target that flaps needs more."""
        lately = sum(now - ended < _HOUR for ended in self.ended)
        return _GOOD_LOOKS << min(lately, _MOST_DOUBLINGS)


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
        self._watched = {each.url: _Watched(each, objectives) for each in targets}
        self._next_id = next_id
        self.ourselves = ""
        """Why this machine itself is suspected; empty if it is not."""
        for incident in incidents:
            watched = self._watched.get(incident.target)
            if watched is not None and incident.ended_at is None:
                watched.incident = incident
            elif watched is not None and incident.ended_at is not None:
                watched.ended.append(incident.ended_at)

    def recall(self, url: str, sample: Sample) -> None:
        """Take a sample of an earlier watcher: its incidents are known already."""
        if url in self._watched:
            self._add(self._watched[url], sample)

    def take(self, url: str, sample: Sample) -> tuple[Look, tuple[IncidentEvent, ...]]:
        """Take a new sample of a target."""
        watched = self._watched[url]
        commit = watched.commit
        self._add(watched, sample)
        standings = watched.window.standings(sample.at)
        events: list[IncidentEvent] = []
        if not self.ourselves and counts(sample):
            events += self._moved(watched, sample, standings, commit)
        return Look(self._status(watched, sample.at, standings), sample), tuple(events)

    def pause(self, pauses: Pauses) -> None:
        """From now on these targets are paused, and no others."""
        for url, watched in self._watched.items():
            watched.paused = pauses.get(url, "")

    def paused(self, url: str, at: datetime) -> Look:
        """What is to be told of a target that is paused."""
        watched = self._watched[url]
        return Look(self._status(watched, at, watched.window.standings(at)), None)

    def _add(self, watched: _Watched, sample: Sample) -> None:
        watched.add(sample)
        # Whoever has an incident failed before, and not at once with the others.
        others = [each for each in self._watched.values() if not (each.paused or each.incident)]
        failing = [each for each in others if each.is_failing]
        if len(others) < _LEAST_TARGETS or 2 * len(failing) <= len(others):
            self.ourselves = ""
            return
        self.ourselves = (
            f"{len(failing)} of {len(others)} targets fail at once: most likely it is this machine "
            "or its network, so nobody is alerted and nothing is rolled back"
        )
        for each in failing:
            each.window.forgive()

    def _moved(
        self,
        watched: _Watched,
        sample: Sample,
        standings: Sequence[Standing],
        commit: str | None,
    ) -> list[IncidentEvent]:
        missed = [each for each in standings if each.missed]
        if watched.incident is None:
            return [self._started(watched, sample, missed)] if missed else []
        known = watched.incident.objectives
        moments = [
            f"Missed as well: {cause_of(each, watched.window, sample.at)}"
            for each in missed
            if each.objective.name not in known
        ]
        if commit and watched.commit and not is_same(commit, watched.commit):
            moments.append(f"Release {watched.commit} answers instead of {commit}")
        names = (*known, *(each.objective.name for each in missed))
        incident = replace(watched.incident, objectives=tuple(dict.fromkeys(names)))
        is_good = not missed and not watched.window.is_bad(sample)
        watched.good_looks = watched.good_looks + 1 if is_good else 0
        step = Step.CHANGED
        if watched.good_looks >= watched.good_looks_needed(sample.at):
            step = Step.ENDED
            moments.append(f"Over: {watched.good_looks} good looks in a row")
            incident = replace(incident, ended_at=sample.at)
        if not moments:
            return []
        told = tuple(Moment(sample.at, words) for words in moments)
        incident = replace(incident, timeline=(*incident.timeline, *told))
        watched.incident = incident
        if step is Step.ENDED:
            watched.incident = None
            watched.ended.append(sample.at)
        return [IncidentEvent(step, incident, sample.at)]

    def _started(
        self, watched: _Watched, sample: Sample, missed: Sequence[Standing]
    ) -> IncidentEvent:
        cause = "; ".join(cause_of(each, watched.window, sample.at) for each in missed)
        incident = Incident(
            id=self._next_id,
            target=watched.target.url,
            objective=missed[0].objective.name,
            objectives=tuple(each.objective.name for each in missed),
            started_at=sample.at,
            cause=cause,
            commit=watched.commit,
            commit_since=watched.commit_since,
            timeline=(Moment(sample.at, f"Missed: {cause}"),),
        )
        self._next_id += 1
        watched.incident = incident
        watched.good_looks = 0
        return IncidentEvent(Step.STARTED, incident, sample.at)

    def _status(self, watched: _Watched, at: datetime, standings: tuple[Standing, ...]) -> Status:
        last = watched.last
        looks, right, available, errors = watched.window.shares()
        median, p95 = watched.window.latencies()
        return Status(
            target=watched.target,
            at=at,
            outcome=last.outcome if last else None,
            words=last.words if last else "",
            looks=looks,
            right=right,
            available=available,
            errors=errors,
            median_ms=median,
            p95_ms=p95,
            commit=watched.commit,
            commit_since=watched.commit_since,
            certificate_expires_at=last.certificate_expires_at if last else None,
            standings=standings,
            incident=watched.incident,
            paused=watched.paused,
            ourselves=self.ourselves,
            app=watched.app,
        )
