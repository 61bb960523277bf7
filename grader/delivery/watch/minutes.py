"""Looks become minutes: all that is kept of them after an hour."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from grader.delivery.watch.indicators import counts, is_available, is_error, is_right, percentile
from grader.delivery.watch.moments import MINUTE_MS, from_ms, to_ms
from grader.delivery.watch.tables import LOOKS, MINUTES
from grader.delivery.watch.values import AppView, Minute, Sample
from grader.outcomes import Outcome

_HOUR_MS = 60 * MINUTE_MS
_MONTH_MINUTES = 31 * 24 * 60


def roll_up(connection: sa.Connection, now: datetime) -> None:
    """Make the minutes that are over, and delete what is too old. Called twice, it does no more."""
    now_ms = to_ms(now)
    until = now_ms // MINUTE_MS  # this one is not over yet
    first = _first_to_make(connection)
    if first is not None and first < until and (rows := _minutes(connection, first, until)):
        connection.execute(MINUTES.insert().prefix_with("OR IGNORE"), rows)
    connection.execute(LOOKS.delete().where(LOOKS.c.at < now_ms - _HOUR_MS))
    connection.execute(MINUTES.delete().where(MINUTES.c.minute < until - _MONTH_MINUTES))


def _first_to_make(connection: sa.Connection) -> int | None:
    """The first minute that was not made yet; None if there are no looks."""
    last = connection.scalar(sa.select(sa.func.max(MINUTES.c.minute)))
    oldest = connection.scalar(sa.select(sa.func.min(LOOKS.c.at)))
    if last is not None:
        return int(last) + 1
    return None if oldest is None else int(oldest) // MINUTE_MS


def minute_of(row: sa.Row[Any]) -> Minute:
    """A row as a value."""
    return Minute(
        at=from_ms(row.minute * MINUTE_MS),
        looks=row.looks,
        right=row.right,
        available=row.available,
        errors=row.errors,
        unsure=row.unsure,
        median_ms=row.median_ms,
        p95_ms=row.p95_ms,
        commit=row.commit,
        app=AppView(*json.loads(row.app)) if row.app else None,
    )


def sample_of(row: sa.Row[Any]) -> Sample:
    """A look's row as a value."""
    expires = row.certificate_expires_at
    return Sample(
        at=from_ms(row.at),
        outcome=Outcome(row.outcome),
        ms=row.ms,
        words=row.words,
        commit=row.commit,
        certificate_expires_at=None if expires is None else from_ms(expires),
        app=AppView(*json.loads(row.app)) if row.app else None,
    )


def _minutes(connection: sa.Connection, first: int, until: int) -> list[dict[str, Any]]:
    groups: dict[tuple[int, int], list[Sample]] = defaultdict(list)
    looks = connection.execute(
        sa.select(LOOKS)
        .where(LOOKS.c.at >= first * MINUTE_MS, LOOKS.c.at < until * MINUTE_MS)
        .order_by(LOOKS.c.at)
    )
    for row in looks:
        groups[row.at // MINUTE_MS, row.target_id].append(sample_of(row))
    return [
        {"minute": minute, "target_id": target_id, **_row(samples)}
        for (minute, target_id), samples in groups.items()
    ]


def _row(samples: Sequence[Sample]) -> dict[str, Any]:
    """What is kept of the looks of one minute at one target."""
    looks = [each for each in samples if counts(each)]
    took = [each.ms for each in looks if each.ms is not None]
    views = [each.app for each in samples if each.app]
    return {
        "looks": len(looks),
        "right": sum(map(is_right, looks)),
        "available": sum(map(is_available, looks)),
        "errors": sum(map(is_error, looks)),
        "unsure": len(samples) - len(looks),
        "median_ms": percentile(took, 50),
        "p95_ms": percentile(took, 95),
        "commit": next((each.commit for each in reversed(samples) if each.commit), None),
        "app": json.dumps([sum(column) for column in zip(*map(astuple, views), strict=True)])
        if views
        else None,
    }
