import dataclasses
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from grader.asking.running import run as grade_job
from grader.jobs import OtherRunError, Result, Run, UngradedError, UnknownStudentError
from grader.model import (
    Acceptance,
    InputError,
    Job,
    Judgement,
    Keep,
    Limits,
    Note,
    NumberKey,
    Override,
    ProbeKind,
    Question,
    Reply,
    Scorecard,
    State,
    Submission,
    Verdict,
)
from grader.outcomes import Outcome
from grader.questions import load_battery, parse_battery
from grader.store import StoreError
from tests.grader.apps import ACTIVITY

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
LIMITS = Limits()


def submission(index: int, url: str = "") -> Submission:
    return Submission(
        f"student{index}", url or f"https://app{index}.example.org", columns={"Lab": "A"}
    )


def scorecard(
    of: Submission, outcome: Outcome = Outcome.RIGHT, state: State = State.GRADED
) -> Scorecard:
    question = Question("addition", "What is 1 plus 2?", NumberKey(3), 10)
    replies = (Reply("https://x/api?q=", NOW, 200, "3\x00\ud7ff\U0001f600"),)
    verdict = Verdict(question, Judgement(outcome, "because", "whole"), replies)
    return Scorecard(of, state, (verdict,), NOW, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def begun(store: Path, count: int = 3) -> Run:
    run = Run.begin(store, ACTIVITY, seed=7)
    run.enroll([submission(index) for index in range(count)], ())
    return run


def test_a_run_is_found_again_as_it_was_begun(store: Path) -> None:
    run = begun(store)
    run.enroll([submission(index) for index in range(3)], (Note("a note"),))
    run.close()
    again = Run.begin(store, ACTIVITY, seed=None)
    assert again.info.seed == 7
    assert again.info.battery == ACTIVITY
    assert again.info.notes == (Note("a note"),)
    assert again.total() == 3
    again.close()


def test_jobs_come_in_the_rosters_order_until_committed(store: Path) -> None:
    run = begun(store)
    jobs = list(run.first_pass(LIMITS))
    assert [job.submission for job in jobs] == [submission(index) for index in range(3)]
    assert {job.seed for job in jobs} == {7}
    run.commit([Result.of(jobs[1], scorecard(jobs[1].submission))])
    assert [job.submission.andrew_id for job in run.first_pass(LIMITS)] == ["student0", "student2"]
    assert list(run.scorecards()) == [scorecard(submission(1))]
    assert (run.finished(), run.total()) == (1, 3)
    run.close()


def test_what_may_pass_yet_gets_a_second_pass_and_only_one(store: Path) -> None:
    run = begun(store, 1)
    (job,) = run.first_pass(LIMITS)
    first = scorecard(job.submission, Outcome.SERVER_ERROR)
    result = Result.of(job, first)
    assert not result.final
    run.commit([result])
    assert list(run.first_pass(LIMITS)) == []
    (second,) = run.second_pass(LIMITS)
    assert second.previous == first
    result = Result.of(second, first)
    assert result.final
    run.commit([result])
    assert list(run.second_pass(LIMITS)) == []
    assert run.finished() == 1
    assert len(run.scorecards()) == 1
    run.close()


def test_what_is_committed_together_is_all_there_or_not_at_all(store: Path) -> None:
    run = begun(store, 4)
    jobs = list(run.first_pass(LIMITS))
    outcomes = (Outcome.RIGHT, Outcome.WRONG, Outcome.SERVER_ERROR, Outcome.RIGHT)
    cards = [
        scorecard(job.submission, outcome) for job, outcome in zip(jobs, outcomes, strict=True)
    ]
    results = [Result.of(job, card) for job, card in zip(jobs, cards, strict=True)]
    with store_that_fails_at(store, "submission"), pytest.raises(IntegrityError):
        run.commit(results)
    assert (len(run.scorecards()), run.finished()) == (0, 0)
    run.commit(results[:1])
    run.commit(results[1:])
    assert list(run.scorecards()) == cards
    assert run.finished() == 3
    # Those asked anew and those asked once more together: each gets its own scorecard.
    run.ask_again(["student0"], [])
    again = [*run.first_pass(LIMITS), *run.second_pass(LIMITS)]
    run.commit([Result.of(job, scorecard(job.submission, Outcome.WRONG)) for job in again])
    scorecards = [run.transcript(f"student{index}").scorecards for index in range(4)]
    assert [[each.number for each in student] for student in scorecards] == [
        [1, 2],
        [1],
        [1, 1],
        [1],
    ]
    assert [student[-1].scorecard.verdicts[0].outcome for student in scorecards] == [
        Outcome.WRONG,
        Outcome.WRONG,
        Outcome.WRONG,
        Outcome.RIGHT,
    ]
    run.close()


@contextmanager
def store_that_fails_at(store: Path, table: str) -> Iterator[None]:
    """Let every change of a table of the store fail, as on a full disk."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(
            f"CREATE TRIGGER full BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        yield
        connection.execute("DROP TRIGGER full")


def test_another_thread_commits_while_jobs_are_read(store: Path) -> None:
    count = 120
    run = begun(store, count)
    with ThreadPoolExecutor(1) as beside:
        committed = [
            beside.submit(run.commit, [Result.of(job, scorecard(job.submission))])
            for job in run.first_pass(LIMITS)
        ]
        assert all(each.result() is None for each in committed)
    assert len(committed) == run.finished() == len(list(run.scorecards())) == count
    run.close()


def test_another_battery_is_refused(store: Path) -> None:
    begun(store).close()
    with pytest.raises(OtherRunError, match="activity"):
        Run.begin(store, load_battery("extreme"), seed=7)
    edited = parse_battery(ACTIVITY.source.replace("points = 50", "points = 51"), "activity", "x")
    with pytest.raises(OtherRunError):
        Run.begin(store, edited, seed=7)
    with pytest.raises(OtherRunError, match="the seed 7"):
        Run.begin(store, ACTIVITY, seed=8)


def test_a_run_goes_on_with_its_own_text_of_a_battery_that_comes_with_the_grader(
    store: Path,
) -> None:
    earlier = parse_battery(
        'title = "As it was"\n[[entry]]\nfamily = "andrew_id"\npoints = 0\n',
        "activity",
        "an earlier version",
        stored=True,
    )
    Run.begin(store, earlier, seed=7).close()
    run = Run.begin(store, ACTIVITY, seed=7)
    assert run.info.battery == earlier
    run.close()
    with pytest.raises(OtherRunError, match="another text"):
        Run.begin(store, parse_battery(ACTIVITY.source + "\n", "activity", "my own"), seed=7)


def test_a_changed_roster_adds_changes_and_keeps(store: Path) -> None:
    run = begun(store)
    for job in run.first_pass(LIMITS):
        run.commit([Result.of(job, scorecard(job.submission))])
    changed = submission(1, "https://new.example.org")
    enrolled = run.enroll([submission(0), changed, submission(5)], ())
    assert (enrolled.added, enrolled.changed, enrolled.removed) == (
        ("student5",),
        ("student1",),
        ("student2",),
    )
    assert [job.submission for job in run.first_pass(LIMITS)] == [changed, submission(5)]
    assert run.total() == 3
    # Who is gone is neither asked nor counted, but kept; and is there again when the roster is.
    assert (run.unlisted(), len(run.scorecards()), len(run.scorecards(listed_only=True))) == (
        ["student2"],
        3,
        2,
    )
    run.enroll([submission(2)], ())
    assert (run.unlisted(), run.total()) == (["student0", "student1", "student5"], 1)
    assert [card.submission.andrew_id for card in run.scorecards(listed_only=True)] == ["student2"]
    run.close()


def test_what_the_roster_corrects_is_shown_without_grading_again(store: Path) -> None:
    run = begun(store, 1)
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, scorecard(job.submission))])
    corrected = dataclasses.replace(submission(0), name="Ada Ash")
    assert run.enroll([corrected], ()).changed == ()
    assert list(run.first_pass(LIMITS)) == []
    assert [card.submission.name for card in run.scorecards()] == ["Ada Ash"]
    run.close()


def test_another_unusable_link_is_a_new_attempt(store: Path) -> None:
    run = Run.begin(store, ACTIVITY, seed=7)
    invalid = Submission("a", "", state=State.INVALID, fault="no link")
    run.enroll([invalid], ())
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, scorecard(job.submission, state=State.INVALID))])
    assert run.enroll([dataclasses.replace(invalid, fault="a repository")], ()).changed == ("a",)
    run.close()


def test_scorecards_can_be_read_while_they_are_read(store: Path) -> None:
    run = begun(store, 5)
    for job in run.first_pass(LIMITS):
        run.commit([Result.of(job, scorecard(job.submission))])
    cards = run.scorecards()
    first = iter(cards)
    next(first)
    assert [card.submission.andrew_id for card in cards] == [f"student{i}" for i in range(5)]
    assert [card.submission.andrew_id for card in first] == [f"student{i}" for i in range(1, 5)]
    assert len(cards) == len(list(cards)) == 5
    run.close()


def test_ids_differing_in_case_alone_are_one_student(store: Path) -> None:
    run = begun(store, 1)
    upper = dataclasses.replace(submission(0), andrew_id="STUDENT0")
    assert run.enroll([upper], ()).added == ()
    run.close()


def test_a_bypass_secret_stays_with_the_submission(store: Path) -> None:
    run = Run.begin(store, ACTIVITY, seed=7)
    run.enroll([dataclasses.replace(submission(0), bypass_secret="s3cret")], ())
    (job,) = run.first_pass(LIMITS)
    assert job.submission.bypass_secret == "s3cret"
    run.commit([Result.of(job, scorecard(job.submission))])
    (card,) = run.scorecards()
    assert card.submission.bypass_secret == ""
    run.close()


def _with_states(store: Path, *states: State) -> Run:
    run = begun(store, len(states))
    for job, state in zip(run.first_pass(LIMITS), states, strict=True):
        card = scorecard(job.submission, state=state)
        run.commit([Result.of(Job(job.submission, ACTIVITY, 7, previous=card), card)])
    return run


def test_a_run_that_is_mostly_unreachable_doubts_itself(store: Path) -> None:
    run = _with_states(store, *[State.UNREACHABLE] * 3, *[State.GRADED] * 2)
    assert run.in_doubt()
    assert [card.state for card in run.scorecards()] == [State.NOT_GRADED] * 3 + [State.GRADED] * 2
    assert all(card.score is None for card in list(run.scorecards())[:3])
    assert run.reopen() == 3
    # A transcript and an appeal show what the files do.
    shown = run.transcript("student0").current
    assert shown == next(iter(run.scorecards()))
    assert run.appeal("student0", LIMITS)[0] == shown
    assert run.unsettled() == 3
    run.accept_unreachable()
    assert (run.unsettled(), run.transcript("student0").scorecards[0].scorecard.earned) == (0, 0)
    assert not run.in_doubt()
    assert [card.state for card in run.scorecards()][:3] == [State.UNREACHABLE] * 3
    assert [card.score for card in run.scorecards()][:3] == [0, 0, 0]
    run.close()


@pytest.mark.parametrize(
    "states",
    [
        (State.UNREACHABLE,) * 4,
        (State.UNREACHABLE,) * 3 + (State.GRADED,) * 3,
        (State.INVALID,) * 9 + (State.UNREACHABLE,) * 2 + (State.GRADED,) * 2,
    ],
)
def test_few_or_half_or_invalid_ones_are_no_doubt(store: Path, states: tuple[State, ...]) -> None:
    run = _with_states(store, *states)
    assert not run.in_doubt()
    run.close()


def test_what_could_not_be_graded_is_asked_again_next_time(store: Path) -> None:
    run = _with_states(store, State.NOT_GRADED, State.GRADED, State.UNREACHABLE)
    assert run.finished() == 3
    assert run.reopen() == 1
    (job,) = run.second_pass(LIMITS)
    assert job.submission == submission(0)
    run.close()


def test_what_is_asked_anew_is_not_asked_once_more_as_well(store: Path) -> None:
    run = _with_states(store, State.NOT_GRADED, State.GRADED)
    assert run.ask_again(["student0"], []) == 1
    assert run.reopen() == 1
    assert [job.submission for job in run.first_pass(LIMITS)] == [submission(0)]
    assert list(run.second_pass(LIMITS)) == []
    run.close()


def test_what_is_settled_by_hand_is_open_no_more(store: Path) -> None:
    run = _with_states(store, State.NOT_GRADED, State.NOT_GRADED, State.GRADED)
    assert run.unsettled() == 2
    assert not run.override({"student0": Override("Dean", NOW, "ill", None)})
    assert not run.override({"student1": Override("Dean", NOW, "shown in class", 5)})
    assert run.unsettled() == 0
    # What was asked last is open, even where an earlier attempt counts.
    run.keep(Keep("best"))
    run.ask_again(["student2"], [])
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, scorecard(job.submission, state=State.NOT_GRADED))])
    assert [card.state for card in run.scorecards()][2] is State.GRADED
    assert run.unsettled() == 1
    run.close()


def test_a_run_keeps_the_probes_and_the_rule_that_it_has(store: Path) -> None:
    both = (ProbeKind.API, ProbeKind.PAGE)
    run = Run.begin(store, ACTIVITY, 7, both)
    run.enroll([submission(0)], ())
    run.keep(Keep("best"))
    run.close()
    again = Run.begin(store, ACTIVITY, None)
    assert (again.info.probes, again.info.keep) == (both, Keep("best"))
    (job,) = again.first_pass(LIMITS)
    assert job.limits.probes == both
    again.close()
    Run.begin(store, ACTIVITY, 7, both[::-1]).close()
    with pytest.raises(OtherRunError, match="--probe api,page: leave --probe out"):
        Run.begin(store, ACTIVITY, 7, (ProbeKind.API,))


def test_a_folder_without_a_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no run"):
        Run.open(tmp_path / "run.sqlite")


def test_what_crashed_before_it_was_asked_is_asked_everything_the_next_time(store: Path) -> None:
    run = begun(store, 1)
    (job,) = run.first_pass(LIMITS)
    run.commit(
        [Result.of(job, Scorecard(job.submission, State.NOT_GRADED, (), NOW, NOW, "a crash"))]
    )
    assert run.reopen() == 1
    (again,) = run.second_pass(LIMITS)
    fault = dataclasses.replace(again.submission, url="", fault="no link", state=State.INVALID)
    asked = grade_job(dataclasses.replace(again, submission=fault))
    assert len(asked.verdicts) == 6
    run.close()


def test_what_is_to_be_asked_again_counts_until_it_is(store: Path) -> None:
    run = begun(store, 3)
    for job in run.first_pass(LIMITS):
        run.commit([Result.of(job, scorecard(job.submission))])
    assert run.ask_again(["STUDENT1"], []) == 1
    run.close()
    # Whoever is interrupted here finds it so.
    run = Run.open(store)
    assert (run.finished(), len(run.scorecards())) == (2, 3)
    (job,) = run.first_pass(LIMITS)
    assert (job.submission, job.previous) == (submission(1), None)
    run.commit([Result.of(job, scorecard(job.submission, Outcome.WRONG))])
    assert run.finished() == 3
    assert [card.score for card in run.scorecards()] == [10, 0, 10]
    transcript = run.transcript("student1")
    assert [each.scorecard.score for each in transcript.scorecards] == [10, 0]
    assert [each.current for each in transcript.scorecards] == [False, True]
    with pytest.raises(UnknownStudentError, match="student9"):
        run.ask_again(["student1", "student9"], [])
    assert run.finished() == 3
    run.close()


def test_an_override_outlives_another_link_and_a_later_grading(store: Path) -> None:
    run = begun(store, 1)
    excused = Override("Dean", NOW, "ill", None)
    refused = run.override({"student0": excused})
    assert isinstance(refused["student0"], UngradedError)
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, scorecard(job.submission))])
    assert not run.override({"student0": excused})
    run.enroll([submission(0, "https://new.example.org")], ())
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, scorecard(job.submission))])
    (card,) = run.scorecards()
    assert (card.override, card.score, card.percent, card.earned) == (excused, None, None, 10)
    assert not card.needs_a_look
    assert [each.current for each in run.transcript("student0").scorecards] == [False, True]
    run.close()


def test_a_corrected_key_is_asked_anew(store: Path) -> None:
    source = (
        'title = "Teams"\n[[entry]]\nquery = "Which team?"\npoints = 1\n'
        'key = { kind = "id", value = "{team}" }\n'
    )
    run = Run.begin(store, parse_battery(source, "teams", "teams.toml"), seed=7)
    blue = Submission("a", "https://a.example.org", columns={"team": "blue"})
    run.enroll([blue], ())
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, scorecard(job.submission))])
    assert run.enroll([blue], ()).changed == ()
    assert run.enroll([dataclasses.replace(blue, columns={"team": "red"})], ()).changed == ("a",)
    assert [job.submission.columns for job in run.first_pass(LIMITS)] == [{"team": "red"}]
    run.close()


def test_what_was_accepted_once_accepts_nothing_later(store: Path) -> None:
    run = _with_states(store, *[State.UNREACHABLE] * 4, *[State.GRADED] * 2)
    run.accept_unreachable()
    assert not run.in_doubt()
    run.ask_again(["student4", "student5"], [])
    for job in run.first_pass(LIMITS):
        card = scorecard(job.submission, state=State.UNREACHABLE)
        run.commit([Result.of(job, card, crashed=True)])
    assert run.in_doubt()
    assert run.unsettled() == 2
    states = [State.UNREACHABLE] * 4 + [State.NOT_GRADED] * 2
    assert [card.state for card in run.scorecards()] == states
    # What was accepted is not asked again for it, and an appeal that was adopted is accepted.
    assert run.reopen() == 2
    accepted = Acceptance("Dean", NOW, "Appeal 7")
    run.adopt("student0", scorecard(submission(0), state=State.UNREACHABLE), accepted)
    assert [card.state for card in run.scorecards()] == states
    run.close()


def test_an_id_in_other_letters_is_the_same_student(store: Path) -> None:
    run = begun(store, 1)
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, scorecard(job.submission))])
    again = dataclasses.replace(submission(0), andrew_id="Student0", columns={"ID": "Student0"})
    assert run.enroll([again], ()).changed == ()
    assert list(run.first_pass(LIMITS)) == []
    run.close()


def test_who_left_the_roster_keeps_nobody_from_judging_again_and_is_not_asked(store: Path) -> None:
    run = begun(store, 2)
    for job in run.first_pass(LIMITS):
        run.commit([Result.of(job, scorecard(job.submission))])
    run.enroll([dataclasses.replace(submission(1), columns={"Team": "Reds"})], ())
    teams = parse_battery(
        'title = "Teams"\n[[entry]]\nquery = "What is 1 plus 2?"\npoints = 1\n'
        'key = { kind = "choice", value = "{team}", choices = ["{team}", "none"] }\n',
        *("teams", "teams.toml"),
    )
    rejudged = run.rejudge(teams, NOW)
    assert (rejudged.judged, rejudged.not_judged) == (1, ())
    with pytest.raises(InputError, match="no longer has student0"):
        run.ask_again(["student0"], [])
    run.close()
