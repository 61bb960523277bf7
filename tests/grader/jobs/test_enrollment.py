"""What a corrected roster does to a run: who is asked anew, who is judged anew, in which order."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from grader.jobs import Result, Run
from grader.judging import judge
from grader.model import (
    Job,
    Judgement,
    Limits,
    Note,
    ReleaseKey,
    Reply,
    Scorecard,
    State,
    Submission,
    Verdict,
)
from grader.outcomes import Outcome
from grader.questions import draw, parse_battery
from tests.grader.jobs.test_run import NOW, scorecard, submission

LIMITS = Limits()
TEAMS = parse_battery(
    'title = "Teams"\n[[entry]]\nquery = "Which team?"\npoints = 1\n'
    'key = { kind = "id", value = "{team}" }\n'
    '[[entry]]\ncheck = "release"\nname = "release"\npoints = 2\n',
    "teams",
    "teams.toml",
)
HEALTHZ = json.dumps({"release": {"commit": "c0ffee1"}})


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with closing(Run.begin(tmp_path / "run.sqlite", TEAMS, seed=7)) as begun:
        yield begun


def ada(commit: str = "", **columns: str) -> Submission:
    return Submission(
        "ada",
        "https://ada.example.org",
        expect_commit=commit,
        columns={"team": "blue", "expect commit": commit, **columns},
    )


def graded(job: Job) -> Scorecard:
    """What grading makes of an app of the blue team, whose commit is c0ffee1."""
    verdicts = []
    for question in draw(job.battery, job.submission, job.seed):
        text = HEALTHZ if isinstance(question.key, ReleaseKey) else "blue"
        reply = Reply("https://ada.example.org/healthz", NOW, 200, text)
        verdicts.append(Verdict(question, judge(question, reply), (reply,)))
    return Scorecard(job.submission, State.GRADED, tuple(verdicts), NOW, NOW)


def test_another_commit_is_judged_on_what_answered(run: Run) -> None:
    run.enroll([ada("badbad1")], ())
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, graded(job))])
    assert [card.score for card in run.scorecards()] == [1]
    enrolled = run.enroll([ada("c0ffee1")], ())
    assert (enrolled.changed, enrolled.judged, enrolled.unjudged) == ((), ("ada",), ())
    assert list(run.first_pass(LIMITS)) == []
    assert [card.score for card in run.scorecards()] == [3]
    assert [each.kind for each in run.transcript("ada").scorecards] == ["graded", "rejudged"]


def test_who_was_never_asked_for_the_commit_keeps_the_grade(tmp_path: Path) -> None:
    source = TEAMS.source.partition('[[entry]]\ncheck = "release"')[0]
    without = parse_battery(source, "teams", "teams.toml")
    with closing(Run.begin(tmp_path / "run.sqlite", without, seed=7)) as run:
        run.enroll([ada()], ())
        (job,) = run.first_pass(LIMITS)
        run.commit([Result.of(job, graded(job))])
        enrolled = run.enroll([ada("badbad1")], ())
        assert (enrolled.judged, enrolled.unjudged) == ((), ("ada",))
        assert list(run.first_pass(LIMITS)) == []
        assert [card.score for card in run.scorecards()] == [1]
        # Asked anew on demand, the commit is asked for.
        run.ask_again(["ada"], [])
        (job,) = run.first_pass(LIMITS)
        assert job.submission.expect_commit == "badbad1"


def test_a_column_that_no_question_holds_asks_nobody_anew(run: Run) -> None:
    run.enroll([ada()], ())
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, graded(job))])
    assert run.enroll([ada(remark="late")], ()).changed == ()
    assert list(run.first_pass(LIMITS)) == []
    assert run.enroll([ada(team="red")], ()).changed == ("ada",)


def test_a_secret_asks_anew_only_who_was_locked_out(run: Run) -> None:
    submissions = [replace(submission(index), columns={"team": "blue"}) for index in range(4)]
    run.enroll(submissions, ())
    fates = [
        (Outcome.RIGHT, State.GRADED),
        (Outcome.PROTECTED, State.GRADED),
        (Outcome.UNREACHABLE, State.UNREACHABLE),
        (Outcome.WRONG, State.GRADED),
    ]
    for job, (outcome, state) in zip(run.first_pass(LIMITS), fates, strict=True):
        card = scorecard(job.submission, outcome, state)
        run.commit([Result.of(replace(job, previous=card), card)])
    with_secrets = [replace(each, bypass_secret="s3cret") for each in submissions]
    assert run.enroll(with_secrets, ()).changed == ("student1", "student2")
    asked = list(run.first_pass(LIMITS))
    assert {job.submission.andrew_id for job in asked} == {"student1", "student2"}
    assert {job.submission.bypass_secret for job in asked} == {"s3cret"}
    assert len(run.scorecards()) == 4
    assert run.enroll(with_secrets, ()).changed == ()


def test_students_keep_the_rosters_order_and_removed_ones_come_last(run: Run) -> None:
    def ids() -> list[str]:
        for job in run.first_pass(LIMITS):
            run.commit([Result.of(job, scorecard(job.submission))])
        return [card.submission.andrew_id for card in run.scorecards()]

    def of(*numbers: int) -> list[Submission]:
        return [replace(submission(number), columns={"team": "blue"}) for number in numbers]

    run.enroll(of(0, 1, 2), ())
    assert ids() == ["student0", "student1", "student2"]
    moved = replace(of(0)[0], url="https://elsewhere.example.org")
    run.enroll([moved, *of(1, 2)], ())
    assert ids() == ["student0", "student1", "student2"]
    assert run.enroll([*of(3, 2), moved], (Note("A note."),)).removed == ("student1",)
    assert [note.words for note in run.info.notes] == [
        "A note.",
        "No longer in the roster, kept in the run: student1.",
    ]
    assert ids() == ["student3", "student2", "student0", "student1"]
    # A second class list without others leaves those who went before in their place.
    run.enroll(of(0), ())
    assert ids()[:1] == ["student0"]
    assert ids()[1:] == ["student3", "student2", "student1"]


def test_opening_private_addresses_asks_those_who_were_refused(run: Run) -> None:
    submissions = [replace(submission(index), columns={"team": "blue"}) for index in range(2)]
    run.enroll(submissions, ())
    for job, state in zip(run.first_pass(LIMITS), (State.GRADED, State.REFUSED), strict=True):
        run.commit([Result.of(job, scorecard(job.submission, Outcome.FORBIDDEN_ADDRESS, state))])
    run.allow_private()
    (job,) = run.first_pass(LIMITS)
    assert (job.submission, job.limits.allow_private) == (submissions[1], True)


def test_what_is_asked_again_is_what_both_conditions_hold_for(run: Run) -> None:
    run.enroll([replace(submission(index), columns={"team": "blue"}) for index in range(3)], ())
    states = (State.GRADED, State.INVALID, State.INVALID)
    for job, state in zip(run.first_pass(LIMITS), states, strict=True):
        run.commit([Result.of(job, scorecard(job.submission, state=state))])
    assert run.ask_again(["student0"], [State.INVALID]) == 0
    assert run.ask_again(["student0", "student1"], [State.INVALID]) == 1
    assert run.ask_again([], [State.INVALID]) == 2
    assert run.ask_again([], []) == 0


def test_what_our_side_could_not_ask_is_asked_with_the_secret(run: Run) -> None:
    run.enroll([ada()], ())
    (job,) = run.first_pass(LIMITS)
    question = draw(TEAMS, ada(), seed=7)[0]
    lost = Verdict(question, Judgement(Outcome.NOT_CHECKED, "no network"))
    card = Scorecard(job.submission, State.NOT_GRADED, (lost,), NOW, NOW)
    run.commit([Result.of(replace(job, previous=card), card)])
    assert run.enroll([replace(ada(), bypass_secret="s3cret")], ()).changed == ("ada",)
