"""Whether a machine may roll back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.releases.platform import PlatformRelease
from grader.delivery.watch.rollback import PLAN, Later, Plan, Policy, Refusal, decide
from grader.delivery.watch.values import Incident, Sample
from grader.outcomes import Outcome

T = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy(act=True, watch_time=10 * MINUTE, cool_down=30 * MINUTE)
OLD = PlatformRelease("dep-1", "a" * 40, T - 60 * MINUTE, T - 59 * MINUTE, False, True, "was live")
NEW = PlatformRelease("dep-2", "b" * 40, T - 6 * MINUTE, T - 5 * MINUTE, True, False, "live")
INCIDENT = Incident(1, "http://shop", "right", T, "wrong", commit="b" * 12)
RIGHT, WRONG, DOWN = Outcome.RIGHT, Outcome.WRONG, Outcome.UNREACHABLE


def look(minutes: float, commit: str = "", outcome: Outcome = WRONG) -> Sample:
    """A look so long after the incident began."""
    return Sample(T + minutes * MINUTE, outcome, 20.0, commit=12 * commit or None)


def decided(
    *releases: PlatformRelease,
    looks: Sequence[Sample] = (),
    incident: Incident = INCIDENT,
    last: datetime | None = None,
    now: datetime = T + MINUTE,
) -> Plan | Refusal | Later:
    return decide(incident, looks, releases, last, POLICY, now)


def refused(plan: Plan | Refusal | Later) -> str:
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


@pytest.mark.parametrize(
    "looks",
    [
        [],
        [look(-0.1), look(0)],  # it tells no commit
        [look(-1, "b"), look(0, "b")],
        [look(-1, "b"), look(0, "a")],  # a server was left behind, and was asked last
        [look(-1, "b", RIGHT), look(-0.1, "a"), look(0, "a")],
        [look(-5.1, "a", RIGHT), look(-4, "", DOWN), look(0, "", DOWN)],  # it does not even start
        [look(-4.9, "a", RIGHT), look(-4, "", DOWN), look(0, "", DOWN), look(1, "b")],
        [look(-1, "b", RIGHT), look(0, "a", RIGHT)],  # they were late
    ],
)
def test_one_look_that_told_the_live_commit_is_enough_and_so_is_silence(
    looks: list[Sample],
) -> None:
    assert decided(NEW, OLD, looks=looks) == Plan(NEW, OLD)


def test_an_app_of_a_platform_that_tells_no_commit_is_rolled_back_too() -> None:
    assert isinstance(decided(replace(NEW, commit=None), OLD, looks=[look(0, "c")]), Plan)


def test_what_failed_before_the_live_release_answered_is_not_its_fault() -> None:
    looks = [look(-1, "a"), look(0, "a"), look(0.5, "b")]
    assert refused(decided(NEW, OLD, looks=looks)) == (
        "When it began, commit aaaaaaaaaaaa answered, and commit bbbbbbbbbbbb only later: somebody "
        "is at work."
    )


def test_another_release_than_those_of_the_platform_is_left_alone() -> None:
    for now in (T + MINUTE, T + 9 * MINUTE):
        words = refused(decided(NEW, OLD, looks=[look(0, "c")], now=now))
        assert words.startswith("When it began, commit cccccccccccc answered, but commit bbbbbb")
        assert words.endswith("see whether --project is that of this app.")


@pytest.mark.parametrize("outcome", [WRONG, RIGHT])  # RIGHT is late
def test_a_commit_that_stays_the_one_before_for_long_is_stale(outcome: Outcome) -> None:
    young = replace(NEW, live_at=T - 2 * MINUTE)
    looks = [look(-1, "a", outcome), look(0, "a", outcome), look(1, "a")]
    later = decided(young, OLD, looks=looks)
    assert isinstance(later, Later)
    assert later.until == T + 3 * MINUTE
    assert later.words == (
        "When it began, commit aaaaaaaaaaaa answered, but commit bbbbbbbbbbbb is live: until "
        "2026-11-26 12:03 UTC both may answer."
    )
    plan = decided(young, OLD, looks=looks, now=later.until)
    assert plan == Plan(young, OLD, app_tells=False)
    # It was not stale after all.
    looks.append(look(2, "b"))
    assert "only later" in refused(decided(young, OLD, looks=looks, now=later.until))


def test_what_is_over_meanwhile_is_left_alone() -> None:
    over = replace(INCIDENT, ended_at=T + MINUTE)
    assert "kept again" in refused(decided(NEW, OLD, incident=over))


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
