"""A run's grades for another system: the file, and what became of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.formats import registry
from grader.services import classes
from grader.services.exports import Export, TargetError, export
from grader.services.folders import STORE_NAME
from tests.grader.services.conftest import TwoStudents

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Project (12)\n"
    "    Points Possible,,,,,100\n"
    '"Lovelace, Ada",1,ada,ada,A,\n"Who, Zoe",2,zoe,zoe,A,\n'
)
BLACKBOARD = (
    '"Last Name","First Name","Username","Project [Total Pts: 100 Score] |12"\n'
    '"Lovelace","Ada","ada",""\n'
)


@pytest.mark.parametrize("form", ["csv", "json", "junit", "moodle"])
def test_a_file_is_written_beside_the_run(graded: TwoStudents, form: str) -> None:
    exported = export(graded.folder, Export(form, assignment="Project"))
    assert exported.target == graded.folder / registry.EXPORTS[form].file
    assert "ada" in exported.target.read_text("utf-8")
    assert (exported.ungraded, exported.unlisted, exported.total) == ([], [], 2)
    assert not exported.in_doubt
    assert (exported.filled is not None) == (form == "moodle")


def test_a_gradebook_is_filled(graded: TwoStudents, tmp_path: Path) -> None:
    gradebook = tmp_path / "gradebook.csv"
    gradebook.write_text(CANVAS)
    target = tmp_path / "filled.csv"
    exported = export(graded.folder, Export("canvas", target, gradebook, "Project"))
    filled = exported.filled
    assert filled is not None
    assert (filled.filled, filled.not_in_gradebook) == (1, ("ben",))
    assert target.read_bytes() == filled.content
    assert gradebook.read_text() == CANVAS
    for taken in (gradebook, graded.folder / STORE_NAME, target):
        with pytest.raises(TargetError):
            export(graded.folder, Export("canvas", taken, gradebook, "Project"))


def test_who_waits_is_told(two: TwoStudents) -> None:
    with classes.enrolled(two.order, two.folder):
        pass
    assert export(two.folder, Export("csv")).ungraded == ["ada", "ben"]


@pytest.mark.parametrize("form", ["canvas", "blackboard"])
def test_who_is_asked_anew_keeps_the_grade_until_then(
    graded: TwoStudents, tmp_path: Path, form: str
) -> None:
    order = replace(graded.order, students=("ada",), states=())
    with classes.enrolled(order, graded.folder) as (_, enrolled):
        assert enrolled.asked_anew == 1
    gradebook = tmp_path / "gradebook.csv"
    gradebook.write_text(CANVAS if form == "canvas" else BLACKBOARD)
    exported = export(graded.folder, Export(form, None, gradebook, "Project"))
    assert exported.ungraded == ["ada"]
    content = exported.target.read_bytes().decode("utf-8-sig")
    (row,) = [line for line in content.splitlines() if "ada" in line]
    assert "100" in row
