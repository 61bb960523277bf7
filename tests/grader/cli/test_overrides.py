"""`override --from FILE.csv`: many scores set by hand at once, all of them or none."""

from pathlib import Path

import pytest

from tests.grader.cli.conftest import Class, Grader


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "decisions.csv"


def said(graded: Class, table: Path, text: str, code: int = 2) -> str:
    table.write_text(text, encoding="utf-8")
    output: str = graded.grader("override", graded.out, "--from", table, code=code).output
    return output


def test_a_file_decides_for_all_in_it(graded: Class, table: Path) -> None:
    output = said(
        graded,
        table,
        "Andrew ID;Name;Score;Excuse;By;Reason\n"
        "ADA;Ada Ash;55.5;;Prof. Ash;Shown in class\n"
        "ben;Ben Birch;;yes;Dean;Was ill\n",
        code=0,
    )
    assert "ADA: Set to 55.5 points by Prof. Ash, " in output
    assert "ben: Excused by Dean, " in output
    assert "Set by hand: 2." in output
    assert graded.scores() == {"ada": "55.5", "ben": ""}
    for student, why in (("ada", "Shown in class"), ("ben", "Was ill")):
        assert [each["reason"] for each in graded.shown(student)["overrides"]] == [why]


def test_one_of_the_two_columns_is_enough(graded: Class, table: Path) -> None:
    said(graded, table, "id,excuse,by,reason\nben,x,Dean,Was ill\n", code=0)
    assert graded.scores() == {"ada": "90", "ben": ""}
    said(graded, table, "id,score,by,reason\nben,0,Dean,Copied\n", code=0)
    assert graded.scores() == {"ada": "90", "ben": "0"}


def test_every_fault_is_said_at_once_and_nothing_is_changed(graded: Class, table: Path) -> None:
    before = (graded.out / "grades.csv").read_bytes()
    output = said(
        graded,
        table,
        "andrew_id,Score,excuse,by,reason\n"
        "ada,50,,Dean,Fine so far\n"
        "bne,50,,Dean,Typed wrongly\n"
        "ben,150,,Dean,Too much\n"
        "ada,60,,Dean,Twice\n"
        "cleo,\"85,5\",,Dean,No number\n"
        ",50,,Dean,Nobody\n"
        "dev,5,yes,,Both\n"
        "elif,,,Dean,Neither\n"
        "femi,5,maybe,Dean,\n",
    )  # fmt: skip
    lines = [line.removeprefix("Error: ") for line in output.splitlines()]
    expected = [
        f"{table}:3: column \"andrew_id\": the run has no student 'bne': did you mean ben?",
        f'{table}:4: column "Score": a score of 150 is out of range: ben can have 0 to 100',
        f'{table}:5: column "andrew_id": ada stands in line 2 already: keep one of them.',
        f'{table}:6: column "Score": "85,5" is no number of points, such as 85.5.',
        f'{table}:7: column "andrew_id": It is empty.',
        f'{table}:8: column "by": It is empty.',
        f'{table}:9: column "Score": The line has neither a score nor an excuse: it needs one of '
        "the two.",
        f'{table}:10: column "reason": It is empty.',
        f'{table}:10: column "excuse": "maybe" is neither yes nor no.',
    ]
    assert lines == expected
    assert (graded.out / "grades.csv").read_bytes() == before
    for student in ("ada", "ben"):
        assert graded.shown(student)["overrides"] == []


@pytest.mark.parametrize("fault", ["ben,101,Dean,Too much", "ben,x,Dean,No number"])
def test_one_fault_is_enough_to_change_nobodys(graded: Class, table: Path, fault: str) -> None:
    said(graded, table, f"id,score,by,reason\nada,5,Dean,Fine\n{fault}\n")
    assert [graded.shown(student)["overrides"] for student in ("ada", "ben")] == [[], []]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The file is empty."),
        ("id,score,by,reason\n", "no row below it"),
        ("id,by\nada,Dean\n", ':1: column "reason": There is no such column.'),
        ("id,by\nada,Dean\n", "none called excuse: one of the two is needed"),
        ("id,Andrew ID,score,by,reason\na,a,1,b,c\n", 'the same as the column "id": keep one'),
        *(
            (f"id,score,by,reason\nada,{score},Dean,x\n", f'"{score}" is no number of points')
            for score in ("nan", "-1", "-0.0", "1_0", "1e1", "+5", ".5", "5.", "\u0665", "inf")
        ),
        (f"id,score,by,reason\nada,{'9' * 400},Dean,x\n", "a score of inf is out of range"),
        ('id,score,by,reason\nada,1,Dean,"two\nlines"\n', 'column "reason": Write it in words'),
        ("id,score,excuse,by,reason\nada,1,yes,Dean,x\n", "both a score and an excuse"),
        ("PK\x03\x04", "This is a workbook and not a CSV file. Open it in a spreadsheet"),
    ],
)
def test_what_is_no_such_file_is_refused(graded: Class, table: Path, text: str, words: str) -> None:
    assert words in said(graded, table, text)
    assert graded.scores() == {"ada": "90", "ben": "30"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("ben", "--from", "{table}"), "give DIR and nothing else"),
        (("--from", "{table}", "--by", "Dean"), "give DIR and nothing else"),
        (("--excuse", "--by", "Dean", "--reason", "x"), "Name the student (ID), or a file"),
        (("ben", "--excuse", "--by", "Dean"), "--by WHO and --reason TEXT"),
    ],
)
def test_one_or_many_and_not_both(
    graded: Class, grader: Grader, table: Path, options: tuple[str, ...], words: str
) -> None:
    table.write_text("id,score,by,reason\nben,5,Dean,x\n")
    given = [option.format(table=table) for option in options]
    assert words in grader("override", graded.out, *given, code=2).output
    assert graded.shown("ben")["overrides"] == []
