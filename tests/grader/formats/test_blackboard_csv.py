"""A file to upload, with the header of the downloaded gradebook."""

import pytest

from grader.formats import blackboard_csv
from grader.formats.gradebook import Filled, Gradebook, GradebookError
from grader.model import Scorecard, State
from grader.outcomes import Outcome
from tests.grader.formats.classes import RUN, scorecard

RIGHT, WRONG = [Outcome.RIGHT] * 5, [Outcome.WRONG] * 5
COLUMN = "Lab [Total Pts: 20 Score] |12345"
HEADER = (
    '"Last Name","First Name","Username","Student ID","Last Access","Availability",'
    f'"Total [Total Pts: up to 30 Score] |111","{COLUMN}",'
    '"Quiz [Total Pts: 10 Percentage] |12346"\r\n'
)
BOVIK = '"Bovik","Harry","hbovik","1001","","Yes","","3",""\r\n'
STARTER = '"Starter, the","Sam","Starter1@example.edu","1002","","Yes","","",""\r\n'
CLASS = [
    scorecard("HBovik", RIGHT),
    scorecard("starter1", [Outcome.NOT_CHECKED] * 5, State.NOT_GRADED),
    scorecard("stranger", WRONG),
]


def fill(downloaded: bytes, assignment: str, cards: list[Scorecard]) -> Filled:
    return blackboard_csv.render(RUN, cards, Gradebook(downloaded, assignment))


def filled(text: str, cards: list[Scorecard] = CLASS, assignment: str = "Lab") -> str:
    return fill(text.encode(), assignment, cards).content.decode()


def test_username_and_the_column_with_its_number() -> None:
    other = BOVIK.replace("hbovik", "other")
    done = fill((HEADER + BOVIK + STARTER + other).encode(), "lab", CLASS)
    assert done.content.decode() == f'"Username","{COLUMN}"\r\n"hbovik","20"\r\n'
    assert done.filled == 1
    assert done.not_in_gradebook == ("stranger",)
    assert done.not_in_run == ("other",)


def test_a_username_is_written_as_blackboard_has_it() -> None:
    text = filled(HEADER + STARTER, [scorecard("starter1", WRONG)])
    assert text.endswith('"Starter1@example.edu","0"\r\n')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_encoding_and_delimiter_stay(encoding: str, delimiter: str) -> None:
    text = (HEADER + BOVIK).replace('","', f'"{delimiter}"').replace("Lab", "Übung")
    content = fill(text.encode(encoding), "Übung", CLASS).content
    column = COLUMN.replace("Lab", "Übung")
    expected = f'"Username"{delimiter}"{column}"\r\n"hbovik"{delimiter}"20"\r\n'
    assert content == expected.encode(encoding)


@pytest.mark.parametrize("assignment", ["Lab", " lab ", COLUMN])
def test_finds_the_column_by_name_or_whole_header(assignment: str) -> None:
    assert '"hbovik","20"' in filled(HEADER + BOVIK, assignment=assignment)


@pytest.mark.parametrize(
    ("text", "assignment", "words"),
    [
        ("", "Lab", "no Blackboard gradebook"),
        ("Student,ID\na,b\n", "Lab", "no Blackboard gradebook"),
        (HEADER + '"a","b"\r\n', "Lab", "Line 2 has 2 cells"),
        (HEADER + '"a\r\n', "Lab", "cannot be read"),
        (HEADER + BOVIK + BOVIK.replace("hbovik", "HBovik@x"), "Lab", "Lines 2 and 3"),
        (HEADER + BOVIK, "Lap", COLUMN),
        (HEADER + BOVIK, "", COLUMN),
        (HEADER + BOVIK, "Username", "No column"),
        (HEADER + BOVIK, "Total", "takes no points"),
        (HEADER + BOVIK, "Quiz", "takes no points"),
        ((HEADER + BOVIK).replace("Quiz", "Lab"), "Lab", "Several columns"),
        ((HEADER + BOVIK).replace(": 20", ": 0"), "Lab", "takes no points"),
    ],
)
def test_what_is_in_doubt_is_refused_in_words(text: str, assignment: str, words: str) -> None:
    with pytest.raises(GradebookError) as caught:
        filled(text, assignment=assignment)
    assert words in str(caught.value)


def test_other_encodings_are_refused() -> None:
    with pytest.raises(GradebookError, match="UTF-8"):
        fill((HEADER + BOVIK).encode() + b"\xff\xfe\xe4", "Lab", CLASS)


def test_commas_within_quoted_headers_are_no_delimiters() -> None:
    text = (HEADER + BOVIK).replace('","', '"\t"').replace("Quiz", "Homework 1, loops, lists, " * 5)
    assert '"hbovik"\t"20"' in filled(text)


def test_points_may_be_told_without_the_word() -> None:
    column = COLUMN.replace(" Score", "")
    assert f'"{column}"\r\n"hbovik","20"' in filled((HEADER + BOVIK).replace(COLUMN, column))
