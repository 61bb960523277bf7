"""The plan and the rules, without any deployment: pairs are made up."""

from itertools import chain
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.gate import Decision, Rule, rules
from grader.delivery.gate.evidence import Evidence
from grader.delivery.gate.releases import CONNECTIONS
from grader.delivery.gate.rules import errors, latency, remarks
from grader.delivery.gate.trial import ANSWERS, ERRORS, LATENCY, LATER_PACE, LOOKS, Trial
from grader.delivery.gate.values import Finding, Grade, Sample, Seen
from tests.grader.delivery.gate.trials import TEXTS, alike, both, evidence_of, run

PROMOTE, HOLD, REJECT = Decision.PROMOTE, Decision.HOLD, Decision.REJECT
RIGHT, WRONG, FAILED, UNSEEN = Grade.RIGHT, Grade.WRONG, Grade.FAILED, Grade.UNSEEN


def test_the_error_of_all_rules_and_looks_is_a_thousandth_at_most() -> None:
    assert sum(chain(ANSWERS, ERRORS, LATENCY)) <= 0.001 + 1e-12
    assert len(LOOKS) == len(ANSWERS) == len(ERRORS) == len(LATENCY) == 4
    assert LOOKS[-1] == 1.0


def test_identical_code_is_promoted_after_all_pairs() -> None:
    end = run(alike)
    assert (end.decision, end.pairs) == (PROMOTE, 100)
    assert [each.rule for each in end.findings] == [*list(Rule)[2:5], Rule.DATA]


def test_the_question_that_tells_old_code_is_one_that_the_candidate_has_learned() -> None:
    def learned(text: int, _: int) -> tuple[Grade, Grade]:
        return WRONG if text == 2 else RIGHT, RIGHT if text in (3, 4) else WRONG

    evidence = evidence_of(*(both(learned(number % 10, 0)) for number in range(10)))
    assert evidence.telling() == 0
    nothing_new = evidence_of(*(both((RIGHT if n == 5 else WRONG, RIGHT)) for n in range(10)))
    assert nothing_new.telling() == 5


@given(st.integers(0, 9), st.integers(0, 2**32))
def test_one_query_that_is_always_wrong_is_rejected_at_the_first_look_after_it(
    bad: int, seed: int
) -> None:
    end = run(lambda text, _: (WRONG if text == bad else RIGHT, RIGHT), seed=seed)
    assert (end.decision, end.rules) == (REJECT, [Rule.ANSWERS])
    assert TEXTS[bad] in end.finding.words
    # It was asked again at once, and the first look is after ten pairs.
    assert end.pairs <= 25
    assert {end.evidence.samples[place].text for place in end.finding.samples} == {bad}


def test_a_query_that_is_wrong_on_both_sides_is_none() -> None:
    end = run(lambda text, _: (WRONG, WRONG) if text == 3 else (RIGHT, RIGHT))
    assert end.decision is PROMOTE
    assert list(remarks(end.evidence)) == ["Wrong on both sides alike: “query 3”."]


def test_answers_and_the_questions_that_they_belong_to_are_counted_together() -> None:
    # The candidate answers five questions of ten, and each of them ten times.
    end = run(lambda text, _: (RIGHT if text % 2 else FAILED, RIGHT))
    (found,) = (each for each in end.findings if each.rule is Rule.ANSWERS)
    asked = sum(tally.right for tally in end.evidence.tallies)
    assert found.words == (
        "no question is wrong that the baseline answers right: "
        f"{asked} answers to 5 questions of this sort"
    )


def test_a_query_that_is_right_again_is_none() -> None:
    end = run(lambda _, number: (WRONG if number == 4 else RIGHT, RIGHT))
    assert end.decision is PROMOTE


def test_a_query_that_was_wrong_at_the_very_end_is_held() -> None:
    # Only one that was never asked before can still be in doubt.
    def late(text: int, number: int) -> tuple[Grade, Grade]:
        if text == 9:
            return (WRONG, RIGHT) if number == 29 else (UNSEEN, RIGHT)
        return RIGHT, RIGHT

    for seed in range(100):
        end = run(late, pairs=30, seed=seed)
        if end.evidence.samples[-1].text == 9:
            break
    assert (end.decision, end.rules) == (HOLD, [Rule.ANSWERS])
    assert "too late to be asked again" in end.finding.words


def test_a_failure_is_no_wrong_answer() -> None:
    end = run(lambda text, _: (FAILED if text == 3 else RIGHT, RIGHT))
    assert end.decision is PROMOTE
    (found,) = (each for each in end.findings if each.rule is Rule.ERRORS)
    assert found.numbers["failed"] == 10


def test_where_the_baseline_wavers_twice_wrong_may_be_chance() -> None:
    # Both sides are wrong about one answer of five, on any query.
    def waver(text: int, number: int) -> tuple[Grade, Grade]:
        chance = Random(f"{text} {number}")
        here, there = (WRONG if chance.random() < 0.2 else RIGHT for _ in range(2))
        return here, there

    ends = [run(waver, pairs=500, seed=seed) for seed in range(20)]
    assert {end.decision for end in ends} == {PROMOTE}
    assert all(tally.against >= 2 for tally in ends[0].evidence.tallies)


