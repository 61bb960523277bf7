"""Incidents on a virtual clock."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.watch import (
    Evaluation,
    Incident,
    IncidentEvent,
    Indicator,
    Objective,
    Objectives,
    Sample,
    Step,
)
from grader.delivery.watch.values import Recovery
from grader.outcomes import Outcome
from tests.grader.delivery.watch.samples import (
    BEGAN,
    DOWN,
    EVERY,
    RIGHT,
    USUAL,
    WRONG,
    Watcher,
    at,
    sample,
    samples,
    target,
)

OUTCOMES = st.sampled_from([RIGHT, RIGHT, RIGHT, WRONG, DOWN, Outcome.NOT_CHECKED])
GOOD_MINUTES = [RIGHT] * 60
# Its last sixth has two looks: an incident may soon be over.
SHORT = Objectives("", (Objective("mostly right", Indicator.RIGHT, 0.75, 60.0),))


def test_two_wrong_answers_begin_one_incident_that_good_looks_end() -> None:
    watcher = Watcher()
    assert not watcher.take(*samples([*GOOD_MINUTES, WRONG]))
    [started] = watcher.take(sample(61 * EVERY, WRONG))
    assert started.step is Step.STARTED
    assert started.incident.objective == "right answers"
    assert started.incident.cause.startswith("right answers: 96.7 % (at least 99 % over 5 min)")
    assert "2 of 60 looks were bad (wrong 2)" in started.incident.cause
    assert not watcher.take(*samples([WRONG] * 30, since=62 * EVERY))
    # The last sixth of the period must be good, and then two looks.
    [ended] = watcher.take(*samples([RIGHT] * 60, since=92 * EVERY))
    assert ended.step is Step.ENDED
    assert ended.at == at(91 * EVERY + 50 + EVERY)
    assert ended.incident.ended_at == ended.at
    assert ended.incident.id == started.incident.id
    assert [moment.words for moment in ended.incident.timeline] == [
        f"Missed: {started.incident.cause}",
        "Over: 2 good looks in a row",
    ]


def test_says_what_an_open_incident_waits_for() -> None:
    watcher = Watcher()
    watcher.take(*samples([*[WRONG] * 20, RIGHT]))
    assert watcher.looks[-1].status.incident
    assert watcher.looks[-1].status.recovery is None  # one good look may be chance
    watcher.take(*samples([RIGHT] * 10, since=21 * EVERY))
    waiting = [look.status.recovery for look in watcher.looks[-10:]]
    since = at(20 * EVERY)
    # The last bad look leaves the last sixth, five minutes long, and then two looks are good.
    assert waiting == [*[Recovery(since, 50.0, 2)] * 8, Recovery(since, 0.0, 1), None]
    assert watcher.steps == ["started", "ended"]


def test_waits_on_if_it_is_bad_again() -> None:
    watcher = Watcher()
    watcher.take(*samples([*[WRONG] * 20, RIGHT, RIGHT, WRONG, RIGHT]))
    assert [look.status.recovery is None for look in watcher.looks[-4:]] == [
        True, False, True, True,
    ]  # fmt: skip


def test_fewer_than_twelve_looks_decide_nothing() -> None:
    watcher = Watcher()
    assert not watcher.take(*samples([WRONG] * 11))
    assert [event.step for event in watcher.take(sample(55, WRONG))] == [Step.STARTED]


def test_one_bad_look_alone_is_no_incident_however_small_the_budget() -> None:
    none = Objectives("", (Objective("all right", Indicator.RIGHT, 1.0, 300.0),))
    watcher = Watcher(none)
    watcher.take(*samples([*GOOD_MINUTES, WRONG, *GOOD_MINUTES]))
    assert not watcher.events
    assert max(look.status.standings[0].spent for look in watcher.looks) == 1.0


def test_what_is_exactly_allowed_is_not_missed() -> None:
    for percent in (90.0, 95.0, 99.0, 99.5):
        allowed = round(200 - 2 * percent)
        objective = Objective("right", Indicator.RIGHT, percent / 100, 200.0)
        watcher = Watcher(Objectives("", (objective,)))
        watcher.take(*samples([RIGHT] * (200 - allowed) + [WRONG] * allowed, every=1))
        assert not watcher.events
        assert watcher.take(sample(200, WRONG))


def test_what_is_over_is_no_incident() -> None:
    # Much is wrong within the period, but nothing within its last sixth.
    watcher = Watcher()
    watcher.take(*samples([WRONG] * 11 + [RIGHT] * 20))
    assert watcher.steps == ["started", "ended"]
    assert watcher.looks[-1].status.standings[0].spent > 1
    assert watcher.looks[-1].status.standings[0].spent_lately == 0
    assert not watcher.looks[-1].status.missed


def test_a_target_that_flaps_has_longer_and_fewer_incidents() -> None:
    watcher = Watcher(Objectives("", (Objective("right", Indicator.RIGHT, 0.99, 60.0),)))
    # Bad for ten seconds of each half minute: each time, the last sixth of a minute is good again.
    watcher.take(*samples(([WRONG] * 10 + [RIGHT] * 20) * 100, every=1))
    starts = [event.incident for event in watcher.events if event.step is Step.STARTED]
    assert len(starts) <= 4
    assert watcher.looks[-1].status.incident is not None


def test_an_objective_that_is_missed_later_joins_the_incident() -> None:
    watcher = Watcher()
    watcher.take(*samples([*GOOD_MINUTES, WRONG, WRONG]))
    late = [sample((62 + number) * EVERY, RIGHT, ms=900.0) for number in range(10)]
    [changed] = watcher.take(*late)
    assert changed.step is Step.CHANGED
    assert changed.incident.objectives == ("right answers", "latency")
    assert changed.incident.timeline[-1].words.startswith("Missed as well: latency: ")
    assert "late 4" in changed.incident.timeline[-1].words


def test_no_answer_in_time_is_late_and_no_connection_is_not() -> None:
    only = Objectives("", (USUAL.each[1],))
    slow, down = Watcher(only), Watcher(only)
    slow.take(*samples([Outcome.TOO_SLOW] * 12))
    down.take(*samples([DOWN] * 12))
    assert (slow.steps, down.steps) == (["started"], [])


def test_an_incident_knows_the_release_and_since_when_it_answers() -> None:
    watcher = Watcher()
    watcher.take(*(sample(5 * n, commit="a" * 12) for n in range(12)))
    watcher.take(sample(60, WRONG, commit="b" * 12))
    [started] = watcher.take(sample(65, WRONG, commit="b" * 12))
    assert (started.incident.commit, started.incident.commit_since) == ("b" * 12, at(60))
    [changed] = watcher.take(sample(70, commit="a" * 12))
    assert changed.incident.timeline[-1].words == (
        "Release aaaaaaaaaaaa answers instead of bbbbbbbbbbbb"
    )


def test_releases_that_answer_by_turns_are_told_once() -> None:
    watcher = Watcher()
    watcher.take(*(sample(5 * n, WRONG, commit="ab"[n % 2] * 12) for n in range(1000)))
    assert [moment.words for moment in watcher.events[-1].incident.timeline[1:]] == [
        "Release aaaaaaaaaaaa answers instead of bbbbbbbbbbbb",
        "Release bbbbbbbbbbbb answers instead of aaaaaaaaaaaa",
        "Different releases answer by turns: no more of that is told here",
    ]
    [changed] = watcher.take(sample(5000, WRONG, commit="c" * 12))
    assert changed.incident.timeline[-1].words.startswith("Release cccccccccccc answers")


def test_the_timeline_is_bounded_whatever_an_app_tells() -> None:
    watcher = Watcher()
    watcher.take(*(sample(5 * n, WRONG, commit=f"{n:012x}") for n in range(1, 300)))
    url = watcher.targets[0].url
    for number in range(300):
        watcher.evaluation.pause({url: str(number)}, at(1500))
    [*_, ended] = watcher.take(*samples([RIGHT] * 60, since=1500))
    words = [moment.words for moment in ended.incident.timeline]
    assert words[100:] == [
        "So much happens that no more of it is told here",
        "Over: 2 good looks in a row",
    ]


def test_an_abbreviated_commit_is_the_same_release() -> None:
    watcher = Watcher()
    watcher.take(sample(0, commit="a" * 12), sample(5, commit="a" * 7), sample(10))
    assert watcher.looks[-1].status.commit_since is None


def test_certificates_have_days_as_their_objective() -> None:
    days = Objective("certificate", Indicator.CERTIFICATE, 1.0, 300.0, 14.0)
    watcher = Watcher(Objectives("", (days,)))
    ends = BEGAN + timedelta(days=14, seconds=60)
    for number in range(20):
        watcher.take(Sample(at(5 * number), RIGHT, 20.0, certificate_expires_at=ends))
    assert watcher.steps == ["started"]
    assert watcher.events[0].incident.cause == "certificate: 14 days (at least 14 days)"
    assert watcher.events[0].at == at(70)  # the second look below 14 days


def test_most_targets_at_once_are_most_likely_ourselves() -> None:
    watcher = Watcher(targets=5)
    for number in range(20):
        watcher.round(5 * number, [RIGHT] * 5)
    for number in range(20, 80):
        watcher.round(5 * number, [DOWN, DOWN, DOWN, RIGHT, RIGHT])
    assert not watcher.events
    status = watcher.looks[-1].status
    assert status.ourselves.startswith("3 of 5 targets fail at once: most likely it is this mac")
    # Nor afterwards, for what was not their fault.
    for number in range(80, 100):
        watcher.round(5 * number, [RIGHT] * 5)
    assert not watcher.events
    assert not watcher.looks[-1].status.ourselves


def test_a_look_that_would_decide_waits_until_we_trust_ourselves() -> None:
    watcher = Watcher(targets=6)
    for number in range(11):
        watcher.round(2 * number, [*[RIGHT] * 5, WRONG if number < 2 else RIGHT])
    watcher.round(22, [*[DOWN] * 5, RIGHT])
    assert watcher.looks[-1].status.ourselves
    assert not watcher.events
    watcher.round(24, [RIGHT] * 6)
    watcher.take(sample(26), number=5)
    assert watcher.steps == ["started"]


def test_half_of_the_targets_may_fail_and_so_may_most_of_four() -> None:
    for outcomes in ([DOWN] * 3 + [RIGHT] * 3, [DOWN] * 4):
        watcher = Watcher(targets=len(outcomes))
        for number in range(20):
            watcher.round(5 * number, [RIGHT] * len(outcomes))
        for number in range(20, 40):
            watcher.round(5 * number, outcomes)
        assert watcher.steps == ["started"] * outcomes.count(DOWN)


def test_who_fails_before_the_others_waits_until_they_were_looked_at() -> None:
    watcher = Watcher(targets=5)
    for number in range(20):
        watcher.round(5 * number, [RIGHT] * 5)
    watcher.take(sample(100, WRONG), sample(105))  # one bad look is in its period already
    watcher.round(110, [RIGHT] * 5)
    watcher.round(115, [DOWN] * 5)
    watcher.round(120, [DOWN] * 5)
    assert not watcher.events


def test_who_fails_alone_among_many_is_told() -> None:
    watcher = Watcher(targets=5)
    for number in range(20):
        watcher.round(5 * number, [RIGHT] * 5)
    for number in range(20, 24):
        watcher.round(5 * number, [DOWN, *[RIGHT] * 4])
    assert watcher.steps == ["started"]
    assert watcher.events[0].at <= at(110.1)


def test_targets_that_have_an_incident_do_not_hide_the_others() -> None:
    watcher = Watcher(targets=8)
    for number in range(20):
        watcher.round(5 * number, [RIGHT] * 8)
    for number in range(20, 40):
        watcher.round(5 * number, [DOWN] * 3 + [RIGHT] * 5)
    for number in range(40, 60):
        watcher.round(5 * number, [DOWN] * 5 + [RIGHT] * 3)
    assert watcher.steps == ["started"] * 5


@pytest.mark.parametrize("already", [1, 2])
def test_those_that_have_an_incident_do_not_keep_us_from_suspecting_ourselves(already: int) -> None:
    watcher = Watcher(targets=5)
    for number in range(20):
        watcher.round(5 * number, [RIGHT] * 5)
    for number in range(20, 40):
        watcher.round(5 * number, [WRONG] * already + [RIGHT] * (5 - already))
    for number in range(40, 60):
        watcher.round(5 * number, [DOWN] * 5)
    assert watcher.steps == ["started"] * already
    assert watcher.looks[-1].status.ourselves


def test_fewer_than_three_that_fail_do_so_themselves() -> None:
    watcher = Watcher(targets=5)
    for number in range(20):
        watcher.round(5 * number, [RIGHT] * 5)
    for number in range(20, 60):
        watcher.round(5 * number, [WRONG] * min(5, number // 8) + [RIGHT] * (5 - number // 8))
    assert watcher.steps == ["started"] * 5


def test_what_we_could_not_look_at_decides_nothing() -> None:
    watcher = Watcher()
    watcher.take(*samples([Outcome.NOT_CHECKED] * 100))
    assert not watcher.events
    assert watcher.looks[-1].status.looks == 0


def test_a_pause_is_noted_in_an_open_incident() -> None:
    watcher = Watcher()
    watcher.take(*samples([WRONG] * 12))
    url = watcher.targets[0].url
    [paused] = watcher.evaluation.pause({url: "lunch"}, at(60))
    assert paused.incident.timeline[-1].words == "Paused: lunch"
    assert not watcher.evaluation.pause({url: "lunch"}, at(65))
    assert watcher.evaluation.paused(url, at(65)).status.paused == "lunch"
    [resumed] = watcher.evaluation.pause({}, at(70))
    assert resumed.incident.timeline[-1].words == "Watched again"


def test_a_paused_target_does_not_count_among_the_others() -> None:
    watcher = Watcher(targets=5)
    watcher.evaluation.pause({watcher.targets[4].url: "lunch"}, at(0))
    for number in range(12):
        watcher.round(5 * number, [DOWN] * 4)
    assert watcher.steps == ["started"] * 4


OURS = Outcome.NOT_CHECKED
STORY = [
    *[WRONG] * 12, *[RIGHT, OURS] * 4, *[WRONG, RIGHT] * 4, *[RIGHT] * 12, *[DOWN] * 4,
    *[RIGHT] * 20,
]  # fmt: skip


@pytest.mark.parametrize("killed_after", range(len(STORY) + 1))
def test_killed_at_any_moment_a_watcher_goes_on(killed_after: int) -> None:
    goes_on(STORY, killed_after)


@pytest.mark.parametrize("killed_after", range(26))
def test_looks_from_before_an_incident_do_not_end_it(killed_after: int) -> None:
    # It begins with a good look, the twelfth.
    goes_on([RIGHT] * 2 + [WRONG] * 3 + [RIGHT] * 20, killed_after, every=1.0)


@given(st.lists(OUTCOMES, max_size=120), st.integers(0, 120))
def test_a_watcher_that_is_started_again_tells_the_same(
    outcomes: list[Outcome], killed_after: int
) -> None:
    goes_on(outcomes, killed_after)


def goes_on(outcomes: list[Outcome], killed_after: int, every: float = EVERY) -> None:
    """Fail if a restart after so many looks changes what is told."""
    looks = list(samples(outcomes, every))
    whole = Watcher(SHORT)
    whole.take(*looks)
    first = Watcher(SHORT)
    first.take(*looks[:killed_after])
    known: dict[int, Incident] = {event.incident.id: event.incident for event in first.events}
    second = Watcher(SHORT)
    second.evaluation = Evaluation(
        second.targets, SHORT, incidents=known.values(), next_id=len(known) + 1
    )
    for each in looks[:killed_after]:
        second.evaluation.recall(second.targets[0].url, each)
    second.take(*looks[killed_after:])
    assert told(first.events + second.events) == told(whole.events)


def told(events: list[IncidentEvent]) -> list[tuple[Step, datetime, int, tuple[str, ...]]]:
    return [(each.step, each.at, each.incident.id, each.incident.objectives) for each in events]


@given(st.lists(OUTCOMES, max_size=200), st.sampled_from([0.5, 5.0, 24.0]))
def test_incidents_of_a_target_follow_one_another(outcomes: list[Outcome], every: float) -> None:
    watcher = Watcher()
    watcher.take(*samples(outcomes, every=every))
    open_id, last = None, 0
    for event in watcher.events:
        if event.step is Step.STARTED:
            assert open_id is None
            assert event.incident.id == last + 1
            open_id = last = event.incident.id
        else:
            assert event.incident.id == open_id
        if event.step is Step.ENDED:
            assert event.incident.ended_at is not None
            assert event.incident.ended_at > event.incident.started_at
            open_id = None
        moments = [moment.at for moment in event.incident.timeline]
        assert moments == sorted(moments)
    last_look = watcher.looks[-1].status if watcher.looks else None
    assert (last_look is not None and last_look.incident is not None) == (open_id is not None)


@given(st.lists(st.lists(OUTCOMES, min_size=6, max_size=6), max_size=60))
def test_nothing_begins_while_most_fail_at_once(rounds: list[list[Outcome]]) -> None:
    watcher = Watcher(targets=6)
    for number, outcomes in enumerate(rounds):
        for each, outcome in enumerate(outcomes):
            events = watcher.take(sample(5 * number + each / 100, outcome), number=each)
            if watcher.looks[-1].status.ourselves:
                assert Step.STARTED not in [event.step for event in events]


def test_targets_that_are_not_watched_any_more_are_left_alone() -> None:
    old = Incident(7, "https://gone.example", "right answers", BEGAN, "it was wrong")
    evaluation = Evaluation([target()], USUAL, incidents=[old], next_id=8)
    evaluation.recall("https://gone.example", sample(0, WRONG))
    look, events = evaluation.take(target().url, sample(5))
    assert not events
    assert look.status.incident is None
