"""What a shell makes of check and ask: variables, pages in files, quotation marks left out."""

import json
import re

import pytest
from bs4 import BeautifulSoup

from tests.grader.apps import SEED, app, finished_app
from tests.grader.cli.conftest import Grader
from webapp.query_processor import process


def test_who_and_where_may_come_from_the_environment(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with finished_app("abc123") as url, app(process) as other:
        monkeypatch.setenv("GRADER_URL", url)
        monkeypatch.setenv("GRADER_ANDREW_ID", "abc123")
        assert "Score: 100 of 100" in grader("check", "--seed", SEED).output
        assert "Score: 40 of 100" in grader("check", other, "--seed", SEED, code=1).output
        given = ("--andrew-id", "xyz789", "--format", "json")
        assert json.loads(grader("check", *given, code=None).output)["andrew_id"] == "xyz789"
    assert "abc123" in grader("questions", "--seed", SEED).output
    monkeypatch.setenv("GRADER_ANDREW_ID", "")
    assert "env var: 'GRADER_ANDREW_ID'" in grader("questions", code=2).output


def test_a_placeholder_is_nobodys_id(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "write your own id in place of your-andrew-id"
    for command in (("check", "http://localhost:1"), ("questions",)):
        for placeholder in ("your-andrew-id", " Your-Andrew-ID "):
            assert words in grader(*command, "--andrew-id", placeholder, code=2).output
    monkeypatch.setenv("GRADER_ANDREW_ID", "your-andrew-id")
    assert words in grader("questions", code=2).output
    grader("questions", "--andrew-id", "your-andrew")


def test_a_missing_address_is_said_with_both_ways_to_give_it(grader: Grader) -> None:
    said = " ".join(grader("check", code=2).output.split())
    assert "Missing argument 'URL'. Write it (or set GRADER_URL), such as: " in said
    assert "grader check http://localhost:3000 --andrew-id" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("Who was Prospero?",), 'grader ask "https://a.vercel.app" "Who was Prospero?"'),
        (("What is 1.5 plus 2?",), 'grader ask "https://a.vercel.app" "What is 1.5 plus 2?"'),
        # Without quotation marks the first word tells nothing of the query.
        (("What", "is", "1?"), 'grader ask "https://a.vercel.app" "Who was Shakespeare?"'),
        (("What costs $5?",), 'grader ask "https://a.vercel.app" "Who was Shakespeare?"'),
    ],
)
def test_a_query_without_an_address_is_told_where_it_stands(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], line: str
) -> None:
    monkeypatch.setenv("GRADER_URL", "https://a.vercel.app")
    assert f"First the address: {line}" in grader("ask", *words, code=2).output
    monkeypatch.delenv("GRADER_URL")
    here = line.replace("https://a.vercel.app", "http://localhost:3000")
    assert f"First the address: {here}" in grader("ask", *words, code=2).output


def test_an_address_alone_is_told_that_the_query_is_missing(grader: Grader) -> None:
    for address in ("localhost:3000", "https://a.vercel.app"):
        assert "Missing argument 'QUERY'" in grader("ask", address, code=2).output
    assert "repository" in grader("ask", "github.com/a/b", "x", code=2).output


def test_html_is_the_students_page_whatever_a_shell_makes_of_it(grader: Grader) -> None:
    with app(lambda _query: "caf\u00e9 \u2028 <b>") as url:
        asked = ("check", url, "--andrew-id", "abc123", "--seed", SEED, "--format", "html")
        result = grader(*asked, code=1)
    page = result.stdout
    assert page.startswith("<!doctype html>")
    assert page.isascii()
    body = BeautifulSoup(page, "lxml")
    assert "caf\u00e9" in body.get_text()
    assert "Who was Shakespeare?" in body.get_text()
    # A style's or a script's text knows no character references.
    assert "&#" not in "".join(str(part) for part in body(["style", "script"]))
    assert re.search(r"^2/6  :\)    10 of 10  the API  right: ", result.stderr, re.MULTILINE)
    assert re.search(r"^Score: \d+ of 100 points", result.stderr, re.MULTILINE)


def test_a_page_is_written_in_silence_where_that_is_wanted(grader: Grader) -> None:
    with finished_app("abc123") as url:
        asked = ("check", url, "--andrew-id", "abc123", "--seed", SEED)
        result = grader(*asked, "--format", "html", "--quiet")
        text = grader(*asked)
    assert result.stderr == ""
    assert text.stderr == ""
    # What a page and a text say of an app on this machine is one and the same.
    body = BeautifulSoup(result.stdout, "lxml").get_text()
    for said in (body, text.stdout):
        assert "Everything is right on this machine. Deploy it, and check what is deploy" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("What", "is", "your", "name?"), 'grader ask "http://localhost:1" "What is your name?"'),
        (
            ("Who", "--probe", "page", "was", "Shakespeare?"),
            'grader ask --probe page "http://localhost:1" "Who was Shakespeare?"',
        ),
        # No quotation marks are right in every shell around these.
        (("What", "costs", "$5?"), "Put the query into quotation marks."),
    ],
)
def test_a_query_without_quotation_marks_is_said_with_them(
    grader: Grader, words: tuple[str, ...], line: str
) -> None:
    said = grader("ask", "http://localhost:1", *words, code=2).output
    assert "Put the query into quotation marks" in said
    assert line in " ".join(said.split())
