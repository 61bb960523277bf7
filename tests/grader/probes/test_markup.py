"""What is read in the markup of a page; tests/grader/probes/test_page.py asks for it."""

import pytest

from grader.probes.markup import read_markup

URL = "http://a.example/app/"


def _pieces(html: str) -> list[str]:
    return list(read_markup(html, URL).text.pieces)


def test_pieces_of_text_stand_between_tags() -> None:
    html = "<title>App</title><p>1 &amp; 2<!-- -->three <b> four </b><br>\n five<input>"
    assert _pieces(html) == ["App", "1 & 2", "three", "four", "five"]


@pytest.mark.parametrize("tag", ["script", "style", "template"])
def test_what_a_browser_does_not_show_is_no_text(tag: str) -> None:
    html = f"a<{tag}>hidden <input> <output>x</output></{tag}>b"
    read = read_markup(html, URL)
    assert read.text.pieces == ["a", "b"]
    assert not read.text.regions
    assert not read.has_box


def test_each_region_has_all_text_inside_it() -> None:
    html = "<output>1 <i>2</i></output><div role=status>3<p aria-live=polite>4</p></div>5<output>"
    assert list(read_markup(html, URL).text.regions) == ["1 2", "3 4", "4", ""]


@pytest.mark.parametrize("html", ["", " ", "\0", "\0<input>", "<!doctype html>", "\ud800", "</p>"])
def test_there_need_not_be_much(html: str) -> None:
    assert read_markup(html, URL).has_box is ("input" in html)


def test_the_form_around_the_box_says_where_it_leads() -> None:
    html = "<form action=/away></form><form action=there?x=1 method=GET><p><input name=q></form>"
    read = read_markup(html, URL)
    assert (read.box_name, read.action) == ("q", "http://a.example/app/there?x=1")
