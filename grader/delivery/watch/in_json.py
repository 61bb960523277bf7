"""What a watcher knows, as JSON for programs; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from grader.delivery.watch.shown import Shown
from grader.delivery.watch.values import (
    AppView,
    Incident,
    IncidentEvent,
    Look,
    Minute,
    Recovery,
    Sample,
    Standing,
    Status,
)
from grader.formats.words import timestamp


def page(shown: Sequence[Shown], incidents: Iterable[Incident], at: datetime) -> dict[str, Any]:
    """All that the page shows: the document, and what is drawn of each target."""
    found = document((each.status for each in shown), incidents, at)
    for target, each in zip(found["targets"], shown, strict=True):
        target["last_looks"] = [_sample(look) for look in each.looks]
        target["minutes"] = [_minute(minute) for minute in each.minutes]
        target["half_hours"] = [
            {"at": timestamp(part.at), "looks": part.looks, "right": part.right}
            for part in each.day
        ]
    return found


def document(
    statuses: Iterable[Status], incidents: Iterable[Incident], at: datetime
) -> dict[str, Any]:
    """How all targets are, and what happened."""
    return {
        "version": 1,
        "at": timestamp(at),
        "targets": [status(each) for each in statuses],
        "incidents": [incident(each) for each in incidents],
    }


def event(value: Look | IncidentEvent) -> dict[str, Any]:
    """A look at a target, or a step of an incident."""
    if isinstance(value, IncidentEvent):
        return {
            "event": "incident",
            "step": value.step.value,
            "at": timestamp(value.at),
            "incident": incident(value.incident),
        }
    return {"event": "look", "ms": value.sample and value.sample.ms, **status(value.status)}


def status(value: Status) -> dict[str, Any]:
    """How a target is now. Shares are of 1, and budgets of all of it."""
    return {
        "url": value.target.url,
        "at": timestamp(value.at),
        "outcome": value.outcome.value if value.outcome else None,
        "words": value.words,
        "missed": value.missed,
        "paused": value.paused,
        "ourselves": value.ourselves,
        "looks": value.looks,
        "right": value.right,
        "available": value.available,
        "errors": value.errors,
        "median_ms": value.median_ms,
        "p95_ms": value.p95_ms,
        "commit": value.commit,
        "commit_since": _moment(value.commit_since),
        "certificate_expires_at": _moment(value.certificate_expires_at),
        "objectives": [_standing(each) for each in value.standings],
        "app": _app(value.app),
        "incident": value.incident.id if value.incident else None,
        "recovery": _recovery(value.recovery),
    }


def incident(value: Incident) -> dict[str, Any]:
    """An incident with its timeline, oldest first."""
    return {
        "id": value.id,
        "url": value.target,
        "objective": value.objective,
        "objectives": list(value.objectives),
        "started_at": timestamp(value.started_at),
        "ended_at": _moment(value.ended_at),
        "cause": value.cause,
        "commit": value.commit,
        "commit_since": _moment(value.commit_since),
        "timeline": [{"at": timestamp(each.at), "words": each.words} for each in value.timeline],
    }


def _sample(value: Sample) -> dict[str, Any]:
    return {
        "at": timestamp(value.at),
        "outcome": value.outcome.value,
        "ms": value.ms,
        "words": value.words,
    }


def _minute(value: Minute) -> dict[str, Any]:
    return {
        "at": timestamp(value.at),
        "looks": value.looks,
        "right": value.right,
        "available": value.available,
        "errors": value.errors,
        "unsure": value.unsure,
        "median_ms": value.median_ms,
        "p95_ms": value.p95_ms,
        "commit": value.commit,
    }


def _standing(value: Standing) -> dict[str, Any]:
    objective = value.objective
    return {
        "name": objective.name,
        "indicator": objective.indicator.value,
        "share": objective.share,
        "seconds": objective.seconds,
        "bound": objective.bound,
        "looks": value.looks,
        "bad": value.bad,
        "measured": value.measured,
        "spent": value.spent,
        "spent_lately": value.spent_lately,
        "missed": value.missed,
    }


def _recovery(value: Recovery | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {"since": timestamp(value.since), "seconds": value.seconds, "looks": value.looks}


def _app(value: AppView | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {
        "seconds": value.seconds,
        "answered": value.answered,
        "unanswered": value.unanswered,
        "errors": value.errors,
    }


def _moment(when: datetime | None) -> str | None:
    return None if when is None else timestamp(when)
