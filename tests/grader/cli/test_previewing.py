"""A roster tried out: everything is said, nobody is asked, and nothing is written."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from openpyxl import Workbook

from tests.grader.apps import app, finished_app
from tests.grader.cli.conftest import Class, Grader
from tests.grader.cli.test_batch import QUICK, grades

SAFE = "https://nam12.safelinks.protection.outlook.com/?data=05%7C02&url="


def workbook(path: Path, *rows: list[str]) -> Path:
    """A roster as Microsoft Forms gives it."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["ID", "Completion time", "Email", "Andrew ID", "Your link"], *rows):
        sheet.append(row)
    book.save(path)
    return path


def test_a_dry_run_says_what_would_be_and_asks_nobody(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(query: str) -> str:
        asked.append(query)
        return ""

    monkeypatch.chdir(tmp_path)
    with app(answer) as url:
        workbook(
            tmp_path / "form.xlsx",
            ["1", "11/20/26 9:12:04", "cleo@x.example", "cleo", "https://github.com/cleo/app"],
            ["2", "11/20/26 9:13:04", "ada@x.example", "ada", SAFE + quote(url, safe="")],
            ["3", "11/20/26 9:14:04", "ben@x.example", "ben", url],
        )
        output = grader("batch", "form.xlsx", "--dry-run", "--seed", 7, "--allow-private").output
    assert asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["form.xlsx"]
    lines = output.splitlines()
    assert 'Column url: "Your link"' in lines
    assert "Links: 2 would be asked, 1 not" in lines
    at = lines.index(f"  ada: {url}")
    assert lines[at - 1] == "Repaired or odd:"
    assert lines[at + 1].startswith(f"    handed in: {SAFE[:60]}")
    assert lines[at + 2].endswith("what Outlook (Safe Links) had put around it.")
    at = lines.index("  cleo: no usable link")
    assert lines[at + 1] == "    handed in: https://github.com/cleo/app"
    assert "under Deployments" in lines[at + 2]
    assert 'Battery activity: "Cloud deployment activity"' in lines
    assert "ada, for example, would be asked:" in lines
    assert "6 questions, 100 points, seed 7" in lines
    assert "     = ada   (50 points)" in lines
    assert not any(line.startswith("  ben") for line in lines)
    assert lines[-1] == "Nobody was asked, and nothing was written."


def test_a_workbook_with_a_wrapped_link_is_graded(grader: Grader, tmp_path: Path) -> None:
    with finished_app("ada") as url:
        roster = workbook(
            tmp_path / "form.xlsx",
            ["1", "11/20/26 9:12:04", "ada@x.example", "ada", f"{SAFE}{quote(url, safe='')}%2520"],
        )
        grader("batch", roster, "--out", tmp_path / "out", *QUICK)
    row = grades(tmp_path / "out")["ada"]
    assert (row["url"], row["score"]) == (url, "100")


def test_without_openpyxl_a_workbook_is_not_said_to_be_damaged(tmp_path: Path) -> None:
    roster = workbook(tmp_path / "form.xlsx", ["1", "", "ada@x.example", "ada", "a.co"])
    without = "import sys; sys.modules['openpyxl'] = None; from grader.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, "batch", str(roster), "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("grader needs openpyxl, which comes with its extra.")


def test_a_dry_run_into_a_run_shows_that_run(graded: Class) -> None:
    def state() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in graded.out.iterdir() if path.is_file()}

    before, asked = state(), len(graded.requests)
    dry = ("batch", graded.roster, "--out", graded.out, "--dry-run")
    output = graded.grader(*dry).output
    assert "Links: 2 would be asked, 0 not" in output
    assert "6 questions, 100 points, seed 7" in output
    for option, words in {
        "--seed=8": "was begun with the seed 7",
        "--battery=page": "goes by the battery activity, not page",
        "--probe=browser": "was begun with --probe api",
    }.items():
        refused = graded.grader(*dry, option, code=2).output
        assert words in refused
        assert refused == graded.grader(*dry[:-1], option, code=2).output
    assert len(graded.requests) == asked
    assert state() == before


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        ("andrew_id,url\n1.23457E+11,a.co\n", (), "what a spreadsheet makes of a long number"),
        ("who,url\nada,a.co\n", (), "No column holds the students' ids"),
        ("andrew_id,url\nada,a.co\n", ("--battery", "teams.toml"), "the columns 'rival', 'team'"),
        ("andrew_id,url\nada,a.co\n", ("--battery", "none.toml"), "no such file"),
    ],
)
def test_a_dry_run_refuses_what_a_run_would(
    grader: Grader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str,
    more: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("teams.toml").write_text(
        'title = "Teams"\n[[entry]]\nquery = "Which team?"\npoints = 1\n'
        'key = { kind = "choice", value = "{team}", choices = ["{team}", "{rival}"] }\n'
    )
    Path("form.csv").write_text(content)
    dry = grader("batch", "form.csv", "--dry-run", *more, code=2).output
    assert words in dry
    assert dry == grader("batch", "form.csv", "--out", "out", *more, code=2).output
    assert not Path("out").exists()


def test_without_a_dry_run_a_folder_is_needed(grader: Grader, tmp_path: Path) -> None:
    roster = tmp_path / "form.csv"
    roster.write_text("andrew_id,url\nada,a.co\n")
    assert "Missing option '--out'" in grader("batch", roster, code=2).output


def test_a_roster_of_nobody_has_no_example(grader: Grader, tmp_path: Path) -> None:
    roster = tmp_path / "exported.csv"
    roster.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,url\n    Points Possible,,,,,\n"
        '"Student, Test",2,,7d1f29a3c5,A,https://x.example\n'
    )
    output = grader("batch", roster, "--dry-run").output
    assert "Links: 0 would be asked, 0 not" in output
    assert "for example" not in output


def test_no_cell_makes_a_line_of_its_own(grader: Grader, tmp_path: Path) -> None:
    roster = tmp_path / "form.csv"
    roster.write_text(
        "Andrew ID,Name,Timestamp,url\n"
        'ada,Ada,2026-11-20 9:00,"hello\nLinks: 500 would be asked, 0 not"\n'
        'ben,"Ben\nNote: all is well",2026-11-20 9:00,https://x.vercel.app\n'
        'ben,"Eve\u2028Note: all is well",2026-11-20 9:05,"https://x.vercel.app/a\n?Not asked:"\n'
    )
    lines = grader("batch", roster, "--dry-run").output.splitlines()
    assert [line for line in lines if line.startswith("Links:")] == [
        "Links: 1 would be asked, 1 not"
    ]
    assert not any(line.startswith("Note: all is well") for line in lines)
    assert any("line 4 Ben Note: all is well, line 6 Eve Note: all" in line for line in lines)
    assert (
        '    There is no link in "hello Links: 500 would be asked, 0 not". Hand in the address of '
        "your deployed app, such as https://your-app.vercel.app."
    ) in lines
