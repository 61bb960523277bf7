"""Explaining and correcting grades, through the command line, on runs of real apps."""

import contextlib
import json
import os
from pathlib import Path

import pytest

from grader.store import exclusive
from tests.grader.apps import right_answers
from tests.grader.cli.conftest import (
    ACCEPT,
    ALSO_ACTOR,
    QUICK,
    SHAKESPEARE,
    Class,
    Grader,
    corrected,
)

ASKED = ("--by", "Prof. Ash", "--reason", "Was ill that week")


def test_show_tells_everything_and_escapes_it(graded: Class, grader: Grader) -> None:
    text = grader("show", graded.out, "ADA").output
    assert "Score:   90 of 100" in text
    assert "     | \\x1b[2Jan actor" in text
    assert "\x1b" not in text
    assert text.count("   Repeat:   grader ask ") == 5
    assert "   Expected: playwright" in text
    assert "Attempt 1: graded" in text
    shown = graded.shown("ada")
    assert [each["counts"] for each in shown["attempts"]] == [True]
    assert shown["current"]["score"] == 90
    assert len(shown["attempts"][0]["items"]) == 6
    assert shown["attempts"][0]["wake_up"][0]["status"] == 200


def test_an_unknown_student_is_said_with_who_was_meant(graded: Class, grader: Grader) -> None:
    for command in (("show",), ("appeal",), ("override", "--excuse", *ASKED)):
        said = grader(command[0], graded.out, "adda", *command[1:], code=2).output
        assert "no student 'adda'" in said
        assert "did you mean ada?" in said


def test_an_override_counts_everywhere_and_is_kept(graded: Class, grader: Grader) -> None:
    grader("override", graded.out, "ben", "--score", "55.5", *ASKED)
    row = graded.grades()["ben"]
    assert (row["score"], row["percent"]) == ("55.5", "55.5")
    assert row["override"].startswith("Set to 55.5 points by Prof. Ash, ")
    assert row["override"].endswith(": Was ill that week")
    for page in ("report.html", "students/ben.html"):
        assert "Was ill that week" in (graded.out / page).read_text("utf-8")
    assert "Was ill that week" not in (graded.out / "students/ada.html").read_text("utf-8")
    results = json.loads((graded.out / "results.json").read_text("utf-8"))["students"]
    assert [each["override"] and each["override"]["score"] for each in results] == [None, 55.5]
    # A later one replaces it, a batch that resumes keeps it, and both stay in the transcript.
    grader("override", graded.out, "ben", "--excuse", "--by", "Dean", "--reason", "Appeal 7")
    graded.batch()
    row = graded.grades()["ben"]
    assert (row["score"], row["percent"], row["needs_a_look"]) == ("", "", "")
    assert row["override"].startswith("Excused by Dean")
    shown = graded.shown("ben")
    assert [each["score"] for each in shown["overrides"]] == [55.5, None]
    assert shown["current"]["override"]["excused"]
    assert "(replaced since)" in grader("show", graded.out, "ben").output
    # Taken back, what was graded counts again, and its history stays.
    grader("override", graded.out, "ben", "--withdraw", "--by", "Dean", "--reason", "Appeal 8")
    row = graded.grades()["ben"]
    assert (row["score"], row["override"]) == ("30", "")
    shown = graded.shown("ben")
    assert [each["withdrawn"] for each in shown["overrides"]] == [False, False, True]
    assert shown["current"]["override"] is None
    assert "By hand: Withdrawn by Dean" in grader("show", graded.out, "ben").output


