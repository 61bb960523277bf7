"""Real deployments on loopback, compared pair by pair."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, request

from grader.asking import loops
from grader.delivery.gate import Decision, Gated, Reason, Rule, asking
from grader.delivery.gate import told as telling
from grader.delivery.gate.trial import LATER_PACE
from grader.model import IdKey
from grader.outcomes import Outcome
from tests.grader.apps import ACTIVITY, QUICK
from tests.grader.delivery.gate.sides import (
    NEW,
    OLD,
    asleep,
    balanced,
    deployed,
    failing_each,
    gated,
    right,
    served,
    slow,
    wrong_sums,
)
from tests.servers import LOOPBACK, free_port, serve

PROMOTE, HOLD, REJECT = Decision.PROMOTE, Decision.HOLD, Decision.REJECT


@pytest.fixture(scope="module")
def baseline() -> Iterator[str]:
    with served(commit=OLD) as url:
        yield url


def reason(end: Gated, rule: Rule) -> Reason:
    (found,) = (each for each in end.reasons if each.rule is rule)
    return found


def bad(end: Gated) -> Reason:
    """The one reason that decides against the candidate."""
    assert end.decision is not PROMOTE
    (found,) = (each for each in end.reasons if each.decision is end.decision)
    return found


def test_a_good_candidate_is_promoted(baseline: str) -> None:
    with served() as url:
        end = gated(url, baseline)
    assert end.decision is PROMOTE, end.reasons
    assert {each.rule for each in end.reasons} == set(Rule)
    assert all(each.decision is PROMOTE for each in end.reasons)
    (remark,) = end.remarks
    assert remark.startswith("With 100 pairs, ")
    assert "failed requests are needed to reject" in remark
    assert len({sample.text for sample in end.samples}) == len(end.queries) >= 70
    sides = [sample.candidate_first for sample in end.samples]
    assert abs(sides.count(True) - sides.count(False)) <= 1


def test_wrong_answers_are_rejected_and_named(baseline: str) -> None:
    with served(wrong_sums) as url:
        end = gated(url, baseline)
    found = bad(end)
    assert (end.decision, found.rule) == (REJECT, Rule.ANSWERS)
    assert "plus" in found.words
    assert found.numbers["regressions"] >= 2
    # One request of each question before a second one.
    assert found.requests[0].question != found.requests[2].question
    candidates, baselines = found.requests[::2], found.requests[1::2]
    assert {each.outcome for each in candidates} == {Outcome.WRONG}
    assert {each.outcome for each in baselines} == {Outcome.RIGHT}
    assert all(each.reply is not None and each.reply.url.startswith(url) for each in candidates)
    # The first look already tells: the rest is not asked.
    assert len(end.samples) < 100


def test_what_is_wrong_on_both_sides_passes_with_a_remark() -> None:
    with served(wrong_sums, OLD) as old, served(wrong_sums) as url:
        end = gated(url, old)
    assert end.decision is PROMOTE, end.reasons
    assert any(remark.startswith("Wrong on both sides alike: ") for remark in end.remarks)


def test_more_errors_are_rejected(baseline: str) -> None:
    with served(failing_each(4)) as url:
        end = gated(url, baseline)
    found = bad(end)
    assert (end.decision, found.rule) == (REJECT, Rule.ERRORS)
    assert found.numbers["failed"] > 0 == found.numbers["baseline_failed"]
    assert {each.outcome for each in found.requests[::2]} == {Outcome.SERVER_ERROR}


def test_errors_on_both_sides_pass_with_a_remark() -> None:
    with served(failing_each(6), OLD) as old, served(failing_each(6)) as url:
        end = gated(url, old)
    assert end.decision is PROMOTE, end.reasons
    assert any(remark.startswith("Requests fail on both sides alike") for remark in end.remarks)


def test_a_slow_candidate_is_held(baseline: str) -> None:
    with served(slow) as url:
        end = gated(url, baseline)
    found = bad(end)
    assert (end.decision, found.rule) == (HOLD, Rule.LATENCY)
    assert found.numbers["median_ms"] >= 15
    assert found.numbers["p"] <= found.numbers["limit"]


@pytest.mark.parametrize("expected", ["", NEW[:7]])
def test_one_stale_server_of_eight_is_found_by_its_commit(baseline: str, expected: str) -> None:
    fleet = balanced(*[deployed()] * 7, deployed(commit=OLD))
    with serve(fleet) as url:
        end = gated(url, baseline, expect_commit=expected)
    found = bad(end)
    assert (end.decision, found.rule) == (REJECT, Rule.RELEASE)
    assert OLD[:12] in found.words
    assert found.numbers["connections"] == 52
    assert len(found.requests[0].replies) == 52
    assert end.samples == ()


def test_one_stale_server_that_tells_no_commit_is_found_by_what_the_candidate_learned() -> None:
    def unfinished(query: str) -> str:
        return "" if "Andrew" in query else right(query)

    def old() -> Flask:
        return deployed(unfinished, None)

    with serve(old()) as baseline, serve(balanced(*[deployed(commit=None)] * 7, old())) as url:
        end = gated(url, baseline, battery=ACTIVITY)
    assert (end.decision, bad(end).rule) == (REJECT, Rule.RELEASE)
    assert "different answers: “abc123” (" in bad(end).words
    assert "Andrew" in bad(end).requests[0].question.query


def test_another_commit_than_the_expected_one_is_rejected(baseline: str) -> None:
    with served(commit=OLD) as url:
        end = gated(url, baseline, expect_commit=NEW)
    assert (end.decision, bad(end).rule) == (REJECT, Rule.RELEASE)
    assert f"met commit {OLD[:12]}, not" in bad(end).words


def test_no_commit_where_one_is_expected_is_held(baseline: str) -> None:
    with served(commit=None) as url:
        end = gated(url, baseline, expect_commit=NEW)
    assert (end.decision, bad(end).rule) == (HOLD, Rule.RELEASE)
    # Everything else is still compared.
    assert len(end.samples) == 100


def test_where_nobody_tells_a_release_a_remark_says_so() -> None:
    with served(commit=None) as old, served(commit=None) as url:
        end = gated(url, old)
    assert end.decision is PROMOTE
    assert [remark for remark in end.remarks if remark.startswith("Neither side tells its release")]


def test_a_sleeping_candidate_and_a_sleeping_baseline_are_woken_first() -> None:
    with serve(asleep(deployed(commit=OLD), 5)) as old, serve(asleep(deployed(), 5)) as url:
        end = gated(url, old)
    assert end.decision is PROMOTE, end.reasons
    assert reason(end, Rule.ERRORS).numbers["failed"] == 0


def test_a_baseline_that_is_down_holds_a_good_candidate() -> None:
    with served() as url:
        end = gated(url, f"http://{LOOPBACK}:{free_port()}", limits=replace(QUICK, wake_timeout=1))
    assert (end.decision, bad(end).rule) == (HOLD, Rule.HEALTH)
    assert "baseline" in bad(end).words
    assert end.samples == ()


def test_a_candidate_that_is_down_is_rejected(baseline: str) -> None:
    nowhere = f"http://{LOOPBACK}:{free_port()}"
    end = gated(nowhere, baseline, limits=replace(QUICK, wake_timeout=1))
    assert (end.decision, bad(end).rule) == (REJECT, Rule.HEALTH)
    assert bad(end).requests[0].outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize(("status", "rule"), [(503, Rule.HEALTH), (500, Rule.ERRORS)])
def test_a_candidate_that_stops_answering_is_rejected(
    baseline: str, status: int, rule: Rule
) -> None:
    made = deployed()
    asked = []

    @made.before_request
    def dying() -> tuple[str, int] | None:
        asked.append(1)
        return ("gone", status) if len(asked) > 80 else None

    with serve(made) as url:
        end = gated(url, baseline)
    assert (end.decision, bad(end).rule) == (REJECT, rule)
    if rule is Rule.HEALTH:
        assert bad(end).numbers["failed_in_a_row"] == 10


def test_captured_queries_that_fail_on_both_sides_pass_with_a_remark() -> None:
    captured = tuple(f"a bug {number}" for number in range(12))

    def buggy(query: str) -> str:
        if query in captured:
            raise RuntimeError("a bug")
        return right(query)

    with served(buggy, OLD) as old, served(buggy) as url:
        end = gated(url, old, captured=captured)
    assert end.decision is PROMOTE, end.reasons
    assert any(remark.startswith("Requests fail on both sides alike") for remark in end.remarks)


def test_a_protected_candidate_is_held(baseline: str) -> None:
    made = deployed()
    made.before_request(lambda: ("Log in", 401))
    with serve(made) as url:
        end = gated(url, baseline, limits=replace(QUICK, wake_timeout=1))
    assert (end.decision, bad(end).rule) == (HOLD, Rule.HEALTH)
    assert "--bypass-secret" in bad(end).words


def test_a_limit_on_our_rate_is_none_of_the_candidates_faults(baseline: str) -> None:
    made = deployed()
    asked = []

    @made.before_request
    def limit() -> tuple[str, int] | None:
        asked.append(1)
        return ("Too many", 429) if len(asked) > 80 else None

    with serve(made) as url:
        end = gated(url, baseline)
    assert (end.decision, bad(end).rule) == (HOLD, Rule.DATA)


def test_a_page_that_takes_us_for_a_bot_is_none_of_the_candidates_faults(baseline: str) -> None:
    made = deployed()
    asked = []

    @made.before_request
    def check() -> tuple[str, int, dict[str, str]] | None:
        asked.append(1)
        page = "<!doctype html><title>Are you human?</title>"
        return (page, 403, {"Content-Type": "text/html"}) if len(asked) > 80 else None

    with serve(made) as url:
        end = gated(url, baseline)
    assert (end.decision, bad(end).rule) == (HOLD, Rule.DATA)


@pytest.mark.parametrize(("told", "decision"), [(OLD, REJECT), (None, PROMOTE)])
def test_a_healthz_that_fails_is_rejected_where_the_baselines_tells_its_release(
    told: str | None, decision: Decision
) -> None:
    made = deployed()
    made.before_request(lambda: ("broken", 500) if request.path == "/healthz" else None)
    with served(commit=told) as old, serve(made) as url:
        end = gated(url, old)
    assert end.decision is decision, end.reasons
    healths = [each for each in end.reasons if each.rule is Rule.HEALTH]
    assert ("/healthz failed" in healths[-1].words) is (decision is REJECT)


def test_pairs_and_connections_come_at_a_polite_rate(baseline: str) -> None:
    with served() as url:
        end = gated(url, baseline, samples=20, per_second=100.0)
    requests = 104 + len(end.samples)
    assert end.seconds >= (requests - 2) / 100


def test_who_is_undecided_after_a_quarter_of_the_pairs_is_asked_more_slowly(baseline: str) -> None:
    with served() as url:
        end = gated(url, baseline, samples=40, per_second=100.0)
    asked = [
        side.verdict.reply.asked_at
        for sample in end.samples
        for side in (sample.candidate, sample.baseline)
        if side.verdict and side.verdict.reply
    ]
    # At the full rate, thirty pairs would take 0.3 s.
    assert (max(asked) - asked[20]).total_seconds() >= 25 / (LATER_PACE * 100)


def test_a_platform_that_asks_for_time_gets_it() -> None:
    async def paced() -> float:
        pace = asking._Pace(1000.0)
        await pace.wait()
        began = time.monotonic()
        pace.leave_alone(0.3)
        await pace.wait()
        return time.monotonic() - began

    # A browser's test may have left a loop running in this thread.
    with loops.Scope() as scope:
        assert scope.result(paced()) >= 0.29


def test_our_own_lag_holds_and_is_never_the_candidates_fault(baseline: str) -> None:
    loop = loops._running_loop()

    def hindering(query: str) -> str:
        """Keep the loop that asks busy while a pair is asked."""
        loop.call_soon_threadsafe(time.sleep, 0.2)
        return right(query)

    with served(hindering) as url:
        end = gated(url, baseline, samples=20)
    assert (end.decision, bad(end).rule) == (HOLD, Rule.DATA)
    assert "this machine itself was too busy" in bad(end).words


def test_time_that_is_over_too_early_is_held(baseline: str) -> None:
    with served() as url:
        end = gated(url, baseline, minutes=0.001, per_second=20.0)
    assert end.decision is HOLD
    assert {each.rule for each in end.reasons if each.decision is HOLD} == {Rule.RELEASE, Rule.DATA}
    assert "give more --minutes" in reason(end, Rule.RELEASE).words


def test_no_time_at_all_is_held(baseline: str) -> None:
    with served(commit=None) as url:
        end = gated(url, baseline, minutes=1e-12)
    assert end.decision is HOLD
    assert telling.render(end, 80).startswith("HOLD: ")


def test_time_that_is_over_before_the_pairs_are_leaves_some_to_the_connections_after_them(
    baseline: str,
) -> None:
    with served() as url:
        end = gated(url, baseline, samples=1000, minutes=0.1, per_second=40.0)
    assert "the time was over before there were 1000" in reason(end, Rule.DATA).words
    last = [each for each in end.reasons if each.rule is Rule.RELEASE][-1]
    # A machine that is busy just then may not come to the last of them.
    assert end.decision is PROMOTE or len(last.requests[0].replies) > 26, end.reasons


@pytest.mark.parametrize(("told", "decision"), [("abc123", PROMOTE), ("xyz789", REJECT)])
def test_without_an_id_replies_about_it_are_compared(told: str, decision: Decision) -> None:
    def answer(query: str) -> str:
        return told if "Andrew" in query else right(query)

    with served(commit=OLD) as old, served(answer) as url:
        end = gated(url, old, andrew_id="", battery=ACTIVITY)
    assert end.decision is decision, end.reasons
    asked = [sample.candidate.verdict for sample in end.samples]
    assert not any(isinstance(each.question.key, IdKey) for each in asked if each)


def test_captured_queries_are_compared_with_the_baselines_replies(baseline: str) -> None:
    captured = ("what is the weather", "an old favourite")

    def answer(query: str) -> str:
        return "42" if query in captured else right(query)

    with served(answer) as url:
        end = gated(url, baseline, captured=captured)
    assert (end.decision, bad(end).rule) == (REJECT, Rule.ANSWERS)
    assert all(query in bad(end).words for query in captured)


def test_a_reply_that_differs_each_time_is_no_regression() -> None:
    count = iter(range(10**6))

    def answer(query: str) -> str:
        return f"{next(count)} o'clock" if query == "the time" else right(query)

    with served(answer, OLD) as old, served(answer) as url:
        end = gated(url, old, captured=("the time",))
    assert end.decision is PROMOTE, end.reasons
