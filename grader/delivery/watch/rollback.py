"""Whether a machine may roll back, and to which release; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from grader.delivery.releases.platform import (
    PlatformRelease,
    is_commit,
    live_release,
    named,
    previous_release,
)
from grader.delivery.watch.values import Incident, Sample
from grader.formats.words import moment
from grader.outcomes import Outcome

# So long after a release, the one before it answers nobody any more: platforms keep both for up to
# three minutes, until the new one has warmed up.
_BOTH_ANSWER = timedelta(minutes=5)


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
    """From the release that users get, and that is `bad`, to the `good` one before it.

    `app_tells` is whether the app itself tells which release answers; some tell an earlier one.
    """

    bad: PlatformRelease
    good: PlatformRelease
    app_tells: bool = True

    def __str__(self) -> str:
        return f"from {named(self.bad)} to {named(self.good)}"


PLAN = TypeAdapter(Plan)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing is rolled back, and why, as a sentence."""

    words: str


@dataclass(frozen=True, slots=True)
class Later:
    """It is not yet clear, and why, as a sentence; `until` then, it is."""

    until: datetime
    words: str


def decide(
    incident: Incident,
    looks: Sequence[Sample],
    releases: Sequence[PlatformRelease],
    last_rollback: datetime | None,
    policy: Policy,
    now: datetime,
) -> Plan | Refusal | Later:
    """Decide on an incident.

    Args:
        incident: the breach.
        looks: at its target, before it began and since then.
        releases: of the platform, newest first.
        last_rollback: when a machine last rolled this target back, or tried to.
        policy: the rules.
        now: this moment.
    """
    if incident.ended_at is not None:
        return Refusal("The objectives are kept again.")
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
    until = _since(live) + min(_BOTH_ANSWER, policy.watch_time)
    return _as_told(Plan(live, good), incident, looks, releases, until if now < until else None)


def _not_its_fault(incident: Incident, live: PlatformRelease, watch_time: timedelta) -> str:
    """Why the breach is not taken for the live release's fault; empty if it is."""
    name = named(live)
    began = f"{name[:1].upper()}{name[1:]} is"
    since = _since(live)
    if since > incident.started_at:
        return f"{began} live only since then: somebody is at work."
    if incident.started_at - since > watch_time:
        return (
            f"{began} live since {moment(since)}: a breach so long after a release is not taken "
            "for its fault."
        )
    return f"{began} a rollback itself." if live.is_rollback else ""


def _as_told(
    plan: Plan,
    incident: Incident,
    looks: Sequence[Sample],
    releases: Sequence[PlatformRelease],
    wait_until: datetime | None,
) -> Plan | Refusal | Later:
    """Hold a plan against the commits that the app told since the platform has the release live.

    One look that told the live commit is enough: a server that was left behind may tell another
    one. If bad looks told others only, either the release before failed, or the app tells a stale
    commit, as Heroku's variable may be. After a while only the latter is left.
    """
    live = plan.bad
    since = [each for each in looks if each.at >= _since(live)]
    before = [each for each in since if each.at <= incident.started_at]
    # If none was wrong, they were late.
    bad = [each for each in before if each.outcome is not Outcome.RIGHT] or before
    others = [each.commit for each in bad if each.commit]
    if live.commit is None or not others or _is_any(live, before):
        return plan
    answered = f"When it began, commit {others[-1]} answered"
    if _is_any(live, since):
        return Refusal(f"{answered}, and {named(live)} only later: somebody is at work.")
    if not any(is_commit(each, commit) for each in releases for commit in others):
        return Refusal(
            f"{answered}, but {named(live)} is live now, and the platform lists no release of the "
            "other one: see whether --project is that of this app."
        )
    if wait_until is not None:
        return Later(
            wait_until,
            f"{answered}, but {named(live)} is live: until {moment(wait_until)} both may answer.",
        )
    return replace(plan, app_tells=False)


def _is_any(release: PlatformRelease, looks: Sequence[Sample]) -> bool:
    return any(each.commit and is_commit(release, each.commit) for each in looks)


def _since(live: PlatformRelease) -> datetime:
    return live.live_at or live.created_at
