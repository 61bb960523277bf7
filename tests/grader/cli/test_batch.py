import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.grader.apps import app, finished_app
from tests.grader.cli.conftest import Grader
from tests.grader.probes.raw import always, raw_server, read_request, reply
from webapp.query_processor import process

pytestmark = pytest.mark.slow

QUICK = ("--timeout", 1, "--wake-timeout", 1, "--allow-private", "--seed", 7)


def grades(out: Path) -> dict[str, dict[str, str]]:
    rows = csv.DictReader((out / "grades.csv").read_text("utf-8").splitlines())
    return {row["andrew_id"]: row for row in rows}


@pytest.fixture
def form(tmp_path: Path) -> Iterator[Path]:
    """A form's export: one finished app, one starter, one link that is no app."""
    roster = tmp_path / "form.csv"
    with finished_app("ada") as finished, app(process) as starter:
        roster.write_text(
            "Timestamp,Email Address,Andrew ID,Link to your deployed app\n"
            f"2026/09/01 9:00:00,ada@example.edu,ada,{starter}\n"
            f"2026/09/01 9:30:00,ben@example.edu,ben,{starter}/api\n"
            "2026/09/01 9:40:00,cleo@example.edu,cleo,https://github.com/cleo/app\n"
            f"2026/09/01 9:50:00,ada@example.edu,ada,{finished}\n"
        )
        yield roster


