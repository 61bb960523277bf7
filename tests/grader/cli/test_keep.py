"""Which attempt counts and what a run was begun with, through the command line, on real apps."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader import grading
from grader.model import Job, Scorecard
from tests.grader.apps import ACTIVITY, app, right_answers
from tests.grader.cli.conftest import ACCEPT, Grader

QUICK = ("--timeout", 1, "--wake-timeout", 1, "--allow-private")
BY = ("--by", "Dean", "--reason", "As agreed")


class Graded:
    """A run with one student, whose app answers everything right until it is changed."""

    def __init__(self, folder: Path, grader: Grader) -> None:
        right = right_answers("ada")
        self.out = folder / "results"
        self.roster = folder / "roster.csv"
        self.answer: Callable[[str], str] = lambda query: right[query]
        self._grader = grader

    def batch(self, *options: object, code: int = 0) -> str:
        return self._grader(
            "batch", self.roster, "--out", self.out, *QUICK, *options, code=code
        ).output

    def worse(self) -> None:
        self.answer = lambda _: ""

    def scores(self) -> list[str]:
        """What each file says of her: grades.csv, results.json, and the transcript."""
        (row,) = csv.DictReader((self.out / "grades.csv").read_text("utf-8").splitlines())
        (student,) = json.loads((self.out / "results.json").read_text("utf-8"))["students"]
        current = json.loads(self.show("--format", "json"))["current"]
        return [row["score"], f"{student['score']:g}", f"{current['score']:g}"]

    def show(self, *options: str) -> str:
        return self._grader("show", self.out, "ada", *options).output


@pytest.fixture
def graded(tmp_path: Path, grader: Grader) -> Iterator[Graded]:
    made = Graded(tmp_path, grader)
    with app(lambda query: made.answer(query)) as url:
        made.roster.write_text(f"andrew_id,url\nada,{url}\n")
        yield made


def test_the_rule_is_kept_changed_and_explained_everywhere(graded: Graded, grader: Grader) -> None:
    assert "Which attempt counts: the best one\n" in graded.batch("--seed", 7, "--keep", "best")
    graded.worse()
    assert "Of several attempts of a student the best one counts." in graded.batch(
        "--students", "ada"
    )
    assert graded.scores() == ["100"] * 3
    assert "the best one counts" in (graded.out / "report.html").read_text("utf-8")
    shown = graded.show()
    assert shown.count("(counts, the best one)") == shown.count("(does not count)") == 1
    # An appeal is an attempt as well; what it may not do is said.
    said = grader("appeal", graded.out, "ada", *ACCEPT, *QUICK).output
    assert "another attempt counts: the best one" in said
    said = graded.batch("--keep", "last")
    assert "Which attempt counts: the last one (until now the best one)" in said
    assert graded.scores() == ["30"] * 3
    assert "Attempt 3: appealed" in graded.show()
    graded.batch("--keep", "before=2000-01-01")
    assert graded.scores() == ["100"] * 3
    results = json.loads((graded.out / "results.json").read_text("utf-8"))
    assert results["keep"] == "before=2000-01-02T00:00:00+00:00"
    assert "none was graded before 2000-01-02 00:00 UTC" in graded.show()
    assert "before 2000-01-01 18:00:59 UTC" in graded.batch("--keep", "before=2000-01-01T18:00:59")
    said = graded.batch()
    assert "their first one after it counts: ada" in said
    assert "their first one after it counts: ada" in (graded.out / "report.html").read_text("utf-8")
    graded.batch("--keep", "before=2999-12-31")
    assert graded.scores() == ["30"] * 3
    assert "is none of last, best" in graded.batch("--keep", "worst", code=2)


def test_a_run_goes_on_with_its_probes_or_not_at_all(graded: Graded) -> None:
    graded.batch("--seed", 7, "--probe", "api,page")
    assert "Resuming: 1 of 1" in graded.batch()
    before = (graded.out / "grades.csv").read_bytes()
    assert "begun with --probe api,page: leave --probe out" in graded.batch(
        "--probe", "api", code=2
    )
    assert (graded.out / "grades.csv").read_bytes() == before


def test_who_was_settled_by_hand_needs_no_further_run(
    graded: Graded, grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(job: Job) -> Scorecard:
        raise MemoryError

    monkeypatch.setattr("grader.services.grading_class.grade_job", crash)
    graded.batch("--seed", 7, code=3)
    monkeypatch.setattr("grader.services.grading_class.grade_job", grading.run)
    graded.batch()
    assert graded.scores() == ["100"] * 3
    monkeypatch.setattr("grader.services.grading_class.grade_job", crash)
    graded.batch("--students", "ada", code=3)
    grader("override", graded.out, "ada", "--excuse", *BY)
    graded.batch()


def test_a_score_by_hand_above_the_new_most_points_is_said_and_kept(
    graded: Graded, grader: Grader, tmp_path: Path
) -> None:
    graded.batch("--seed", 7)
    grader("override", graded.out, "ada", "--score", 90, *BY)
    fewer = tmp_path / "fewer.toml"
    fewer.write_text(ACTIVITY.source.replace("points = 50", "points = 10"), encoding="utf-8")
    said = grader("rejudge", graded.out, "--battery", fewer).output
    assert "of other points than there are now" in said
    assert said.rstrip().endswith("90 of 100 -> 90 of 60")
    assert graded.scores() == ["90"] * 3
    # Whoever signs the grades is told of it every time.
    assert "set by hand     more points than there are: 90 of 60" in graded.batch(
        "--battery", fewer
    )
    assert "more points than there are: 90 of 60" in (graded.out / "report.html").read_text("utf-8")
    said = grader("rejudge", graded.out, "--battery", "activity").output
    assert said.rstrip().endswith("90 of 60 -> 90 of 100")
