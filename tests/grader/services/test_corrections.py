"""Grades corrected as a portal does it: what changed comes back, and the files are made anew."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.jobs import OverrideError, UnknownStudentError
from grader.model import Keep, Override
from grader.services import corrections
from grader.services.decisions import DecisionsError
from grader.services.folders import GRADES
from grader.store import StoreError
from tests.grader.apps import QUICK
from tests.grader.cli.conftest import SHAKESPEARE, corrected
from tests.grader.services.conftest import TwoStudents

AT = datetime(2030, 1, 2, tzinfo=UTC)
NOBODY = 'name = "shakespeare"\nquery = "Who was Shakespeare?"\nkey = { kind = "fact", any_of = ["nobody"] }'  # noqa: E501


def percents(folder: Path) -> dict[str, str]:
    rows = csv.DictReader((folder / GRADES).read_text("utf-8").splitlines())
    return {row["andrew_id"]: row["percent"] for row in rows}


def test_a_transcript_holds_all_of_one_student(graded: TwoStudents) -> None:
    info, found = corrections.transcript(graded.folder, "ada")
    assert info.battery == graded.order.battery
    assert len(found.scorecards) == 1
    with pytest.raises(UnknownStudentError):
        corrections.transcript(graded.folder, "zoe")


def test_judging_again_changes_the_files_unless_it_is_dry(
    graded: TwoStudents, tmp_path: Path
) -> None:
    from grader.questions import load_battery

    battery = load_battery(str(corrected(tmp_path, SHAKESPEARE, NOBODY)))
    before = percents(graded.folder)
    file = (graded.folder / GRADES).stat().st_ino
    dry = corrections.rejudge(graded.folder, battery, partial=False, dry_run=True)
    assert [change.andrew_id for change in dry.changed] == ["ada"]
    assert percents(graded.folder) == before
    assert (graded.folder / GRADES).stat().st_ino == file, "it is not even written again"
    assert corrections.rejudge(graded.folder, battery, partial=False, dry_run=False) == dry
    assert percents(graded.folder) != before


def test_an_appeal_counts_only_where_somebody_accepts_it(graded: TwoStudents) -> None:
    shown = corrections.appeal(graded.folder, "ada", QUICK)
    assert (shown.before.percent, shown.now.percent, shown.counts) == (100, 100, None)
    assert len(corrections.transcript(graded.folder, "ada")[1].scorecards) == 1
    adopted = corrections.appeal(graded.folder, "ada", QUICK, ("Dean", "Shown in class"))
    assert (adopted.undecided, adopted.counts, adopted.keep) == ("", True, Keep())
    assert len(corrections.transcript(graded.folder, "ada")[1].scorecards) == 2


def test_a_score_by_hand_is_in_the_files(graded: TwoStudents) -> None:
    corrections.override(graded.folder, "ben", Override("Dean", AT, "was ill", 50.0))
    assert percents(graded.folder) == {"ada": "100", "ben": "50"}
    with pytest.raises(OverrideError):
        corrections.override(graded.folder, "ben", Override("Dean", AT, "was ill", 1000.0))


def test_many_scores_are_set_or_none(graded: TwoStudents, tmp_path: Path) -> None:
    table = tmp_path / "decisions.csv"
    table.write_text("id,score,by,reason\nada,60,Dean,Late\nzoe,60,Dean,Late\n")
    with pytest.raises(DecisionsError, match="zoe"):
        corrections.override_all(graded.folder, table)
    assert percents(graded.folder)["ada"] == "100"
    table.write_text("id,score,by,reason\nada,60,Dean,Late\nben,70,Dean,Late\n")
    decided = corrections.override_all(graded.folder, table)
    assert {student: each.score for student, each in decided.items()} == {"ada": 60, "ben": 70}
    assert percents(graded.folder) == {"ada": "60", "ben": "70"}


def test_a_folder_without_a_run_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        corrections.override(tmp_path, "ada", Override("Dean", AT, "was ill", 1.0))
    assert list(tmp_path.iterdir()) == []
