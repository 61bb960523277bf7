"""A class graded once, and carried into each of the other systems."""

import base64
import contextlib
import csv
import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from grader.jobs import Run
from grader.model import Submission
from grader.services.folders import STORE_NAME
from tests.grader.apps import SEED, app, finished_app
from tests.grader.cli.conftest import Grader
from tests.grader.probes.raw import always, raw_server
from webapp.query_processor import process

QUICK = ("--timeout", 1, "--wake-timeout", 1, "--allow-private", "--seed", SEED)
ATTACK = '=HYPERLINK("https://evil.example","x")'
TWO = ("dora", "else3")
LAB = "Lab [Total Pts: 20 Score] |12345"


@pytest.fixture
def run(grader: Grader, tmp_path: Path) -> Path:
    """A run's folder: one right, one the starter, one without a link; names that attack."""
    roster = tmp_path / "form.csv"
    with finished_app("ada") as finished, app(process) as starter, roster.open("w") as file:
        rows = csv.writer(file)
        rows.writerow(("Andrew ID", "Name", "Email", "URL"))
        rows.writerow(("ada", ATTACK, "ada@example.edu", finished))
        rows.writerow(("ben", "Ben\u202e", ATTACK, starter))
        rows.writerow(("cleo", 'C"l\neo', "", "no link"))
        file.close()
        grader("batch", roster, "--out", tmp_path / "out", *QUICK, "--quiet")
    return tmp_path / "out"


@pytest.fixture
def unfinished(run: Path) -> Path:
    """The folder of a run that has two more students, who wait to be asked."""
    later = [Submission(name, f"https://{name}.example", email=f"{name}@a.edu") for name in TWO]
    with contextlib.closing(Run.open(run / STORE_NAME)) as opened:
        opened.enroll([*(card.submission for card in opened.scorecards()), *later], ())
    return run


@pytest.fixture
def doubtful(grader: Grader, tmp_path: Path) -> Path:
    """The folder of a run in which nobody could be reached."""
    roster = tmp_path / "roster.csv"
    with raw_server(always(b"", close=True)) as down:
        roster.write_text("andrew_id,url\n" + "".join(f"s{i},{down.url}/{i}\n" for i in range(5)))
        grader("batch", roster, "--out", tmp_path / "out", *QUICK, "--quiet", code=3)
    return tmp_path / "out"


def gradebook(folder: Path, *users: str) -> Path:
    file = folder / "downloaded.csv"
    file.write_text("".join(f'"{name}","{cell}"\n' for name, cell in
                            (("Username", LAB), *((user, "") for user in users))))  # fmt: skip
    return file


def rows(file: Path) -> list[list[str]]:
    return list(csv.reader(file.read_text("utf-8").splitlines()))


def test_moodle(grader: Grader, run: Path) -> None:
    result = grader("export", run, "--format", "moodle", "--assignment", "Deploy")
    assert f"Wrote 3 rows, grades of 100: {run / 'moodle.csv'}" in result.output
    expected = [["username", "Deploy"], ["ada", "100"], ["ben", "40"], ["cleo", "0"]]
    assert rows(run / "moodle.csv") == expected
    result = grader(
        "export", run, "--format", "moodle", "--assignment", "Deploy", "--id-column", "email"
    )
    assert rows(run / "moodle.csv") == [["email", "Deploy"], ["ada@example.edu", "100"]]
    assert "Left out: ben, not a usable email" in result.output
    assert "Left out: cleo, no email" in result.output


def test_blackboard(grader: Grader, run: Path, tmp_path: Path) -> None:
    file = gradebook(tmp_path, "ada", "ben", "else3")
    result = grader(
        "export", run, "--format", "blackboard", "--gradebook", file, "--assignment", "Lab"
    )
    assert rows(run / "blackboard.csv") == [["Username", LAB], ["ada", "20"], ["ben", "8"]]
    assert "Filled 2 cells of 'Lab'" in result.output
    assert "Not in the gradebook: cleo" in result.output
    assert "In the gradebook, not in the run: else3" in result.output


