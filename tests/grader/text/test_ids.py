import pytest

from grader.text.ids import bare_id, ids_meant
from grader.text.replies import normalize


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("hbovik", "hbovik"),
        (" HBovik. ", "hbovik"),
        ("<h_bovik@andrew.cmu.edu>", "h_bovik"),
        ("@hbovik", "hbovik"),
        ("12-34", "12-34"),
        ("?!", ""),
    ],
)
def test_one_form(written: str, bare: str) -> None:
    assert bare_id(written) == bare


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("hbovik", "whole"),
        ("<b>hbovik</b>", "whole"),
        ('{ "id": "hbovik" }', "tail"),
        ("My id \N{RIGHTWARDS ARROW} hbovik :)", "tail"),
        ("I'm hbovik :)", "tail"),
        ("hbovik is my Andrew ID", "head"),
    ],
)
def test_the_ids_that_a_reply_may_mean(text: str, part: str) -> None:
    meant = [found for found, id_ in ids_meant(normalize(text)) if id_ == "hbovik"]
    assert meant[0] == part


@pytest.mark.parametrize("text", ["", "?!", "hbovik xyz789", "hbovik2", "I asked hbovik for it"])
def test_no_id_is_meant_in_passing(text: str) -> None:
    assert "hbovik" not in dict(ids_meant(normalize(text))).values()
