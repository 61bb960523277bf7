"""Whether a machine may roll back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.releases.platform import PlatformRelease
from grader.delivery.watch.rollback import PLAN, Plan, Policy, Refusal, decide
from grader.delivery.watch.values import Incident

T = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy(act=True, watch_time=10 * MINUTE, cool_down=30 * MINUTE)
OLD = PlatformRelease("dep-1", "a" * 40, T - 60 * MINUTE, T - 59 * MINUTE, False, True, "was live")
NEW = PlatformRelease("dep-2", "b" * 40, T - 6 * MINUTE, T - 5 * MINUTE, True, False, "live")
INCIDENT = Incident(1, "http://shop", "right", T, "wrong", commit="b" * 12)


def decided(
    *releases: PlatformRelease,
    incident: Incident = INCIDENT,
    last: datetime | None = None,
    now: datetime = T + MINUTE,
) -> Plan | Refusal:
    return decide(incident, releases, last, POLICY, now)


def refused(plan: Plan | Refusal) -> str:
    assert isinstance(plan, Refusal)
    return plan.words


def test_a_breach_after_a_release_is_its_fault() -> None:
    assert decided(NEW, OLD) == Plan(NEW, OLD)


def test_it_may_begin_as_late_as_the_watch_time() -> None:
    live = T - 10 * MINUTE
    assert isinstance(decided(replace(NEW, live_at=live), OLD), Plan)
    late = decided(replace(NEW, live_at=live - timedelta(seconds=1)), OLD)
    assert "so long after a release" in refused(late)


def test_if_nobody_tells_when_it_got_live_it_is_when_it_was_made() -> None:
    assert isinstance(decided(replace(NEW, live_at=None), OLD), Plan)
    made = replace(NEW, live_at=None, created_at=T - 20 * MINUTE)
    assert "2026-11-26 11:40 UTC" in refused(decided(made, OLD))


def test_what_began_before_the_release_is_not_its_fault() -> None:
    young = replace(NEW, live_at=T + timedelta(seconds=1))
    assert refused(decided(young, OLD)).startswith("Commit bbbbbbbbbbbb is live only since then")


def test_another_release_than_the_one_that_answered_is_left_alone() -> None:
    other = replace(NEW, commit="c" * 40)
    assert "commit bbbbbbbbbbbb answered, but commit cccccccccccc is live now" in refused(
        decided(other, OLD)
    )


@pytest.mark.parametrize("commit", [None, "b" * 12])
def test_an_app_or_a_platform_that_tells_no_commit_is_rolled_back_too(commit: str | None) -> None:
    assert isinstance(decided(NEW, OLD, incident=replace(INCIDENT, commit=commit)), Plan)
    assert isinstance(decided(replace(NEW, commit=None), OLD), Plan)


def test_the_cool_down_holds() -> None:
    assert "cool-down" in refused(decided(NEW, OLD, last=T - 28 * MINUTE))
    assert isinstance(decided(NEW, OLD, last=T - 29 * MINUTE), Plan)


def test_a_rollback_is_not_rolled_back() -> None:
    assert "is a rollback itself" in refused(decided(replace(NEW, is_rollback=True), OLD))


def test_what_began_long_ago_is_left_alone() -> None:
    assert "too long ago" in refused(decided(NEW, OLD, now=T + 11 * MINUTE))


def test_it_needs_a_live_release_and_an_earlier_one() -> None:
    assert "which release is live" in refused(decided(replace(NEW, live=False), OLD))
    assert "no earlier release" in refused(decided(NEW))
    assert "no earlier release" in refused(decided(NEW, replace(OLD, can_roll_back=False)))


def test_a_plan_can_be_kept() -> None:
    plan = Plan(NEW, OLD)
    assert PLAN.validate_json(PLAN.dump_json(plan)) == plan
    assert str(plan) == "from commit bbbbbbbbbbbb to commit aaaaaaaaaaaa"


@given(
    began=st.timedeltas(-60 * MINUTE, 60 * MINUTE),
    passed=st.timedeltas(timedelta(0), 60 * MINUTE),
    last=st.none() | st.timedeltas(timedelta(0), 90 * MINUTE),
)
def test_it_acts_within_the_times_and_never_outside(
    began: timedelta, passed: timedelta, last: timedelta | None
) -> None:
    live_at = T - 5 * MINUTE
    incident = replace(INCIDENT, started_at=live_at + began)
    now = incident.started_at + passed
    plan = decided(NEW, OLD, incident=incident, now=now, last=None if last is None else now - last)
    in_time = timedelta(0) <= began <= POLICY.watch_time and passed <= POLICY.watch_time
    is_cool = last is None or last >= POLICY.cool_down
    assert isinstance(plan, Plan) == (in_time and is_cool)
