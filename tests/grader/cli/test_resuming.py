"""Going on with a run, its options left out or given: what was graded is never lost by that."""

import contextlib
import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.asking import running
from grader.jobs import Result, Run
from grader.model import Job, Scorecard, Submission
from grader.questions import parse_battery
from grader.services.folders import STORE_NAME
from tests.grader.apps import ACTIVITY, QUICK, app, right_answers
from tests.grader.cli.conftest import ACCEPT, Grader

BRIEF = ("--timeout", 1, "--wake-timeout", 1)
PRIVATE = (*BRIEF, "--seed", 7, "--allow-private")


class Resumed:
    """One deployed app on this machine, and one link that is none."""

    def __init__(self, folder: Path, url: str, grader: Grader) -> None:
        self.out, self.roster, self.url = folder / "results", folder / "roster.csv", url
        self.roster.write_text(f"andrew_id,url\nada,{url}\nben,https://github.com/ben/app\n")
        self.answers: dict[str, Callable[[], str]] = {}
        self._grader = grader

    def batch(self, *options: object, code: int = 0) -> str:
        return self._grader("batch", self.roster, "--out", self.out, *options, code=code).output

    def scores(self) -> list[str]:
        rows = csv.DictReader((self.out / "grades.csv").read_text("utf-8").splitlines())
        return [row["score"] for row in rows]

    def attempts(self) -> int:
        with contextlib.closing(Run.open(self.out / STORE_NAME)) as run:
            return len(run.transcript("ada").scorecards)


@pytest.fixture
def resumed(tmp_path: Path, grader: Grader) -> Iterator[Resumed]:
    right = right_answers("ada")
    with app(lambda query: made.answers.get(query, lambda: right[query])()) as url:
        made = Resumed(tmp_path, url, grader)
        yield made


def test_private_addresses_stay_open_as_they_once_were(resumed: Resumed, grader: Grader) -> None:
    resumed.batch(*PRIVATE)
    said = resumed.batch(*BRIEF)
    assert "Private addresses are open, as in this run before." in said
    assert "graded anew" not in said
    assert (resumed.scores(), resumed.attempts()) == (["100", "0"], 1)
    resumed.batch(*BRIEF, "--students", "ada")
    assert (resumed.scores(), resumed.attempts()) == (["100", "0"], 2)
    said = grader("appeal", resumed.out, "ada", *BRIEF, *ACCEPT).output
    assert "Score now:    100 of 100" in said


def test_a_run_goes_on_with_the_battery_as_it_was_when_it_began(resumed: Resumed) -> None:
    resumed.out.mkdir()
    source = ACTIVITY.source.replace("points = 50", "points = 20")
    earlier = parse_battery(source, "activity", "an earlier version")
    Run.begin(resumed.out / STORE_NAME, earlier, seed=7).close()
    notice = "It goes on with the text that this battery had when the run began."
    assert notice in resumed.batch("--battery", "activity", *PRIVATE)
    assert resumed.scores() == ["70", "0"]


def test_who_was_refused_is_asked_once_private_addresses_are_open(resumed: Resumed) -> None:
    resumed.batch(*PRIVATE[:-1])
    assert resumed.scores() == ["0", "0"]
    assert "Private addresses are open from now on." in resumed.batch(*PRIVATE)
    assert resumed.scores() == ["100", "0"]
    assert resumed.attempts() == 2


def test_no_appeal_adopts_that_an_address_is_refused_now(resumed: Resumed, grader: Grader) -> None:
    resumed.out.mkdir()
    with contextlib.closing(Run.begin(resumed.out / STORE_NAME, ACTIVITY, 7)) as run:
        run.enroll([Submission("ada", resumed.url)], ())
        (job,) = run.first_pass(QUICK)
        run.commit([Result.of(job, running.run(job))])
    said = grader("appeal", resumed.out, "ada", *BRIEF, *ACCEPT, code=3).output
    assert "its address answered before, and is refused now" in said
    assert "nothing changed" in said
    assert resumed.attempts() == 1
    grader("appeal", resumed.out, "ada", *BRIEF, *ACCEPT, "--allow-private")
    assert (resumed.scores(), resumed.attempts()) == (["100"], 2)


def test_what_was_not_graded_is_not_called_graded(
    resumed: Resumed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("grader.asking.ask.judge", crash)
        resumed.batch(*PRIVATE, code=3)
        said = resumed.batch(*PRIVATE, code=3)
    asked_again = "1 not graded so far, asked once more."
    assert f"Resuming: 1 of 2 are done already (1 no usable link); {asked_again}" in said
    assert "are graded already" not in said
    assert "1 graded" in resumed.batch(*PRIVATE)
    said = resumed.batch(*PRIVATE)
    assert "Resuming: 2 of 2 are done already (1 graded, 1 no usable link)." in said


def test_how_to_resume_leaves_out_what_would_ask_again(
    resumed: Resumed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(job: Job) -> Scorecard:
        raise KeyboardInterrupt

    resumed.batch(*PRIVATE)
    monkeypatch.setattr("grader.asking.classes.grade_job", interrupted)
    again = ("--students", "ada", "--only", "graded")
    said = resumed.batch(*PRIVATE, *again, code=130)
    assert "Run the same command again without --students and --only to grade the rest." in said
    said = resumed.batch(*PRIVATE, code=130)
    assert "Run the same command again to grade the rest." in said


def test_students_and_states_are_both_to_hold(resumed: Resumed) -> None:
    resumed.batch(*PRIVATE)
    said = resumed.batch(*PRIVATE, "--students", "ada", "--only", "invalid")
    assert "Nobody of those named is to be asked again." in said
    assert resumed.attempts() == 1
    resumed.batch(*PRIVATE, "--students", "ada,ben", "--only", "graded")
    assert resumed.attempts() == 2
    for option in ("--students", "--only"):
        assert "name at least one" in resumed.batch(*PRIVATE, option, " , ", code=2)


def test_a_transcript_says_what_was_handed_in_and_what_each_pass_saw(
    resumed: Resumed, grader: Grader
) -> None:
    query = "Who was Shakespeare?"
    right = right_answers("ada")[query]

    def breaks_once() -> str:
        resumed.answers[query] = lambda: right
        raise RuntimeError

    resumed.answers[query] = breaks_once
    resumed.batch(*PRIVATE)
    shown = grader("show", resumed.out, "ada").output
    lines = [line for line in shown.splitlines() if line.startswith("Attempt")]
    assert [line.partition(",")[0] for line in lines] == [
        "Attempt 1: first pass",
        "Attempt 1: graded",
    ]
    assert "Handed in:" not in shown
    shown = grader("show", resumed.out, "ben").output
    assert "Link:    none that can be asked\nHanded in: https://github.com/ben/app\n" in shown
    assert "Attempt 1: no usable link, " in shown
    assert json.loads(grader("show", resumed.out, "ben", "--format", "json").output)["attempts"]
