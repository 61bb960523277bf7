"""One target: its samples, and the incident that it is in; pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from grader.delivery.watch.causes import cause_of
from grader.delivery.watch.indicators import counts, is_same
from grader.delivery.watch.values import (
    AppView,
    Incident,
    IncidentEvent,
    Moment,
    Objectives,
    Recovery,
    Sample,
    Standing,
    Status,
    Step,
)
from grader.delivery.watch.windows import LATELY, Window
from grader.model import Target

# So many good looks in a row end an incident. Each earlier one of the last hour doubles that.
_GOOD_LOOKS = 2
_MOST_DOUBLINGS = 4
_HOUR = timedelta(hours=1)
# An app can tell another release at each look, and nobody reads so many lines.
_MOST_LINES = 100
_BY_TURNS = "Different releases answer by turns: no more of that is told here"
_NO_MORE = "So much happens that no more of it is told here"


class Watched:
    """What is known of a target."""

    def __init__(self, target: Target, objectives: Objectives) -> None:
        self.target = target
        self.paused = ""
        self.incident: Incident | None = None
        self.last: Sample | None = None
        self.failing_since: datetime | None = None
        """Since when each look was bad, or could not be made; None if the last one was good."""
        self._window = Window(objectives)
        self._app: AppView | None = None
        self._commit: str | None = None
        self._commit_since: datetime | None = None
        self._ended: list[datetime] = []
        self._good_looks = 0
        self._good_since: datetime | None = None
        self._good_lately = 0

    def go_on_from(self, incident: Incident) -> None:
        """Take over an incident of an earlier watcher."""
        if incident.ended_at is None:
            self.incident = incident
        else:
            self._ended.append(incident.ended_at)

    def add(self, sample: Sample) -> str:
        """Take a sample. If it tells of another release than before, that in words."""
        self._window.add(sample)
        self.last = sample
        self._app = sample.app or self._app
        self._note(sample)
        if not sample.commit or is_same(sample.commit, self._commit):
            return ""
        before, self._commit = self._commit, sample.commit
        if before is None:
            return ""
        self._commit_since = sample.at
        return f"Release {sample.commit} answers instead of {before}"

    def recall(self, sample: Sample) -> None:
        """Take a sample of an earlier watcher, which has told what it meant."""
        self.add(sample)
        if self.incident and counts(sample):
            self._count(sample, [each for each in self.standings(sample.at) if each.missed])

    def forgive(self) -> None:
        """Take back the bad looks since the last good one: they were our own fault."""
        self._window.forgive()

    def standings(self, now: datetime) -> tuple[Standing, ...]:
        """How each objective stands."""
        return self._window.standings(now)

    def start(self, id_: int, at: datetime, missed: Sequence[Standing]) -> IncidentEvent:
        """Begin an incident."""
        cause = "; ".join(self._cause(each, at) for each in missed)
        self._good_looks = 0
        self.incident = Incident(
            id=id_,
            target=self.target.url,
            objective=missed[0].objective.name,
            objectives=tuple(each.objective.name for each in missed),
            started_at=at,
            cause=cause,
            commit=self._commit,
            commit_since=self._commit_since,
            timeline=(Moment(at, f"Missed: {cause}"),),
        )
        return IncidentEvent(Step.STARTED, self.incident, at)

    def go_on(
        self, incident: Incident, sample: Sample, missed: Sequence[Standing], news: str
    ) -> IncidentEvent | None:
        """Go on with the open incident, or end it; None if nothing is to be told of that."""
        more = [each for each in missed if each.objective.name not in incident.objectives]
        told = [f"Missed as well: {self._cause(each, sample.at)}" for each in more]
        told += _not_too_often(incident, news)
        self._count(sample, missed)
        ended_at = sample.at if self._good_looks >= self._good_looks_needed(sample.at) else None
        if ended_at:
            told.append(f"Over: {self._good_looks} good looks in a row")
        if not told:
            return None
        names = (*incident.objectives, *(each.objective.name for each in more))
        event = self._noted(replace(incident, objectives=names, ended_at=ended_at), sample.at, told)
        if ended_at:
            self.incident = None
            self._ended.append(ended_at)
        return event

    def pause(self, reason: str, at: datetime) -> IncidentEvent | None:
        """Be paused from now on, or not if there is no reason."""
        if reason == self.paused:
            return None
        self.paused = reason
        if self.incident is None:
            return None
        words = f"Paused: {reason}" if reason else "Watched again"
        told = _as_it_fits(self.incident, words)
        return self._noted(self.incident, at, told) if told else None

    def status(self, now: datetime, standings: tuple[Standing, ...], ourselves: str) -> Status:
        """How the target is."""
        last = self.last
        looks, right, available, errors = self._window.shares()
        median, p95 = self._window.latencies()
        return Status(
            target=self.target,
            at=now,
            outcome=last.outcome if last else None,
            words=last.words if last else "",
            looks=looks,
            right=right,
            available=available,
            errors=errors,
            median_ms=median,
            p95_ms=p95,
            commit=self._commit,
            commit_since=self._commit_since,
            certificate_expires_at=last.certificate_expires_at if last else None,
            standings=standings,
            incident=self.incident,
            recovery=self._recovery(now, standings),
            paused=self.paused,
            ourselves=ourselves,
            app=self._app,
        )

    def _recovery(self, now: datetime, standings: Sequence[Standing]) -> Recovery | None:
        """What the open incident waits for. One good look among bad ones is no recovery."""
        if self.incident is None or self._good_since is None or self._good_lately < _GOOD_LOOKS:
            return None
        missed = (each.objective.seconds / LATELY for each in standings if each.missed)
        looks = self._good_looks_needed(now) - self._good_looks
        return Recovery(self._good_since, max(missed, default=0.0), looks)

    def _note(self, sample: Sample) -> None:
        """Note since when all looks are good, or bad."""
        is_bad = self._window.is_bad(sample)
        if counts(sample) and not is_bad:
            self.failing_since = None
            self._good_since = self._good_since or sample.at
            self._good_lately += 1
            return
        self.failing_since = self.failing_since or sample.at
        if is_bad:
            self._good_since, self._good_lately = None, 0

    def _count(self, sample: Sample, missed: Sequence[Standing]) -> None:
        """Count the good looks in a row of the open incident."""
        is_good = not missed and not self._window.is_bad(sample)
        self._good_looks = self._good_looks + 1 if is_good else 0

    def _noted(self, incident: Incident, at: datetime, told: Sequence[str]) -> IncidentEvent:
        moments = (Moment(at, words) for words in told)
        self.incident = replace(incident, timeline=(*incident.timeline, *moments))
        step = Step.ENDED if incident.ended_at else Step.CHANGED
        return IncidentEvent(step, self.incident, at)

    def _cause(self, standing: Standing, at: datetime) -> str:
        return cause_of(standing, self._window.bad(standing.objective, at))

    def _good_looks_needed(self, now: datetime) -> int:
        """How many good looks in a row end the incident. A target that flaps needs more."""
        lately = sum(now - ended < _HOUR for ended in self._ended)
        return _GOOD_LOOKS << min(lately, _MOST_DOUBLINGS)


def _not_too_often(incident: Incident, news: str) -> list[str]:
    """What to tell of another release that answers: the same news only once in an incident."""
    told = {moment.words for moment in incident.timeline}
    if news in told:
        news = _BY_TURNS
    return _as_it_fits(incident, news) if news and news not in told else []


def _as_it_fits(incident: Incident, words: str) -> list[str]:
    """What to tell if the timeline may be full: that it is full is told once."""
    lines = incident.timeline
    if len(lines) < _MOST_LINES:
        return [words]
    return [] if any(moment.words == _NO_MORE for moment in lines) else [_NO_MORE]