def test_a_shared_app_is_said_before_grading_and_flagged_after_it(
    grader: Grader, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    with finished_app("ada") as shared:
        roster = tmp_path / "roster.csv"
        roster.write_text(f"andrew_id,url\nada,{shared}\nben,{shared}\n")
        output = grader("batch", roster, "--out", out, *QUICK).output
    seen = f"{shared} was handed in by 2 students"
    assert output.index(f"Note: {seen}: ada, ben") < output.index("same url        ada, ben")
    assert json.loads((out / "results.json").read_text())["flags"] == [
        {"kind": "same url", "students": ["ada", "ben"], "detail": seen},
        {
            "kind": "another's id",
            "students": ["ben"],
            "detail": "answered with the id of ada, another student of the class",
        },
    ]
    assert (out / "report.html").read_text().count(seen) == 1
    assert grades(out)["ada"]["score"] == "100"
    assert "another student" not in (out / "students" / "ben.html").read_text()


def test_a_form_is_graded_and_exported_into_canvas(
    grader: Grader, form: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    result = grader("batch", form, "--out", out, *QUICK)
    assert 'Column url: "Link to your deployed app"' in result.output
    table = grades(out)
    assert {student: row["score"] for student, row in table.items()} == {
        "ada": "100", "ben": "40", "cleo": "0",
    }  # fmt: skip
    assert table["cleo"]["state"] == "invalid"
    gradebook = tmp_path / "canvas.csv"
    gradebook.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Deploy (77),Essay (78)\n"
        "    Points Possible,,,,,20,10\n"
        '"Ash, Ada",1,u1,ada,A,,9\n"Birch, Ben",2,u2,ben,A,,8\n"Fir, Femi",3,u3,femi,B,5,7\n'
    )
    result = grader(
        "export", out, "--format", "canvas", "--gradebook", gradebook, "--assignment", "Deploy"
    )
    assert "Not in the gradebook: cleo" in result.output
    assert "femi" in result.output
    assert (out / "canvas.csv").read_text() == gradebook.read_text().replace(
        "ada,A,,", "ada,A,20,"
    ).replace("ben,A,,", "ben,A,8,")


def test_running_again_resumes_and_asks_nobody_twice(
    grader: Grader, form: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    grader("batch", form, "--out", out, *QUICK)
    first = (out / "grades.csv").read_text()
    # Without a seed the run's own is taken.
    result = grader("batch", form, "--out", out, *QUICK[:-2])
    assert "3 of 3 are done already (2 graded, 1 no usable link)." in result.output
    assert (out / "grades.csv").read_text() == first


def test_the_report_and_a_page_for_each_student_are_written(
    grader: Grader, form: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    grader("batch", form, "--out", out, *QUICK)
    assert "ada" in (out / "report.html").read_text()
    assert sorted(path.stem for path in (out / "students").iterdir()) == ["ada", "ben", "cleo"]
    results: dict[str, Any] = json.loads((out / "results.json").read_text())
    scores = {student["andrew_id"]: student["score"] for student in results["students"]}
    assert scores == {"ada": 100, "ben": 40, "cleo": 0}


def test_a_class_that_is_mostly_down_is_not_graded(grader: Grader, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    with raw_server(always(b"", close=True)) as down:
        roster.write_text("andrew_id,url\n" + "".join(f"s{i},{down.url}/{i}\n" for i in range(5)))
        result = grader("batch", roster, "--out", tmp_path / "out", *QUICK, code=3)
        assert "--accept-unreachable" in result.output
        assert {row["score"] for row in grades(tmp_path / "out").values()} == {""}
        assert "--accept-unreachable" in (tmp_path / "out" / "report.html").read_text()
        grader("batch", roster, "--out", tmp_path / "out", *QUICK, "--accept-unreachable")
    assert {row["score"] for row in grades(tmp_path / "out").values()} == {"0"}
    assert {row["state"] for row in grades(tmp_path / "out").values()} == {"unreachable"}


@pytest.mark.parametrize(
    ("roster", "words"),
    [
        ("", "empty"),
        ("name,link\nAda,https://x.vercel.app\n", "andrew_id"),
        ("andrew_id,url\n=cmd(),https://x.vercel.app\n", "roster.csv:2"),
        ("andrew_id,url\na,https://x.vercel.app\na,https://y.vercel.app\n", "a"),
    ],
)
def test_a_bad_roster_is_refused_before_anything_is_asked(
    grader: Grader, tmp_path: Path, roster: str, words: str
) -> None:
    (tmp_path / "roster.csv").write_text(roster)
    result = grader("batch", tmp_path / "roster.csv", "--out", tmp_path / "out", *QUICK, code=2)
    assert "roster.csv" in result.output
    assert words in result.output
    assert not (tmp_path / "out").exists()


def test_another_battery_in_the_same_folder_is_refused(
    grader: Grader, form: Path, tmp_path: Path
) -> None:
    grader("batch", form, "--out", tmp_path / "out", *QUICK)
    result = grader(
        "batch", form, "--out", tmp_path / "out", *QUICK, "--battery", "extreme", code=2
    )
    assert "goes by the battery activity, not extreme" in result.output


@pytest.mark.parametrize("theirs", ["grades.csv", "students"])
def test_files_that_no_run_made_are_not_replaced(
    grader: Grader, form: Path, tmp_path: Path, theirs: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / theirs).write_text("mine")
    for command in (("batch", form, *QUICK), ("demo", "--students", 1)):
        result = grader(*command, "--out", out, code=2)
        assert f"holds {theirs} and no run" in result.output
    assert (out / theirs).read_text() == "mine"


def test_exports_need_a_run_and_a_column(grader: Grader, form: Path, tmp_path: Path) -> None:
    gradebook = tmp_path / "exported.csv"
    gradebook.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Essay (78)\n    Points Possible,,,,,10\n"
        "Ada,1,u1,ada,A,\n"
    )
    asked = ("--format", "canvas", "--gradebook", gradebook, "--assignment", "Deploy")
    result = grader("export", tmp_path, *asked, code=2)
    assert "holds no run" in result.output
    grader("batch", form, "--out", tmp_path / "out", *QUICK)
    result = grader("export", tmp_path / "out", *asked, code=2)
    assert "Deploy" in result.output


def test_the_demo_grades_its_class(grader: Grader, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    grader("demo", "--students", 9, "--latency", 0, "--seed", 3, "--out", out)
    table = grades(out)
    kinds = {row["section"]: (row["state"], row["score"]) for row in list(table.values())[:8]}
    assert kinds == {
        "finished": ("graded", "100"),
        "answers in sentences": ("graded", "100"),
        "the starter as it is": ("graded", "40"),
        "wrong id": ("graded", "40"),
        "slow": ("graded", "40"),
        "raises an error": ("graded", "40"),
        "asleep at first": ("graded", "100"),
        "down": ("unreachable", "0"),
    }
    assert "sample class" in (out / "report.html").read_text("utf-8")
    # A second demo replaces the first.
    grader("demo", "--students", 2, "--latency", 0, "--seed", 4, "--out", out)
    assert len(grades(out)) == 2


def test_a_class_leaves_the_interpreter_as_it_was(grader: Grader, tmp_path: Path) -> None:
    usual = sys.getswitchinterval()
    roster = tmp_path / "roster.csv"
    roster.write_text("andrew_id,url\nabc123,no link\n")
    grader("batch", roster, "--out", tmp_path / "out")
    assert sys.getswitchinterval() == usual


def test_a_demo_never_replaces_a_real_class(grader: Grader, tmp_path: Path) -> None:
    roster, out = tmp_path / "roster.csv", tmp_path / "out"
    roster.write_text("andrew_id,url\nabc123,no link\n")
    grader("batch", roster, "--out", out)
    result = grader("demo", "--students", 1, "--latency", 0, "--out", out, code=2)
    assert "holds a run of a real class" in result.output
    assert "abc123" in grader("show", out, "abc123").output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells of a closed pipe otherwise")
def test_a_closed_pipe_ends_the_talking_and_not_the_grading(form: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    reading, writing = os.pipe()
    os.close(reading)
    batch = ["batch", str(form), "--out", str(out), *map(str, QUICK)]
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "grader", *batch], stdout=closed, stderr=closed, timeout=100
        )
    assert done.returncode == 0
    assert {student: row["score"] for student, row in grades(out).items()} == {
        "ada": "100", "ben": "40", "cleo": "0",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a child process")
def test_ctrl_c_says_what_was_done_and_how_to_resume(tmp_path: Path) -> None:
    hanging = threading.Event()

    def hang(connection: Any) -> None:
        read_request(connection)
        hanging.set()
        connection.recv(1)

    roster = tmp_path / "roster.csv"
    with raw_server(hang) as server, raw_server(always(reply(b""))) as quick:
        roster.write_text(f"andrew_id,url\na,{server.url}\nb,{quick.url}\n")
        command = [
            sys.executable, "-m", "grader", "batch", str(roster), "--out", str(tmp_path / "out"),
            "--allow-private", "--timeout", "60", "--wake-timeout", "60",
        ]  # fmt: skip
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert child.stderr is not None
        with contextlib.closing(child.stderr):
            assert hanging.wait(60)
            assert "Graded 1 of 2" in child.stderr.readline()
            started = time.monotonic()
            child.send_signal(signal.SIGINT)
            said = child.stderr.read()
            child.communicate()
    # The apps would hang for a minute; two seconds are meant, a busy machine may take some more.
    assert time.monotonic() - started < 15
    assert child.returncode == 130
    assert "1 of 2 are graded" in said
    assert "again" in said
    assert "Traceback" not in said
