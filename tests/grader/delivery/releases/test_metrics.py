"""The four figures: what counts, what does not, and what holds whatever is released."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.releases.metrics import Failure, Metrics, measure
from grader.delivery.releases.platform import PlatformRelease
from tests.grader.delivery.releases.fakes import A, B, C, D, at
from tests.grader.delivery.releases.made import release

SINCE, UNTIL = at(-24), at(24 * 9)


def measured(
    *releases: PlatformRelease,
    failures: tuple[Failure, ...] = (),
    committed: dict[str, datetime] | None = None,
) -> Metrics:
    return measure(releases, failures, committed or {}, SINCE, UNTIL)


def incident(begin: float, end: float | None, commit: str | None = None) -> Failure:
    return Failure(at(begin), None if end is None else at(end), commit)


def test_a_deployment_brings_other_code_to_users() -> None:
    found = measured(
        release(A, -48),  # before the time
        release(A, 0),  # a change of settings
        release(B, 1),
        release(B, 2),
        release(C, 3, live_at=None),  # never live
        release(D, 4),
        release(B, 5, is_rollback=True, live=True),
        release(C, 24 * 9),  # after it
    )
    assert [each.commit for each in found.deployments] == [B, D]
    assert found.per_day == pytest.approx(0.2)


def test_the_lead_time_is_from_commit_to_live() -> None:
    found = measured(
        release(A, 0, live_at=at(2), committed_at=at(-1)),
        release(B, 3),
        release(C, 5),
        release(D, 8, committed_at=at(9)),  # a clock was wrong
        committed={B: at(2.5), A: at(-9)},
    )
    assert found.lead_times == (timedelta(hours=3), timedelta(hours=0.5))
    assert found.lead_time == timedelta(hours=1.75)


def test_what_was_rolled_back_has_failed_until_then() -> None:
    found = measured(
        release(A, 0), release(B, 1), release(A, 3, is_rollback=True), release(C, 4, live=True)
    )
    (failed,) = found.failed
    assert (failed.release.commit, failed.why) == (B, "it was rolled back")
    assert (failed.began_at, failed.recovered_at) == (at(1), at(3))
    assert found.failure_rate == pytest.approx(1 / 3)
    assert found.recovery_time == timedelta(hours=2)


def test_on_vercel_an_older_release_is_live_again() -> None:
    found = measured(release(A, 0, live=True), release(B, 1))
    (failed,) = found.failed
    assert (failed.release.commit, failed.recovered_at) == (B, None)
    assert (found.recovery_times, found.recovery_time) == ((), None)
    assert measured(release(A, 0), release(B, 1, live=True)).failed == ()


def test_incidents_count_against_what_was_live_when_they_began() -> None:
    found = measured(
        release(A, 0),
        release(B, 4),
        release(C, 8, live=True),
        failures=(
            incident(-1, 0.5),  # before all of them
            incident(5, 5.5),
            incident(6, 9),
            incident(8, None),
        ),
    )
    first, second = found.failed
    assert (first.release.commit, first.why) == (B, "2 incidents began while it was live")
    assert (first.began_at, first.recovered_at) == (at(5), at(9))
    assert (second.release.commit, second.why) == (C, "1 incident began while it was live")
    assert (second.began_at, second.recovered_at) == (at(8), None)
    assert found.recovery_times == (timedelta(hours=4),)


def test_an_incident_of_another_commit_is_not_this_ones() -> None:
    def failed(commit: str | None) -> int:
        seen = (incident(5, 6, commit),)
        return len(measured(release(A, 0), release(B, 4), failures=seen).failed)

    assert [failed(commit) for commit in (None, B, B[:12], A[:12])] == [1, 1, 1, 0]


def test_both_are_said_and_the_watcher_knows_when_it_was_over() -> None:
    found = measured(
        release(A, 0),
        release(B, 1),
        release(A, 3, is_rollback=True, live=True),
        failures=(incident(1.5, 3.5),),
    )
    (failed,) = found.failed
    assert failed.why == "1 incident began while it was live and it was rolled back"
    assert (failed.began_at, failed.recovered_at) == (at(1.5), at(3.5))


def test_where_nothing_was_released_there_is_nothing_to_divide() -> None:
    found = measured()
    assert (found.per_day, found.lead_time, found.failure_rate) == (0, None, None)
    assert (found.failed, found.recovery_time) == ((), None)


HOURS = st.floats(-100, 400, allow_nan=False)
RELEASES = st.lists(
    st.builds(
        release,
        st.sampled_from([A, B, C, D, None]),
        HOURS,
        live_at=st.none() | st.builds(at, HOURS),
        live=st.booleans(),
        is_rollback=st.booleans(),
        committed_at=st.none() | st.builds(at, HOURS),
    )
)
FAILURES = st.lists(
    st.builds(
        lambda begin, length, commit: incident(begin, length and begin + length, commit),
        HOURS,
        st.none() | st.floats(0.1, 50),
        st.sampled_from([A, B, None]),
    )
)


@given(releases=RELEASES, failures=FAILURES, order=st.randoms())
def test_figures_are_possible_and_do_not_depend_on_order(
    releases: list[PlatformRelease], failures: list[Failure], order: Random
) -> None:
    found = measure(releases, failures, {}, SINCE, UNTIL)
    assert {each.release for each in found.failed} <= set(found.deployments)
    assert found.failure_rate is None or 0 <= found.failure_rate <= 1
    assert len(found.lead_times) <= len(found.deployments) <= len(releases)
    assert all(time >= timedelta() for time in (*found.lead_times, *found.recovery_times))
    # What was live at the very same moment has no order of its own.
    moments = [each.live_at for each in releases if each.live_at]
    if len(set(moments)) == len(moments) and sum(each.live for each in releases) <= 1:
        mixed = list(releases)
        order.shuffle(mixed)
        assert measure(mixed, failures, {}, SINCE, UNTIL) == found