def test_canvas_keeps_excuses_and_tells_what_is_replaced(
    grader: Grader, run: Path, tmp_path: Path
) -> None:
    exported = tmp_path / "exported.csv"
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab (12)\n    Points Possible,,,,,20\n"
        "A,1,801,ada,A,EX\nB,2,802,ben,A,3\nC,3,803,cleo,A,0.00\n"
    )
    exported.write_text(text)
    to_canvas = (
        "export",
        run,
        "--format",
        "canvas",
        "--gradebook",
        exported,
        "--assignment",
        "Lab",
    )
    output = grader(*to_canvas).output
    assert (run / "canvas.csv").read_text() == text.replace(",3\n", ",8\n").replace("0.00", "0")
    assert "Filled 2 cells of 'Lab'" in output
    assert "Other values that were replaced: 1 (ben)" in output
    assert "Excused with EX and left alone: 1 (ada); --replace-excused writes" in output
    output = grader(*to_canvas, "--replace-excused").output
    assert ",ada,A,20\n" in (run / "canvas.csv").read_text()
    assert "Other values that were replaced: 2 (ada, ben)" in output
    assert "left alone" not in output
    result = grader("export", run, "--format", "csv", "--replace-excused", code=2)
    assert "has no use for --replace-excused" in result.output


def test_junit(grader: Grader, run: Path) -> None:
    grader("export", run, "--format", "junit")
    suites = ET.parse(run / "junit.xml").getroot()  # noqa: S314 - our own
    failures = {suite.get("name"): suite.get("failures") for suite in suites}
    assert failures == {"grader.ada": "0", "grader.ben": "2", "grader.cleo": "1"}


@pytest.mark.parametrize(("form", "name"), [("csv", "grades.csv"), ("json", "results.json")])
def test_the_runs_own_files(
    grader: Grader, run: Path, tmp_path: Path, form: str, name: str
) -> None:
    written = (run / name).read_bytes()
    grader("export", run, "--format", form, "--out", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == written
    (run / name).unlink()
    grader("export", run, "--format", form)
    assert (run / name).read_bytes() == written


def test_a_run_in_doubt_writes_no_zeros(grader: Grader, doubtful: Path, tmp_path: Path) -> None:
    users = [f"s{number}" for number in range(5)]
    for form, *more in (
        ("moodle", "--assignment", "Lab"),
        ("blackboard", "--assignment", "Lab", "--gradebook", gradebook(tmp_path, *users)),
        ("csv",),
        ("json",),
        ("junit",),
    ):
        result = grader("export", doubtful, "--format", form, *more, code=3)
        assert "More than half of the class was unreachable" in result.output
        assert "5 of 5 are not graded yet" in result.output
    assert rows(doubtful / "moodle.csv")[1:] == [[user, ""] for user in users]
    assert rows(doubtful / "blackboard.csv") == [["Username", LAB]]
    assert {row[6] for row in rows(doubtful / "grades.csv")[1:]} == {""}
    students = json.loads((doubtful / "results.json").read_text())["students"]
    assert {student["score"] for student in students} == {None}
    for suite in ET.parse(doubtful / "junit.xml").getroot():  # noqa: S314 - our own
        assert suite.get("errors") == "1"


def test_who_waits_to_be_graded_is_named_and_not_called_a_stranger(
    grader: Grader, unfinished: Path, tmp_path: Path
) -> None:
    blackboard = gradebook(tmp_path, "ada", "else3", "femi")
    canvas = tmp_path / "exported.csv"
    canvas.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab (77)\n    Points Possible,,,,,20\n"
        '"A",1,u1,ada,A,\n"E",2,u2,dora@a.edu,A,\n"F",3,u3,femi,B,7\n'
    )
    for form, file in (("blackboard", blackboard), ("canvas", canvas)):
        result = grader(
            "export", unfinished, "--format", form, "--gradebook", file, "--assignment", "Lab",
            code=3,
        )  # fmt: skip
        assert "2 of 5 are not graded yet: dora, else3. Run grader batch again" in result.output
        assert "In the gradebook, not in the run: femi\n" in result.output
    assert rows(unfinished / "blackboard.csv") == [["Username", LAB], ["ada", "20"]]
    filled = canvas.read_text().replace("ada,A,", "ada,A,20")
    assert (unfinished / "canvas.csv").read_text() == filled
    assert "not graded yet" in grader("export", unfinished, "--format", "csv", code=3).output


