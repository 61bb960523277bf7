"""Four figures of software delivery, from what a platform released and what went wrong. Pure.

Source: the DORA research program, "DORA's software delivery metrics: the four keys" (dora.dev). It
names deployment frequency, change lead time, change fail percentage, and failed deployment recovery
time, and leaves open what to count. Here, for one app and a time from `since` to `until`:

- A *deployment* is a release that users got in that time and that brought other code than what they
  had before. A rollback is none, nor is a release of the same commit (a change of settings).
- *Deployment frequency* is the number of deployments a day.
- *Lead time* is the time from the release's commit to users getting it, for the deployments whose
  commit's time is known; the median counts. A release's older commits waited longer.
- A deployment has *failed* if users were taken back from it to an earlier release, or if an
  incident began while they had it. The *change failure rate* is the share of failed deployments.
  What a gate stopped never reached users: it is no deployment.
- *Recovery time* is the time from the first incident's start (or, if none was seen, from users
  getting the release) until the last of its incidents ended (or, if none was seen, until the
  rollback), for the failed deployments that are over; the median counts.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from grader.delivery.releases.platform import PlatformRelease, is_commit, live_release


@dataclass(frozen=True, slots=True)
class Failure:
    """A time in which the app did not do what is expected, as a watcher saw it.

    Attributes:
        ended_at: None while it goes on.
        commit: what answered when it began, perhaps abbreviated; None if that is unknown.
    """

    started_at: datetime
    ended_at: datetime | None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A deployment that failed: why (a clause), since when, and until when; None if unknown."""

    release: PlatformRelease
    why: str
    began_at: datetime
    recovered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one app from `since` to `until`; None where there is nothing to count.

    Attributes:
        lead_times: of the deployments whose commit's time is known.
    """

    since: datetime
    until: datetime
    deployments: tuple[PlatformRelease, ...]
    lead_times: tuple[timedelta, ...]
    failed: tuple[Failed, ...]

    @property
    def per_day(self) -> float:
        """Deployment frequency."""
        return len(self.deployments) / ((self.until - self.since) / timedelta(days=1))

    @property
    def lead_time(self) -> timedelta | None:
        """The median lead time."""
        return _median(self.lead_times)

    @property
    def failure_rate(self) -> float | None:
        """Change failure rate, a share of 1."""
        return len(self.failed) / len(self.deployments) if self.deployments else None

    @property
    def recovery_times(self) -> tuple[timedelta, ...]:
        """Of the failed deployments that are over."""
        over = ((each.began_at, each.recovered_at) for each in self.failed)
        return tuple(end - begin for begin, end in over if end is not None)

    @property
    def recovery_time(self) -> timedelta | None:
        """The median recovery time."""
        return _median(self.recovery_times)


def measure(
    releases: Sequence[PlatformRelease],
    failures: Sequence[Failure],
    committed: Mapping[str, datetime],
    since: datetime,
    until: datetime,
) -> Metrics:
    """Measure one app.

    Args:
        releases: of the app, in any order; older ones than `since` tell what users had before.
        failures: that a watcher saw.
        committed: when commits were made, if the platform does not tell it.
        since: the beginning of the time that is measured.
        until: its end, which is not in it.
    """
    shown = sorted(
        (each for each in releases if each.live_at is not None), key=lambda each: _since(each)
    )
    live = live_release(tuple(releases))
    deployments, leads, failed = [], [], []
    for at, release in enumerate(shown):
        began = _since(release)
        before = shown[at - 1] if at else None
        if not since <= began < until or not _is_deployment(release, before):
            continue
        deployments.append(release)
        commit_time = release.committed_at or committed.get(release.commit or "")
        if commit_time is not None and commit_time <= began:
            leads.append(began - commit_time)
        after = shown[at + 1] if at + 1 < len(shown) else None
        if fault := _failed(release, after, live, failures):
            failed.append(fault)
    return Metrics(since, until, tuple(deployments), tuple(leads), tuple(failed))


def _since(release: PlatformRelease) -> datetime:
    return release.live_at or release.created_at


def _is_deployment(release: PlatformRelease, before: PlatformRelease | None) -> bool:
    same = before is not None and before.commit is not None and is_commit(release, before.commit)
    return not (release.is_rollback or same)


def _failed(
    release: PlatformRelease,
    after: PlatformRelease | None,
    live: PlatformRelease | None,
    failures: Sequence[Failure],
) -> Failed | None:
    began = _since(release)
    seen = [each for each in failures if _is_of(each, release, after)]
    rolled_back_at = after.live_at if after is not None and after.is_rollback else None
    # Where a rollback makes no release of its own, the older one is live again.
    left = after is None and live is not None and _since(live) < began
    if not (seen or rolled_back_at or left):
        return None
    recovered = rolled_back_at
    if seen:
        ends = [each.ended_at for each in seen]
        recovered = None if None in ends else max(end for end in ends if end is not None)
    words = []
    if seen:
        words.append(f"{len(seen)} incident{'s' * (len(seen) > 1)} began while it was live")
    if rolled_back_at or left:
        words.append("it was rolled back")
    first = min((each.started_at for each in seen), default=began)
    return Failed(release, " and ".join(words), first, recovered)


def _is_of(failure: Failure, release: PlatformRelease, after: PlatformRelease | None) -> bool:
    """Whether it began while users had this release."""
    other = failure.commit is not None and release.commit is not None
    if other and not is_commit(release, failure.commit or ""):
        return False
    ended = after is not None and failure.started_at >= _since(after)
    return _since(release) <= failure.started_at and not ended


def _median(times: Sequence[timedelta]) -> timedelta | None:
    if not times:
        return None
    return timedelta(seconds=statistics.median(each.total_seconds() for each in times))
