"""Checks of the page and the API, and replies that are HTML."""

import pytest

from grader.judging import judge
from grader.model import ApiKey, IdKey, NumberKey, PageKey, ProbeKind
from grader.outcomes import Outcome
from tests.grader.judging.asking import question, reply

HTML = "text/html; charset=utf-8"
PAGE = "<!DOCTYPE html>\n<html><body><h1>Welcome!!</h1></body></html>"


@pytest.mark.parametrize("text", ["", "Welcome!!"])
@pytest.mark.parametrize("content_type", [HTML, "application/xhtml+xml", ""])
def test_a_page_with_a_text_box_is_right(text: str, content_type: str) -> None:
    page = reply(text, content_type=content_type, text_box=True)
    assert judge(question(PageKey(), probe=ProbeKind.PAGE), page).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("text", "content_type", "text_box", "expected", "said"),
    [
        (PAGE, HTML, False, Outcome.WRONG, "no text box"),
        (PAGE, HTML, None, Outcome.WRONG, "no text box"),
        ("", HTML, False, Outcome.EMPTY, "nothing on it"),
        ("hello", "text/plain", True, Outcome.WRONG, "the app sent text/plain"),
        ("{}", "application/json", False, Outcome.WRONG, "the app sent application/json"),
    ],
)
def test_other_pages_are_not(
    text: str, content_type: str, text_box: bool | None, expected: Outcome, said: str
) -> None:
    page = reply(text, content_type=content_type, text_box=text_box)
    judgement = judge(question(PageKey(), probe=ProbeKind.PAGE), page)
    assert judgement.outcome is expected
    assert said in judgement.reason


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        ("", ""),
        ("", HTML),
        ("pong", "text/plain"),
        ("83", "application/json"),
        # What `return "pong"` and `res.send("pong")` make of bare text in Flask and Express.
        ("pong", HTML),
        ("<3 pong", "text/plain"),
    ],
)
def test_an_api_that_answers_is_right(text: str, content_type: str) -> None:
    answered = reply(text, content_type=content_type)
    assert judge(question(ApiKey()), answered).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        (PAGE, HTML),
        (PAGE, ""),
        ("\ufeff\n <html>", "text/plain"),
        ("<!-- ours --><p>pong</p>", HTML),
        ("<p>pong</p>", "Text/HTML"),
    ],
)
def test_an_api_that_answers_a_page_is_not(text: str, content_type: str) -> None:
    judgement = judge(question(ApiKey()), reply(text, content_type=content_type))
    assert judgement.outcome is Outcome.WRONG
    assert "/api answered an HTML page" in judgement.reason


def test_a_wrong_reply_is_said_to_be_a_page() -> None:
    page = reply(PAGE, content_type=HTML)
    assert judge(question(NumberKey(83)), page).reason.endswith("it is an HTML page")


def test_bare_text_called_html_is_judged_as_text() -> None:
    assert judge(question(NumberKey(83)), reply("83", content_type=HTML)).outcome is Outcome.RIGHT
    wrong = judge(question(NumberKey(83)), reply("84", content_type=HTML))
    assert "HTML" not in wrong.reason


def test_an_answer_read_on_a_page_is_not_said_to_be_a_page() -> None:
    shown = reply("<none>", content_type=HTML, text_box=True)
    judgement = judge(question(IdKey("abc123"), probe=ProbeKind.PAGE), shown)
    assert judgement.outcome is Outcome.WRONG
    assert "HTML" not in judgement.reason
