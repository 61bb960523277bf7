"""Filling one column of a Canvas gradebook and leaving every other byte alone."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.formats import canvas_csv
from grader.formats.gradebook import Filled, Gradebook, GradebookError
from grader.model import Override, Scorecard, State
from grader.outcomes import Outcome
from tests.grader.formats.classes import QUESTIONS, RUN, START, scorecard

DATA = Path(__file__).parent / "data"
HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,Lab (12),Quiz (13),Final Score\n"
POINTS = "    Points Possible,,,,,10,5.00,(read only)\n"
TOP = HEADER + POINTS
BOVIK = '"Bovik, Harry",1,801,bovik,A,,,\n'


HUNDRED = replace(QUESTIONS[0], points=100)


def grade(
    andrew_id: str, percent: float | None = 100.0, email: str = "", *, excused: bool = False
) -> Scorecard:
    state = State.NOT_GRADED if percent is None else State.GRADED
    card = scorecard(andrew_id, [Outcome.RIGHT], state, [HUNDRED], email=email)
    if percent is None:
        return card
    return replace(card, override=Override("me", START, "so", None if excused else percent))


def fill(
    exported: bytes,
    assignment: str,
    grades: Iterable[Scorecard],
    *,
    replace_excused: bool = False,
) -> Filled:
    gradebook = Gradebook(exported, assignment, replace_excused=replace_excused)
    return canvas_csv.render(RUN, grades, gradebook)


def filled(text: str, *grades: Scorecard, assignment: str = "Lab") -> str:
    return fill(text.encode(), assignment, grades).content.decode()


def test_fills_an_export_as_canvas_writes_it() -> None:
    done = fill(
        (DATA / "canvas_exported.csv").read_bytes(),
        "Deploy, then check",
        [
            grade("Bovik", 87.5),
            grade("aortiz", 200 / 3),
            grade("jroe", 100.0),
            grade("eexcused", 40.0, excused=True),
            grade("nnobody", 0.0),
            grade("kkept", None),
            grade("stranger", 50.0),
        ],
    )
    assert done.content == (DATA / "canvas_filled.csv").read_bytes()
    assert done.filled == 5
    assert done.not_in_gradebook == ("stranger",)
    assert done.not_in_run == ("aabsent",)


@pytest.mark.parametrize("assignment", ["Lab", "Lab (12)", " lab ", "LAB (12)"])
def test_finds_the_column_with_or_without_its_number(assignment: str) -> None:
    text = filled(TOP + BOVIK, grade("bovik"), assignment=assignment)
    assert text == TOP + '"Bovik, Harry",1,801,bovik,A,10,,\n'


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("Lap", 'There are "Lab (12)", "Quiz (13)".'),
        ("", 'There are "'),
        ("Final Score", "(read only)"),
        ("Student", "no points possible"),
        ("ID", "no points possible"),
    ],
)
def test_refuses_other_columns(assignment: str, words: str) -> None:
    with pytest.raises(GradebookError) as caught:
        filled(TOP + BOVIK, grade("bovik"), assignment=assignment)
    assert words in str(caught.value)


def test_asks_which_of_two_assignments_with_one_name() -> None:
    text = (TOP + BOVIK).replace("Quiz (13)", "Lab (13)")
    with pytest.raises(GradebookError, match=r'"Lab \(12\)", "Lab \(13\)"'):
        filled(text, grade("bovik"))
    assert ",A,,5,\n" in filled(text, grade("bovik"), assignment="Lab (13)")


@pytest.mark.parametrize(
    ("percent", "possible", "written"),
    [
        (100.0, "10", "10"),
        (100.0, "10.00", "10"),
        (100.0, '"10,50"', "10.5"),
        (100.0, "1500", "1500"),
        (100 / 3, "100", "33.33"),
        (66.665, "100", "66.67"),  # half a cent goes to the student
        (0.001, "1", "0"),
        (0.0, "10", "0"),
        (-0.0, "10", "0"),
        (1e-7, "999999999", "1"),
    ],
)
def test_scales_to_plain_decimals(percent: float, possible: str, written: str) -> None:
    top = TOP.replace(",10,", f",{possible},")
    text = filled(top + BOVIK, grade("bovik", percent))
    assert text == top + BOVIK.replace("A,,,", f"A,{written},,")


@pytest.mark.parametrize("possible", ["", "0", "0.00", "ten", '"1,000"', "-5", "1e3"])
def test_needs_points_possible(possible: str) -> None:
    with pytest.raises(GradebookError, match="no points possible"):
        filled(TOP.replace(",10,", f",{possible},") + BOVIK, grade("bovik"))


@pytest.mark.parametrize(
    ("row", "student"),
    [
        ("B,1,801,bovik,A,,,\n", grade("BOVIK")),
        ("B,1,801,bovik,A,,,\n", grade("801")),
        ("B,1,801,Bovik@a.example,A,,,\n", grade("bovik")),
        ("B,1,801,hb@a.example,A,,,\n", grade("bovik", email="HB@a.example")),
    ],
)
def test_matches_by_login_then_user_id_then_address(row: str, student: Scorecard) -> None:
    assert filled(TOP + row, student) == TOP + row.replace("A,,,", "A,10,,")


def test_matches_by_an_email_column() -> None:
    top = TOP.replace("Section", "Email")
    row = "B,1,801,x9,bovik@a.example,,,\n"
    assert ",10,,\n" in filled(top + row, grade("bovik"))
    assert ",10,,\n" in filled(top + row, grade("y7", email="bovik@a.example"))
    # The same name at another domain may be another person.
    other = fill((top + row).encode(), "Lab", [grade("y7", email="bovik@b.example")])
    assert (other.filled, other.not_in_gradebook, other.not_in_run) == (0, ("y7",), ("x9",))


def test_a_login_goes_before_a_user_id() -> None:
    rows = "A,1,bovik,abc,A,,,\nB,2,802,bovik,A,,,\n"
    assert filled(TOP + rows, grade("bovik")) == TOP + rows.replace("k,A,,,\n", "k,A,10,,\n")


def test_refuses_a_student_on_two_lines() -> None:
    with pytest.raises(
        GradebookError, match=r"bovik is on several lines of the gradebook \(3, 4\)"
    ):
        filled(TOP + BOVIK + BOVIK, grade("bovik"))


def test_refuses_two_students_on_one_line() -> None:
    with pytest.raises(GradebookError, match="Line 3 of the gradebook fits two students"):
        filled(TOP + BOVIK, grade("bovik"), grade("801"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no Canvas gradebook"),
        (HEADER + BOVIK, "no Canvas gradebook"),
        ("PK\x03\x04", "no Canvas gradebook"),
        (TOP + '"Bovik,1,801,bovik,A,,,\n', "Line 3: a quotation mark"),
        (TOP + '"Bo\nvik",1,801,x,A,,,\n"B"x,1,801,bovik,A,,,\n', "Line 5: a quotation mark"),
        (TOP + "Bovik, Harry,1,801,bovik,A,,,\n", "Line 3 has 9 cells and the header 8"),
        (TOP + "Bovik,1,801,bovik\n", "Line 3 has 4 cells and the header 8"),
        ("Student,Lab (12)\n    Points Possible,10\nB,1\n", 'no column "SIS Login ID"'),
    ],
)
def test_what_is_no_gradebook(text: str, words: str) -> None:
    with pytest.raises(GradebookError) as caught:
        filled(text, grade("bovik"))
    assert words in str(caught.value)


def test_keeps_quotation_marks_around_a_cell() -> None:
    row = '"B","1","801","bovik","A","3","",""\n'
    assert filled(TOP + row, grade("bovik")) == TOP + row.replace('"3"', '"10"')


def test_the_test_student_is_nobody() -> None:
    names = TOP.replace("Student,", "LastName,FirstName,", 1).replace("Possible", "Possible,")
    rows = "Student,Test,9,,7d1f,A,,,\nBovik,Harry,1,801,bovik,A,,,\n"
    assert fill((names + rows).encode(), "Lab", []).not_in_run == ("bovik",)


PLAIN = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters='",;\t\r\n'), max_size=8
)
QUOTED = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(
    lambda text: '"' + text.replace('"', '""') + '"'
)
RAW_CELLS = PLAIN | QUOTED


@given(
    rows=st.lists(
        st.tuples(RAW_CELLS, RAW_CELLS, RAW_CELLS, st.none() | st.integers(0, 100)), max_size=6
    ),
    delimiter=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.sampled_from(["", "\ufeff"]),
    final_line_end=st.booleans(),
)
def test_changes_nothing_outside_of_the_cells(
    rows: list[tuple[str, str, str, int | None]],
    delimiter: str,
    line_end: str,
    mark: str,
    final_line_end: bool,
) -> None:
    def written(cells: list[str]) -> bytes:
        lines = [
            ["Student", "SIS Login ID", "Lab (1)", "Note"],
            ["    Points Possible", "", "100", ""],
        ]
        lines += [
            [name, f"s{number}", cells[number], note]
            for number, (name, _, note, _) in enumerate(rows)
        ]
        text = mark + line_end.join(delimiter.join(line) for line in lines)
        return (text + line_end * final_line_end).encode()

    before = [old for _, old, _, _ in rows]
    after = [
        old if points is None else f'"{points}"' if old.startswith('"') else f"{points}"
        for _, old, _, points in rows
    ]
    done = fill(
        written(before), "Lab", [grade(f"S{number}", row[3]) for number, row in enumerate(rows)]
    )
    assert done.content == written(after)
    assert done.filled == sum(1 for row in rows if row[3] is not None)


@given(percent=st.floats(0, 100))
def test_writes_any_percentage_as_a_plain_decimal(percent: float) -> None:
    text = filled(TOP.replace(",10,", ",100,") + BOVIK, grade("bovik", percent))
    written = text.splitlines()[-1].split(",")[6]
    assert re.fullmatch(r"\d{1,3}(\.\d{1,2})?", written)
    assert abs(float(written) - percent) <= 0.005 + 1e-9


@given(data=st.one_of(st.binary(max_size=80), st.text('",;\n\rab ', max_size=80).map(str.encode)))
def test_fills_or_raises_a_canvas_error(data: bytes) -> None:
    for content in (data, TOP.encode() + data):
        try:
            done = fill(content, "Lab", [grade("bovik")])
        except GradebookError:
            continue
        assert done.content == content


def test_separators_within_quoted_headers_are_none() -> None:
    header = 'Student;ID;SIS User ID;SIS Login ID;Section;"Lab 1, a, b, c, d, e, f (12)"\n'
    points = "    Points Possible;;;;;10\n"
    text = f"{header}{points}Bovik;1;801;bovik;A;\n"
    done = filled(text, grade("bovik"), assignment="Lab 1, a, b, c, d, e, f")
    assert done == f"{header}{points}Bovik;1;801;bovik;A;10\n"


def test_an_excuse_stays_unless_told_otherwise() -> None:
    rows = "A,1,801,ada,A,EX,,\nB,2,802,ben,A, ex ,,\nC,3,803,cleo,A,EX,,\n"
    grades = [grade("ada"), grade("ben"), grade("cleo", 50.0, excused=True)]
    done = fill((TOP + rows).encode(), "Lab", grades)
    assert done.content.decode() == TOP + rows
    assert (done.filled, done.left_excused, done.replaced) == (1, ("ada", "ben"), ())
    told = fill((TOP + rows).encode(), "Lab", grades, replace_excused=True)
    assert told.content.decode() == TOP + rows.replace("A,EX,,\nB", "A,10,,\nB").replace(
        " ex ", "10"
    )
    assert (told.filled, told.left_excused, told.replaced) == (3, (), ("ada", "ben"))


@pytest.mark.parametrize(
    ("before", "replaced"),
    [("", False), ("10", False), ("10.00", False), ('"10,00"', False), ("7", True), ("-", True)],
)
def test_other_values_that_are_replaced_are_told(before: str, replaced: bool) -> None:
    row = f"B,1,801,bovik,A,{before},,\n"
    done = fill((TOP + row).encode(), "Lab", [grade("bovik")])
    assert done.replaced == (("bovik",) if replaced else ())
    kept = fill((TOP + row).encode(), "Lab", [grade("bovik", None)])
    assert (kept.replaced, kept.content.decode()) == ((), TOP + row)


@pytest.mark.parametrize(
    "title", ["Final Grade (12)", "Lab: Current Score (12)", "Override Points (12)"]
)
def test_a_column_that_canvas_would_drop_is_refused_with_the_way_out(title: str) -> None:
    with pytest.raises(
        GradebookError, match=r"Rename the assignment in Canvas, to .*Result.*\(12\)"
    ):
        filled(TOP.replace("Lab (12)", title) + BOVIK, grade("bovik"), assignment=title)


@pytest.mark.parametrize("title", ["Final Project (12)", "Score, Final (12)", "final lab (12)"])
def test_a_column_that_canvas_takes_is_filled(title: str) -> None:
    top = TOP.replace("Lab (12)", f'"{title}"')
    assert filled(top + BOVIK, grade("bovik"), assignment=title) != top + BOVIK
