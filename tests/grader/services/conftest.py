"""A class of two on loopback, for services that grade, correct and export."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from grader.roster import parse_roster
from grader.services import classes, grading_class
from tests.grader.apps import ACTIVITY, QUICK, SEED, app, finished_app


@pytest.fixture(autouse=True)
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No service prints."""
    yield
    assert capfd.readouterr() == ("", "")


@dataclass
class TwoStudents:
    """Ada's app is right; ben's answers nothing."""

    folder: Path
    order: classes.Order

    def grade(self, **changes: object) -> tuple[list[grading_class.Graded], classes.Enrolled]:
        order = replace(self.order, **changes)  # type: ignore[arg-type]
        with classes.enrolled(order, self.folder) as (opened, enrolled):
            steps = list(opened.grade())
            opened.finish()
            return steps, enrolled


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoStudents]:
    """A class that nobody has graded yet."""
    with finished_app("ada") as ada, app(lambda _: "") as ben:
        rows = f"andrew_id,url,email\nada,{ada},ada@example.edu\nben,{ben},\n"
        roster = parse_roster(rows.encode(), "roster.csv")
        yield TwoStudents(tmp_path / "run", classes.Order(roster, ACTIVITY, QUICK, seed=SEED))


@pytest.fixture
def graded(two: TwoStudents) -> TwoStudents:
    """The same, graded once."""
    two.grade()
    return two
