import pytest

from grader.text.comparing import header_key, id_key, title_key


@pytest.mark.parametrize("written", ["hbovik", "HBovik", "HBOVIK"])
def test_case_makes_no_other_student(written: str) -> None:
    assert id_key(written) == "hbovik"


@pytest.mark.parametrize("header", ["Andrew ID", "andrew_id", "AndrewID:", " ANDREW-ID "])
def test_case_blanks_and_punctuation_make_no_other_header(header: str) -> None:
    assert header_key(header) == "andrewid"


def test_a_titles_punctuation_tells_it_from_others() -> None:
    assert title_key(" Task  1\n") == title_key("task 1")
    assert title_key("Task 1!") != title_key("Task 1")
