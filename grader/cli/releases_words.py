"""What the commands of `releases` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.delivery.releases.platform import named
from grader.formats.escaping import visible
from grader.formats.terminal import wrapped
from grader.formats.words import decimal, moment, percent
from grader.text.commits import short

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from grader.delivery.releases.metrics import Metrics
    from grader.delivery.releases.platform import PlatformRelease

_INDENT = " " * 14
_JOIN = "\N{NO-BREAK SPACE}"  # no line is broken there

AFTER_ROLLBACK = {
    "vercel": "Vercel keeps production there: what you push from now on is staged, until you "
    "promote a release.",
    "render": "Automatic deploys are switched off, so that the next push does not undo it: switch "
    "them on in the service's settings when the fix is there.",
    "heroku": "Heroku goes back to the settings of that release, too.",
}
"""What else follows from a rollback, by platform."""


def listed(releases: Iterable[PlatformRelease], width: int) -> str:
    """One release after the other, newest first."""
    return "\n".join(one(each, width) for each in releases) or "There are no releases."


def one(release: PlatformRelease, width: int) -> str:
    """A release in two or three lines of `width` columns; addresses are never broken."""
    commit = short(release.commit) if release.commit else "no commit"
    lines = [wrapped(f"{commit:<12}  {visible(release.words)}", width, _INDENT)]
    told = [f"made {moment(release.created_at)}"]
    if release.live_at is not None:
        told.append(f"live since {moment(release.live_at)}" if release.live else "was live")
    if release.can_roll_back:
        told.append("can be rolled back to")
    told.append(f"id{_JOIN}{visible(release.id)}")
    below = wrapped(f"{_INDENT}{', '.join(told)}", width, _INDENT)
    lines.append(below.replace(_JOIN, " "))
    if release.url:
        lines.append(f"{_INDENT}{visible(release.url)}")
    return "\n".join(lines)


def measured(metrics: Metrics, width: int, *, watched: bool) -> str:
    """The four figures, each with what it was made of.

    `watched` tells whether the incidents of a watcher are counted.
    """
    count, failed = len(metrics.deployments), len(metrics.failed)
    rate = "-" if metrics.failure_rate is None else percent(100 * metrics.failure_rate)
    known = f"{len(metrics.lead_times)} of {count} known"
    over = f"{len(metrics.recovery_times)} of {failed} known"
    lines = [
        f"From {moment(metrics.since)} to {moment(metrics.until)}",
        f"Deployments          {count}, {decimal(metrics.per_day)} a day",
        f"Lead time            {_median(metrics.lead_time)} from commit to live ({known})",
        f"Change failure rate  {rate} ({failed} of {count} deployments failed)",
        f"Recovery time        {_median(metrics.recovery_time)} ({over})",
    ]
    for each in metrics.failed:
        until = f"over {moment(each.recovered_at)}" if each.recovered_at else "its end is not known"
        lines.append(f"  {named(each.release)}: {each.why}; {until}")
    if not watched:
        lines.append(
            "Only rollbacks that the platform tells of count as failures. With --watched DIR the "
            "incidents of grader watch count, too."
        )
    return "\n".join(wrapped(line, width, " " * 4) for line in lines)


def _median(value: timedelta | None) -> str:
    return "-" if value is None else f"median {_duration(value)}"


def _duration(value: timedelta) -> str:
    """A time for people, in a precision that suits it."""
    seconds = value.total_seconds()
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{decimal(seconds / size, 1)} {unit}"
    return f"{seconds:.0f} s"
