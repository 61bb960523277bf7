"""When there is enough to decide by, and when a side is down: pairs are made up."""

from random import Random

import pytest

from grader.delivery.gate import Decision, Rule
from grader.delivery.gate.enough import DOWN_IN_A_ROW, down
from grader.delivery.gate.rules import errors, remarks
from grader.delivery.gate.trial import Trial
from grader.delivery.gate.values import Grade, Sample, Seen
from grader.model import Verdict
from grader.outcomes import Outcome
from tests.grader.delivery.gate.trials import TEXTS, Grades, alike, evidence_of, run, with_status

PROMOTE, HOLD, REJECT = Decision.PROMOTE, Decision.HOLD, Decision.REJECT
ANSWERED, RIGHT, WRONG = Grade.ANSWERED, Grade.RIGHT, Grade.WRONG
FAILED, UNSEEN = Grade.FAILED, Grade.UNSEEN


def test_a_long_trial_of_identical_code_ends_as_soon_as_nothing_bad_can_be_left() -> None:
    end = run(alike, pairs=1000)
    assert (end.decision, end.pairs) == (PROMOTE, 250)


@pytest.mark.parametrize(
    ("grades", "ms", "pairs"),
    [
        # Only a little less than what is tolerated: that is not clear before the end.
        (alike, 62.0, 1000),
        # More errors than the baseline, on 1.2% of the requests: 5% are not ruled out at once.
        (lambda _, number: (FAILED if number % 84 == 0 else RIGHT, RIGHT), 50.0, 500),
        # A question that was wrong once, and was right again.
        (lambda _, number: (WRONG if number == 60 else RIGHT, RIGHT), 50.0, 1000),
    ],
)
def test_a_trial_goes_on_while_anything_bad_may_be_left(
    grades: Grades, ms: float, pairs: int
) -> None:
    end = run(grades, pairs=1000, ms=ms)
    assert (end.decision, end.pairs) == (PROMOTE, pairs)


def test_a_machine_that_was_late_most_of_the_time_holds() -> None:
    made = Trial(TEXTS, 60, Random(1))
    for number in range(60):
        late = Seen(RIGHT, 900.0, on_time=number % 3 == 0)
        made.add(Sample(made.next_text(), late, Seen(RIGHT, 50.0)))
    findings = made.look()
    assert findings is not None
    (data,) = (each for each in findings if each.rule is Rule.DATA)
    assert data.decision is HOLD
    assert "too busy" in data.words


def test_what_nobody_saw_counts_nowhere_and_too_little_is_held() -> None:
    end = run(lambda _, number: (UNSEEN if number % 3 else RIGHT, RIGHT))
    assert (end.decision, end.rules) == (HOLD, [Rule.DATA])
    assert end.finding.numbers["usable"] == 34
    assert errors(end.evidence, 0.001).numbers["requests"] == 34


@pytest.mark.parametrize("grades", [(UNSEEN, RIGHT), (RIGHT, UNSEEN)])
def test_where_nothing_counts_any_more_nobody_is_asked_on(grades: tuple[Grade, Grade]) -> None:
    end = run(lambda _, number: grades if number >= 30 else (RIGHT, RIGHT), pairs=1000)
    assert (end.decision, end.rules, end.pairs) == (HOLD, [Rule.DATA], 50)
    assert end.finding.samples == tuple(range(49, 29, -1))


def test_a_baseline_that_fails_most_of_the_time_is_held() -> None:
    end = run(lambda _, number: (RIGHT, FAILED if number % 5 else RIGHT))
    assert (end.decision, end.rules) == (HOLD, [Rule.DATA])
    assert "baseline is down" in end.finding.words


@pytest.mark.parametrize(
    ("here", "decision"), [(FAILED, PROMOTE), (RIGHT, PROMOTE), (WRONG, HOLD), (ANSWERED, HOLD)]
)
def test_a_baseline_with_errors_on_most_questions_is_not_down(
    here: Grade, decision: Decision
) -> None:
    # What fails on both sides alike is a remark, what is right a repair; the rest is in doubt.
    failure = with_status(500)
    end = run(lambda text, _: (here, FAILED) if text else (RIGHT, RIGHT), failure=failure)
    assert end.decision is decision, end.findings
    assert end.pairs == 100
    if decision is HOLD:
        assert end.rules == [Rule.DATA]
        assert end.finding.words.startswith("the baseline fails on most questions: in 90 of 100 ")
    elif here is FAILED:
        assert "Requests fail on both sides alike" in "".join(remarks(end.evidence))


@pytest.mark.parametrize(
    ("verdict", "silent"),
    [
        (None, True),
        (with_status(None, Outcome.UNREACHABLE), True),
        # It began, and did not end; and a platform's page in place of the app.
        (with_status(200, Outcome.TOO_SLOW), True),
        (with_status(404, Outcome.UNREACHABLE), True),
        *((with_status(status), True) for status in (502, 503, 504, 522)),
        *((with_status(status), False) for status in (500, 501)),
        *((with_status(status, Outcome.CLIENT_ERROR), False) for status in (404, 414)),
    ],
)
def test_who_replies_with_an_error_is_not_down(verdict: Verdict | None, silent: bool) -> None:
    end = run(
        lambda _, number: (FAILED, FAILED) if 30 <= number < 50 else (RIGHT, RIGHT),
        failure=verdict,
    )
    decision, pairs = (HOLD, 30 + DOWN_IN_A_ROW) if silent else (PROMOTE, 100)
    assert (end.decision, end.pairs) == (decision, pairs)


def test_a_silent_candidate_is_not_blamed_while_the_baseline_fails() -> None:
    evidence = evidence_of(*[(Seen(FAILED, 0.0), Seen(FAILED, 9.0, verdict=with_status(500)))] * 20)
    assert down(evidence) is None
    evidence.add(Sample(0, Seen(FAILED, 0.0), Seen(WRONG, 9.0)))
    found = down(evidence)
    assert found is not None
    assert (found.rule, found.decision) == (Rule.HEALTH, REJECT)


@pytest.mark.parametrize(
    ("here", "there", "decision"),
    [(FAILED, RIGHT, REJECT), (RIGHT, FAILED, HOLD), (FAILED, FAILED, HOLD)],
)
def test_a_side_that_fails_again_and_again_is_down(
    here: Grade, there: Grade, decision: Decision
) -> None:
    end = run(lambda _, number: (here, there) if number >= 30 else (RIGHT, RIGHT), pairs=1000)
    assert (end.decision, end.rules) == (decision, [Rule.HEALTH])
    assert end.pairs == 30 + DOWN_IN_A_ROW


def test_a_candidate_that_fails_together_with_the_baseline_is_not_blamed() -> None:
    def falling(_: int, number: int) -> tuple[Grade, Grade]:
        return FAILED if number >= 20 else RIGHT, FAILED if number >= 25 else RIGHT

    end = run(falling, pairs=1000)
    assert (end.decision, end.rules, end.pairs) == (HOLD, [Rule.HEALTH], 35)
