"""Releases and their figures as JSON for programs; pure. The names are stable."""

from datetime import datetime, timedelta
from typing import Any

from grader.delivery.releases.metrics import Metrics
from grader.delivery.releases.platform import PlatformRelease
from grader.formats.words import timestamp


def release(value: PlatformRelease) -> dict[str, Any]:
    """One release."""
    return {
        "id": value.id,
        "commit": value.commit,
        "created_at": timestamp(value.created_at),
        "live_at": _moment(value.live_at),
        "live": value.live,
        "staged": value.staged,
        "url": value.url,
        "can_roll_back": value.can_roll_back,
        "words": value.words,
    }


def metrics(value: Metrics) -> dict[str, Any]:
    """The figures, with what they were made of. Times are in seconds, shares of 1."""
    return {
        "since": timestamp(value.since),
        "until": timestamp(value.until),
        "deployments": len(value.deployments),
        "deployments_per_day": value.per_day,
        "lead_time_median_s": _seconds(value.lead_time),
        "lead_times_known": len(value.lead_times),
        "change_failure_rate": value.failure_rate,
        "failed": [
            {
                "id": each.release.id,
                "commit": each.release.commit,
                "why": each.why,
                "began_at": timestamp(each.began_at),
                "recovered_at": _moment(each.recovered_at),
            }
            for each in value.failed
        ],
        "recovery_time_median_s": _seconds(value.recovery_time),
        "recoveries_known": len(value.recovery_times),
    }


def _moment(when: datetime | None) -> str | None:
    return None if when is None else timestamp(when)


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else value.total_seconds()