def test_an_override_reaches_the_gradebook(graded: Class, grader: Grader, tmp_path: Path) -> None:
    grader("override", graded.out, "ada", "--score", 50, *ASKED)
    grader("override", graded.out, "ben", "--excuse", *ASKED)
    exported = tmp_path / "exported.csv"
    exported.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Deploy (77)\n    Points Possible,,,,,20\n"
        '"Ash, Ada",1,u1,ada,A,\n"Birch, Ben",2,u2,ben,A,\n'
    )
    grader(
        "export", graded.out, "--format", "canvas", "--gradebook", exported,
        "--assignment", "Deploy",
    )  # fmt: skip
    filled = (graded.out / "canvas.csv").read_text()
    assert [line.rpartition(",")[2] for line in filled.splitlines()[2:]] == ["10", "EX"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--score", 100.5), "out of range: ben can have 0 to 100"),
        (("--score", -1), "-1"),
        (("--score", "nan"), "not a number"),
        ((), "one of --score N, --excuse and --withdraw"),
        (("--score", 1, "--excuse"), "one of --score N, --excuse and --withdraw"),
        (("--withdraw", "--excuse"), "one of --score N, --excuse and --withdraw"),
        (("--withdraw",), "nothing is set by hand for ben"),
        (("--excuse", "--by", " "), "in words"),
        (("--excuse", "--reason", "two\nlines"), "in words"),
        (("--excuse", "--reason", "\udcff"), "in words"),
    ],
)
def test_an_override_that_makes_no_sense_changes_nothing(
    graded: Class, grader: Grader, options: tuple[object, ...], words: str
) -> None:
    before = (graded.out / "grades.csv").read_bytes()
    assert words in grader("override", graded.out, "ben", *ASKED, *options, code=2).output
    assert (graded.out / "grades.csv").read_bytes() == before
    assert graded.shown("ben")["overrides"] == []


def test_a_corrected_key_is_judged_on_stored_replies(
    graded: Class, grader: Grader, tmp_path: Path
) -> None:
    asked = len(graded.requests)
    battery = corrected(tmp_path, SHAKESPEARE, ALSO_ACTOR)
    said = grader("rejudge", graded.out, "--battery", battery).output
    assert "Judged again: 2, with other points: 1" in said
    assert "90 of 100 -> 100 of 100" in said
    assert "without asking" not in said
    assert len(graded.requests) == asked
    assert graded.scores()["ada"] == "100"
    attempts = graded.shown("ada")["attempts"]
    assert [(each["kind"], each["score"], each["counts"]) for each in attempts] == [
        ("graded", 90, False),
        ("rejudged", 100, True),
    ]
    # The run goes on with the corrected battery, and no more with the earlier one.
    assert "2 of 2 are graded already" in graded.batch("--battery", battery)
    assert "2 of 2 are graded already" in graded.batch()
    assert "give that one with --battery" in graded.batch("--battery", "activity", code=2)
    assert len(graded.requests) == asked


def test_corrected_points_and_back_again(graded: Class, grader: Grader, tmp_path: Path) -> None:
    before = graded.scores()
    grader("rejudge", graded.out, "--battery", corrected(tmp_path, "points = 50", "points = 90"))
    row = graded.grades()["ada"]
    assert (row["score"], row["max_score"]) == ("130", "140")
    grader("rejudge", graded.out, "--battery", "activity")
    assert graded.scores() == before


def test_what_was_never_asked_is_listed_and_left_as_it_is(
    graded: Class, grader: Grader, tmp_path: Path
) -> None:
    before = (graded.out / "grades.csv").read_bytes()
    battery = corrected(
        tmp_path, SHAKESPEARE, ALSO_ACTOR.replace("Who was Shakespeare?", "And Marlowe?")
    )
    said = grader("rejudge", graded.out, "--battery", battery, code=2).output
    assert "nothing was changed, since 2 of 2 students were never asked" in said
    assert "ada, ben" in said
    assert "2 of 2 are graded already" in graded.batch()
    said = grader("rejudge", graded.out, "--battery", battery, "--partial").output
    assert "Cannot be judged without asking, unchanged: ada, ben" in said
    assert (graded.out / "grades.csv").read_bytes() == before
    # Asked anew, they are graded by it.
    graded.answers["ada"] = lambda query: "a playwright" if "Marlowe" in query else "x"
    graded.batch("--battery", battery, "--students", "ada")
    queries = [item["query"] for item in graded.shown("ada")["current"]["items"]]
    assert "And Marlowe?" in queries
    assert [item["query"] for item in graded.shown("ben")["current"]["items"]] != queries