def test_where_the_baseline_wavers_a_query_that_is_always_wrong_is_still_named() -> None:
    def waver(text: int, number: int) -> tuple[Grade, Grade]:
        return WRONG if text == 3 else RIGHT, WRONG if text == 7 and number % 2 else RIGHT

    end = run(waver, pairs=500)
    assert (end.decision, end.rules) == (REJECT, [Rule.ANSWERS])
    assert "1 question wrong" in end.finding.words


def test_where_the_baseline_wavers_more_wrong_answers_everywhere_are_rejected() -> None:
    def waver(text: int, number: int) -> tuple[Grade, Grade]:
        here, there = number % 3 == 0, number % 11 == 0
        return WRONG if here else RIGHT, WRONG if there else RIGHT

    end = run(waver, pairs=500)
    assert (end.decision, end.rules) == (REJECT, [Rule.ANSWERS])
    assert "more than chance explains" in end.finding.words
    assert end.finding.numbers["p"] <= end.finding.numbers["limit"]


def test_more_errors_are_rejected() -> None:
    end = run(lambda _, number: (FAILED if number % 3 == 0 else RIGHT, RIGHT))
    assert (end.decision, end.rules) == (REJECT, [Rule.ERRORS])
    numbers = end.finding.numbers
    assert numbers["p"] <= numbers["limit"]
    assert len(end.finding.samples) == numbers["failed"]


def test_fewer_errors_than_the_baselines_are_none() -> None:
    end = run(lambda _, number: (RIGHT, FAILED if number % 3 == 0 else RIGHT))
    assert end.decision is PROMOTE


def test_errors_on_both_sides_alike_are_told() -> None:
    end = run(lambda _, number: (FAILED, FAILED) if number % 5 == 0 else (RIGHT, RIGHT))
    assert end.decision is PROMOTE
    assert [each.partition(":")[0] for each in remarks(end.evidence)] == [
        "Requests fail on both sides alike"
    ]


@pytest.mark.parametrize(("ms", "decision"), [(58.0, PROMOTE), (75.0, HOLD), (25.0, PROMOTE)])
def test_latency_is_compared_with_a_quarter_more_than_the_baselines(
    ms: float, decision: Decision
) -> None:
    end = run(alike, ms=ms)
    assert end.decision is decision
    if decision is HOLD:
        assert end.rules == [Rule.LATENCY]
        assert end.finding.numbers["median_ms"] == pytest.approx(ms, rel=0.1)


def test_what_nobody_feels_holds_nothing() -> None:
    evidence = evidence_of(*[(Seen(RIGHT, 2.0), Seen(RIGHT, 1.0))] * 100)
    found = latency(evidence, 0.001)
    assert found.numbers["p"] < 1e-9
    assert found.decision is PROMOTE


def test_times_that_this_machine_was_late_for_are_left_out() -> None:
    late, on_time = Seen(RIGHT, 900.0, on_time=False), Seen(RIGHT, 50.0)
    evidence = evidence_of(*[(late, on_time), (on_time, on_time)] * 30)
    found = latency(evidence, 0.001)
    assert (found.decision, found.numbers["replies"]) == (PROMOTE, 30)


def test_rules_are_asked_at_the_planned_looks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def noted(evidence: Evidence, level: float) -> Finding:
        looks.append((len(evidence.samples), level))
        return errors(evidence, level)

    monkeypatch.setattr(rules, "errors", noted)
    run(alike, pairs=200)
    assert looks == [(20, ERRORS[0]), (50, ERRORS[1]), (100, ERRORS[2]), (200, ERRORS[3])]


def test_pairs_come_more_slowly_once_most_good_candidates_are_through() -> None:
    made = Trial(TEXTS, 100, Random(1))
    paces = []
    for _ in range(100):
        paces.append(made.pace)
        made.add(Sample(made.next_text(), *both((RIGHT, RIGHT))))
    assert paces == [1.0] * 25 + [LATER_PACE] * 75
    # All pairs, and all fresh connections before and after them, fit into what the command allows.
    seconds = (25 + 75 / LATER_PACE) * 10 / 2.0 + 2 * CONNECTIONS / 2.0
    assert seconds < 0.95 * 60 * 15


@given(st.integers(20, 300), st.integers(0, 2**32))
def test_each_question_has_its_turn(pairs: int, seed: int) -> None:
    end = run(alike, pairs=pairs, seed=seed)
    asked = [tally.asked for tally in end.evidence.tallies]
    assert max(asked) - min(asked) <= 1
    assert end.pairs == pairs or end.pairs in (pairs // 2, -(-pairs // 2), -(-pairs // 4))


def test_a_question_whose_second_look_fails_keeps_nobody_waiting() -> None:
    def stuck(text: int, number: int) -> tuple[Grade, Grade]:
        if text != 3:
            return RIGHT, RIGHT
        return (WRONG, RIGHT) if number < 4 else (UNSEEN, RIGHT)

    end = run(stuck, pairs=100)
    assert all(tally.asked >= 5 for tally in end.evidence.tallies if tally.right)
