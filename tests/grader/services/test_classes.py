"""A class as a portal has it graded: values in, values out."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from grader.jobs import OtherRunError
from grader.model import Keep, State
from grader.questions import parse_battery
from grader.roster import parse_roster
from grader.services import classes
from grader.services.folders import FILES, GRADES, ForeignFolderError, opened
from grader.services.submissions import RosterColumnsError
from grader.store import FolderBusyError
from tests.grader.apps import SEED
from tests.grader.services.conftest import TwoStudents


def test_a_class_is_enrolled_graded_and_written(two: TwoStudents) -> None:
    with classes.enrolled(two.order, two.folder) as (open_class, enrolled):
        assert enrolled.enrollment.added == ("ada", "ben")
        assert (enrolled.had, enrolled.asked_anew, enrolled.reopened) == (0, None, 0)
        final = {
            step.scorecard.submission.andrew_id: step.scorecard.percent
            for step in open_class.grade()
            if step.final
        }
        assert final == {"ada": 100, "ben": 30}
        assert not (two.folder / GRADES).exists()
        assert [card.percent for card in open_class.finish().scorecards] == [100, 30]
    assert {path.name for path in two.folder.iterdir()} >= set(FILES)
    rows = list(csv.DictReader((two.folder / GRADES).read_text("utf-8").splitlines()))
    assert [(row["andrew_id"], row["percent"]) for row in rows] == [("ada", "100"), ("ben", "30")]


def test_who_stops_early_goes_on_later(two: TwoStudents) -> None:
    with classes.enrolled(replace(two.order, workers=1), two.folder) as (open_class, _):
        steps = open_class.grade()
        next(steps)
        assert open_class.run.finished() == 1
    steps_left, enrolled = two.grade()
    assert enrolled.had == 2
    assert {step.scorecard.submission.andrew_id for step in steps_left if step.final} == {"ben"}


def test_an_order_says_who_is_asked_anew_and_what_counts(graded: TwoStudents) -> None:
    _, enrolled = graded.grade(students=("ada",), states=(State.UNREACHABLE,))
    assert enrolled.asked_anew == 0, "she is not unreachable"
    steps, enrolled = graded.grade(students=("ada",), keep=Keep("best"))
    assert enrolled.asked_anew == 1
    assert {step.scorecard.submission.andrew_id for step in steps} == {"ada"}
    with opened(graded.folder) as run:
        assert run.info.keep == Keep("best")


def test_a_preview_asks_nobody_and_writes_nothing(two: TwoStudents) -> None:
    found = classes.preview(two.order, two.folder)
    assert [each.andrew_id for each in found.submissions] == ["ada", "ben"]
    assert found.example is not None
    assert (found.example.andrew_id, found.seed, found.battery.name) == ("ada", SEED, "activity")
    assert len(found.questions) == len(two.order.battery.entries)
    assert not two.folder.exists()


def test_a_preview_goes_by_the_run_that_is_there(graded: TwoStudents) -> None:
    assert classes.preview(replace(graded.order, seed=None), graded.folder).seed == SEED
    with pytest.raises(OtherRunError, match=f"the seed {SEED}"):
        classes.preview(replace(graded.order, seed=SEED + 1), graded.folder)


def test_a_run_goes_on_with_its_battery(graded: TwoStudents, tmp_path: Path) -> None:
    assert classes.battery_for("extreme", graded.folder).name == "activity"
    assert classes.battery_for("extreme", tmp_path / "none").name == "extreme"
    assert classes.battery_for("extreme", None).name == "extreme"


def test_what_the_roster_lacks_is_said_before_anything_is_made(two: TwoStudents) -> None:
    battery = parse_battery(
        'title = "Own"\n[[entry]]\nname = "team"\nquery = "Which team?"\npoints = 1\n'
        'key = { kind = "fact", any_of = ["{team}"] }\n',
        "own",
        "own.toml",
    )
    order = replace(two.order, battery=battery)
    with pytest.raises(RosterColumnsError, match="'team'"):
        classes.preview(order, two.folder)
    with (
        pytest.raises(RosterColumnsError, match="'team'"),
        classes.enrolled(order, two.folder),
    ):
        pytest.fail("nobody could be asked")
    assert not two.folder.exists()


def test_a_folder_is_for_one_at_a_time_and_for_its_own_run(
    two: TwoStudents, tmp_path: Path
) -> None:
    with (
        classes.enrolled(two.order, two.folder),
        pytest.raises(FolderBusyError),
        classes.enrolled(two.order, two.folder),
    ):
        pytest.fail("two at a time")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / GRADES).write_text("mine")
    with pytest.raises(ForeignFolderError), classes.enrolled(two.order, foreign):
        pytest.fail("something would be overwritten")
    assert (foreign / GRADES).read_text() == "mine"


def test_notes_tell_of_the_roster_and_of_shared_links(two: TwoStudents) -> None:
    roster = parse_roster(
        b"andrew_id,url\nada,https://a.example.edu\nben,https://a.example.edu\ncleo,oops\n", "r.csv"
    )
    found = classes.preview(replace(two.order, roster=roster), None)
    assert any("ada, ben" in note for note in found.notes)
    assert [each.state for each in found.submissions][-1] is State.INVALID