def test_a_battery_that_needs_more_columns_is_refused(
    graded: Class, grader: Grader, tmp_path: Path
) -> None:
    battery = tmp_path / "labs.toml"
    battery.write_text(
        'title = "Labs"\n[[entry]]\nquery = "Which is {lab}?"\npoints = 1\n'
        'key = { kind = "number", value = "{lab}" }\n'
    )
    said = grader("rejudge", graded.out, "--battery", battery, code=2).output
    assert "lab" in said
    assert "2 of 2 are graded already" in graded.batch()


def test_batch_and_appeal_say_what_was_right_but_slow(graded: Class, grader: Grader) -> None:
    assert graded.grades()["ada"]["degraded"] == "0"
    slow = ("--degraded-after", 0.00001)
    graded.batch("--students", "ada", *slow)
    assert graded.grades()["ada"]["degraded"] == "5"
    text = grader("show", graded.out, "ada").output
    assert text.count("   Verdict:  right, but slow (") == 5
    assert "; 5 right, but slow" in text
    assert text.count("   Phases:   ") == 6
    said = grader("appeal", graded.out, "ben", *QUICK, *slow).output
    assert "   now     right, but slow (" in said
    assert "   before  right, but slow: " not in said


def test_an_appeal_is_shown_and_adopted_only_when_accepted(graded: Class, grader: Grader) -> None:
    right = right_answers("ada")
    asked = list(graded.requests)
    graded.requests.clear()
    graded.answers["ada"] = lambda query: right[query]
    said = grader("appeal", graded.out, "ada", *QUICK).output
    assert sorted(graded.requests) == sorted(asked)
    assert "Score before: 90 of 100\nScore now:    100 of 100" in said
    assert said.count("   before  right") == 5
    assert "Nothing changed" in said
    assert graded.scores()["ada"] == "90"
    grader("appeal", graded.out, "ada", *ACCEPT, *QUICK)
    assert graded.scores()["ada"] == "100"
    attempts = graded.shown("ada")["attempts"]
    assert [each["kind"] for each in attempts] == ["graded", "appealed"]
    assert [each["score"] for each in attempts] == [90, 100]


def test_some_are_graded_again_beside_what_they_had(graded: Class) -> None:
    right = right_answers("ada")
    graded.answers["ada"] = lambda query: right[query]
    graded.batch()
    assert graded.scores() == {"ada": "90", "ben": "30"}
    graded.batch("--students", "ada")
    assert graded.scores() == {"ada": "100", "ben": "30"}
    attempts = graded.shown("ada")["attempts"]
    assert [(each["score"], each["counts"]) for each in attempts] == [(90, False), (100, True)]
    assert len(graded.shown("ben")["attempts"]) == 1
    graded.batch("--only", "graded")
    assert [len(graded.shown(student)["attempts"]) for student in ("ada", "ben")] == [3, 2]
    assert "'gone'" in graded.batch("--students", "gone", code=2)
    assert "none of" in graded.batch("--only", "lost", code=2)


def test_one_command_at_a_time(graded: Class, grader: Grader, tmp_path: Path) -> None:
    with exclusive(graded.out):
        assert "another grader is at work" in graded.batch(code=2)
        for command in (
            ("rejudge", graded.out, "--battery", "activity"),
            ("appeal", graded.out, "ada"),
            ("override", graded.out, "ada", "--excuse", *ASKED),
            ("demo", "--out", graded.out, "--students", 1),
        ):
            assert "another grader is at work" in grader(*command, code=2).output
        # Looking is no change.
        grader("show", graded.out, "ada")
    graded.batch()
    with contextlib.suppress(FileNotFoundError):
        assert oct(os.stat(graded.out / "run.lock").st_mode & 0o77) == "0o0"


def test_a_folder_without_a_run_is_said_and_left_as_it_is(grader: Grader, tmp_path: Path) -> None:
    for command in (
        ("show", tmp_path, "ada"),
        ("rejudge", tmp_path, "--battery", "activity"),
        ("appeal", tmp_path, "ada"),
        ("override", tmp_path, "ada", "--excuse", *ASKED),
    ):
        assert "holds no run" in grader(*command, code=2).output
    assert list(tmp_path.iterdir()) == []