def test_an_export_overwrites_nothing_but_its_like(
    grader: Grader, run: Path, tmp_path: Path
) -> None:
    asked = ("--format", "blackboard", "--gradebook", gradebook(tmp_path, "ada"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    export = ("export", run, *asked, "--assignment", "Lab", "--out")
    for out, words in (
        ("out/run.sqlite", "belongs to the run"),
        ("out/students/../run.sqlite", "belongs to the run"),
        ("out/run.sqlite-wal", "belongs to the run"),
        ("out/run.lock", "belongs to the run"),
        ("out/report.html", "is there already"),
        ("out/results.json", "is there already"),
        ("form.csv", "is there already"),
        ("downloaded.csv", "is the gradebook itself"),
        ("out/../downloaded.csv", "is the gradebook itself"),
    ):
        assert words in grader(*export, tmp_path / out, code=2).output, out
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    for _ in range(2):
        grader(*export, run / "blackboard.csv")
    own_name = gradebook(run, "ada").rename(run / "blackboard.csv")
    again = ("--format", "blackboard", "--gradebook", own_name, "--assignment", "Lab")
    assert "is the gradebook itself" in grader("export", run, *again, code=2).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "moodle"), "needs --assignment"),
        (("--format", "blackboard", "--assignment", "Lab"), "needs --gradebook"),
        (("--format", "csv", "--assignment", "Lab"), "no use for --assignment"),
        (("--format", "junit", "--id-column", "email"), "no use for --id-column"),
        (("--format", "sakai"), "moodle"),
        (("--format", "csv"), "holds no run"),
    ],
)
def test_what_does_not_fit_is_said(
    grader: Grader, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert words in grader("export", tmp_path, *arguments, code=2).output


def test_check_for_gradescope(grader: Grader) -> None:
    asked = ("--andrew-id", "ada", "--seed", SEED, "--format", "gradescope")
    with app(process) as url:
        result = json.loads(grader("check", f"{url}/api", *asked, code=1).output)
    assert (result["score"], result["extra_data"]["seed"]) == (40, SEED)
    assert "Note: " in result["output"]
    assert [test["score"] for test in result["tests"]] == [10, 10, 10, 10, 0, 0]


def test_check_not_graded_has_no_score_and_exit_code_3(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("grader.asking.ask.judge", crash)
    with app(process) as url:
        gradescope = grader("check", url, "--andrew-id", "a", "--format", "gradescope", code=3)
        classroom = grader("check", url, "--andrew-id", "a", "--format", "classroom", code=3)
    told = json.loads(gradescope.output)
    assert "score" not in told
    assert not [test for test in told["tests"] if "score" in test]
    assert "Not graded" in told["output"]
    decoded = json.loads(base64.b64decode(classroom.output))
    assert (decoded["status"], decoded["max_score"]) == ("error", 0)


def test_check_for_github_classroom(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = tmp_path / "outputs"
    outputs.write_text("earlier=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    asked = ("--andrew-id", "ada", "--seed", SEED, "--format")
    with app(process) as url:
        result = grader("check", url, *asked, "classroom", code=1)
        grader("check", url, *asked, "json", code=1)
    assert outputs.read_text() == f"earlier=1\nresult={result.output}"
    decoded = json.loads(base64.b64decode(result.output))
    assert (decoded["status"], decoded["max_score"]) == ("fail", 100)
    assert sum(test["score"] for test in decoded["tests"]) == 40


def test_gradescope_zip(grader: Grader, tmp_path: Path) -> None:
    out = tmp_path / "autograder.zip"
    result = grader(
        "gradescope-zip", "--battery", "extreme", "--out", out, "--probe", "page,api",
        "--degraded-after", 3,
    )  # fmt: skip
    with zipfile.ZipFile(out) as archive:
        options = json.loads(archive.read("check_options.json"))
        names = set(archive.namelist())
    assert options[:4] == ["--battery", "battery/extreme.toml", "--probe", "page,api"]
    assert options[options.index("--degraded-after") + 1] == "3.0"
    assert {"setup.sh", "run_autograder", "battery/extreme.toml", "pyproject.toml"} <= names
    assert "autograder points to" in result.output
    assert "Wrote" in grader("gradescope-zip", "--out", out).output
    roster = tmp_path / "roster.csv"
    roster.write_text("andrew_id,url\n")
    refused = grader("gradescope-zip", "--out", roster, code=2)
    assert "there already, and no autograder" in refused.output
    assert roster.read_text() == "andrew_id,url\n"


def test_a_zip_for_a_battery_that_needs_a_roster_is_refused(grader: Grader, tmp_path: Path) -> None:
    battery = tmp_path / "teams.toml"
    battery.write_text(
        'title = "Teams"\n[[entry]]\nquery = "Which team?"\npoints = 1\n'
        'key = { kind = "choice", value = "{team}", choices = ["{team}", "none"] }\n'
    )
    out = tmp_path / "autograder.zip"
    result = grader("gradescope-zip", "--battery", battery, "--out", out, code=2)
    assert "no roster in Gradescope" in result.output
    assert not out.exists()
