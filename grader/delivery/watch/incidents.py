"""Incidents in the store."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from grader.delivery.watch.moments import from_ms, to_ms
from grader.delivery.watch.tables import INCIDENTS, MOMENTS, TARGETS
from grader.delivery.watch.values import Incident, IncidentEvent, Moment
from grader.text.cutting import cut

_LONGEST_WORDS = 2000


def incidents(
    connection: sa.Connection, *, since: datetime | None = None, ids: Iterable[int] = ()
) -> tuple[Incident, ...]:
    """Incidents that are open, or ended after `since`, or have these ids; newest first.

    If `since` is None, no incident counts that has ended and is not among `ids`.
    """
    chosen = INCIDENTS.c.ended_at.is_(None) | INCIDENTS.c.id.in_(list(ids))
    if since is not None:
        chosen |= INCIDENTS.c.ended_at > to_ms(since)
    rows = connection.execute(
        sa.select(INCIDENTS, TARGETS.c.url)
        .join(TARGETS)
        .where(chosen)
        .order_by(INCIDENTS.c.id.desc())
    ).all()
    timelines = _timelines(connection, [row.id for row in rows])
    return tuple(_incident(row, timelines[row.id]) for row in rows)


def save(connection: sa.Connection, event: IncidentEvent, target_id: int) -> None:
    """Write an incident's step. Only what is new in its timeline is added."""
    incident = event.incident
    row = {
        "target_id": target_id,
        "objective": incident.objective,
        "objectives": json.dumps(incident.objectives),
        "started_at": to_ms(incident.started_at),
        "ended_at": incident.ended_at and to_ms(incident.ended_at),
        "cause": cut(incident.cause, _LONGEST_WORDS),
        "commit": incident.commit,
        "commit_since": incident.commit_since and to_ms(incident.commit_since),
    }
    changed = connection.execute(
        INCIDENTS.update().where(INCIDENTS.c.id == incident.id).values(row)
    )
    if not changed.rowcount:
        connection.execute(INCIDENTS.insert().values(id=incident.id, **row))
    # As they are kept: whole milliseconds, and cut.
    known = {
        (to_ms(each.at), each.words) for each in _timelines(connection, [incident.id])[incident.id]
    }
    for moment in incident.timeline:
        if (to_ms(moment.at), cut(moment.words, _LONGEST_WORDS)) not in known:
            note(connection, incident.id, moment.at, moment.words)


def note(connection: sa.Connection, incident_id: int, at: datetime, words: str) -> None:
    """Add a line to an incident's timeline, in the transaction of `connection`."""
    row = {"incident_id": incident_id, "at": to_ms(at), "words": cut(words, _LONGEST_WORDS)}
    connection.execute(MOMENTS.insert().values(row))


def next_id(connection: sa.Connection) -> int:
    """The id of the next incident."""
    return (connection.scalar(sa.select(sa.func.max(INCIDENTS.c.id))) or 0) + 1


def _timelines(connection: sa.Connection, ids: list[int]) -> dict[int, list[Moment]]:
    timelines: dict[int, list[Moment]] = defaultdict(list)
    rows = connection.execute(
        sa.select(MOMENTS)
        .where(MOMENTS.c.incident_id.in_(ids))
        .order_by(MOMENTS.c.at, MOMENTS.c.id)
    )
    for row in rows:
        timelines[row.incident_id].append(Moment(from_ms(row.at), row.words))
    return timelines


def _incident(row: sa.Row[Any], timeline: list[Moment]) -> Incident:
    return Incident(
        id=row.id,
        target=row.url,
        objective=row.objective,
        objectives=tuple(json.loads(row.objectives)),
        started_at=from_ms(row.started_at),
        ended_at=None if row.ended_at is None else from_ms(row.ended_at),
        cause=row.cause,
        commit=row.commit,
        commit_since=None if row.commit_since is None else from_ms(row.commit_since),
        timeline=tuple(timeline),
    )
