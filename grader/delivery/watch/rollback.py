"""Whether a machine may roll back, and to which release; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from grader.delivery.releases.platform import (
    PlatformRelease,
    is_commit,
    live_release,
    previous_release,
)
from grader.delivery.watch.values import Incident
from grader.formats.words import moment


@dataclass(frozen=True, slots=True)
class Policy:
    """When a machine may act.

    Attributes:
        act: whether it acts at all; if not, it says what it would do.
        watch_time: how long after a release a breach is taken for the release's fault.
        cool_down: how long after a rollback there is no other one.
    """

    act: bool
    watch_time: timedelta
    cool_down: timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """From the release that users get, and that is `bad`, to the `good` one before it."""

    bad: PlatformRelease
    good: PlatformRelease

    def __str__(self) -> str:
        return f"from {named(self.bad)} to {named(self.good)}"


PLAN = TypeAdapter(Plan)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing is rolled back, and why, as a sentence."""

    words: str


def decide(
    incident: Incident,
    releases: Sequence[PlatformRelease],
    last_rollback: datetime | None,
    policy: Policy,
    now: datetime,
) -> Plan | Refusal:
    """Decide on an incident.

    Args:
        incident: the breach.
        releases: of the platform, newest first.
        last_rollback: when a machine last rolled this target back, or tried to.
        policy: the rules.
        now: this moment.
    """
    live = live_release(tuple(releases))
    if live is None:
        return Refusal("The platform does not tell which release is live.")
    if why := _not_its_fault(incident, live, policy.watch_time):
        return Refusal(why)
    if now - incident.started_at > policy.watch_time:
        return Refusal("It began too long ago: the watcher did not run meanwhile.")
    if last_rollback is not None and now - last_rollback < policy.cool_down:
        return Refusal(
            f"The last rollback was at {moment(last_rollback)}, and the cool-down is not over."
        )
    good = previous_release(tuple(releases))
    if good is None:
        return Refusal("The platform has no earlier release to go back to.")
    return Plan(live, good)


def _not_its_fault(incident: Incident, live: PlatformRelease, watch_time: timedelta) -> str:
    """Why the breach is not taken for the live release's fault; empty if it is."""
    name = named(live)
    began = f"{name[:1].upper()}{name[1:]} is"
    since = live.live_at or live.created_at
    answered = incident.commit
    if answered and live.commit and not is_commit(live, answered):
        return (
            f"When it began, commit {answered[:12]} answered, but {name} is live now: somebody is "
            "at work."
        )
    if since > incident.started_at:
        return f"{began} live only since then: somebody is at work."
    if incident.started_at - since > watch_time:
        return (
            f"{began} live since {moment(since)}: a breach so long after a release is not taken "
            "for its fault."
        )
    return f"{began} a rollback itself." if live.is_rollback else ""


def named(release: PlatformRelease) -> str:
    """Call a release by its commit, if that is known."""
    return f"commit {release.commit[:12]}" if release.commit else f"release {release.id}"
