import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text.replies import (
    head_of,
    holds_words,
    normalize,
    number_tail_of,
    tail_of,
    without_query,
    without_tags,
)
from tests.grader.judging.asking import unhurried

# Text as it may come over the wire, and text made of what normalizing has to do with.
TEXTS = st.text() | st.text(
    st.sampled_from("\"'\u201c\u2019`. \t\n\u00a0\u0301\u0345\u0323\u1fb3ẞİaA=:is")
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("83", "83"),
        ("  83\r\n", "83"),
        ('"83"', "83"),
        ('"83."', "83"),
        ('"83".', "83"),
        ("\u201cWilliam\u201d", "william"),
        ("The  Answer\tis\n83.", "the answer is 83"),
        ("\uff18\uff13", "83"),  # full-width digits
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        (".5", ".5"),
        ("", ""),
        ('""', ""),
        ("...", ""),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    assert normalize(text) == normal


@unhurried
@given(TEXTS)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@unhurried
@given(TEXTS)
def test_parts_of_a_normal_text_are_normal(text: str) -> None:
    once = normalize(f"<b>Is</b> {text}: is = {text} 5 is <i>{text}")
    for part in (tail_of(once), number_tail_of(once), head_of(once), without_tags(once)):
        assert normalize(part) == part
    assert normalize(rest := without_query(once, "b is b")) == rest


def test_normalizing_twice_changes_nothing_for_any_single_character() -> None:
    affected = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if not unicodedata.is_normalized("NFKC", character) or character.casefold() != character
    ]
    assert len(affected) > 5_000
    assert [c for c in affected if normalize(once := normalize(c)) != once] == []


@unhurried
@given(TEXTS)
def test_case_composition_and_white_space_do_not_matter(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert normalize(decomposed) == normalize(text)
    assert normalize(f" \t{text}\n") == normalize(text)


def test_normalizing_twice_changes_nothing_where_marks_decompose_into_more() -> None:
    once = normalize("a" + "\u0344" * 40)
    assert normalize(once) == once


def test_case_does_not_matter_where_folding_takes_a_letter_apart() -> None:
    letter = "\u01f0\u0323"  # j with a caron and a dot below; there is no such capital letter
    assert normalize(letter.upper()) == normalize(letter)


@pytest.mark.parametrize(
    ("text", "tail", "head"),
    [
        ("the answer is 83", "83", "the answer"),
        ("76 + 92 = 168", "168", ""),
        ("76+92==168", "168", ""),
        ("answer:83", "83", ""),
        ('{"answer":83}', "83}", ""),
        ("primes are 2 and 3", "2 and 3", ""),
        ("it is what it is 5", "5", "it"),
        ("this and paris", "", ""),
        ("at 12:30", "", ""),
        ("the answer is", "", ""),
        ("answer:", "", ""),
        ("75 plus 8 equals 83", "83", ""),
        ("75 and 8 make 83", "83", ""),
        ("75 plus 8 gives 83", "83", ""),
        ("75 plus 8 yields 83", "83", ""),
        ("primes were 2 and 3", "2 and 3", ""),
        ("75+8 → 83", "83", ""),
        ("75+8->83", "83", ""),
        ("wastes 83", "", ""),
        ("remakes 83", "", ""),
    ],
)
def test_tail_and_head(text: str, tail: str, head: str) -> None:
    assert (tail_of(text), head_of(text)) == (tail, head)


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("76 + 92 = 168", "168"),
        ("76 + 92 = 168, which was easy", "168, which was easy"),
        ("76 + 92 = 168 = x", "168 = x"),
        ("168 is it", ""),
        ("no digit is here", ""),
        ("", ""),
    ],
)
def test_the_tail_for_numbers_has_a_digit_in_it(text: str, tail: str) -> None:
    assert number_tail_of(text) == tail


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("what is 75 plus 8? 83", "83"),
        ("what is 75 plus 8 83", "83"),
        ("what is 75 plus 8? -83", "-83"),
        ("what is 75 plus 8? .5", ".5"),
        ("what is 75 plus 8?.5", ".5"),
        ("what is 75 plus 8?", ""),
        ("what is 75 plus 8", ""),
        ("what is 75 plus 83", ""),
        ("what is 75 plus 8.3", ""),
        ("what is 75 plus", ""),
        ("so what is 75 plus 8? 83", ""),
        ("", ""),
    ],
)
def test_what_follows_a_repeated_query(text: str, rest: str) -> None:
    assert without_query(text, "What is 75 plus 8?") == rest


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<p>83</p>", "83"),
        ('<p class="a">my <b>own</b><br/></p>', "my own"),
        ("<!doctype html><html>83</html>", "83"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<a@b.example>", "<a@b.example>"),
        ("<b", "<b"),
        ("<b>", ""),
    ],
)
def test_simple_tags_are_taken_out(text: str, left: str) -> None:
    assert without_tags(text) == left


@pytest.mark.parametrize(
    ("text", "words", "held"),
    [
        ("a poet", "poet", True),
        ("a poet, and more", "Poet", True),
        ("poets", "poet", False),
        ("poet2", "poet", False),
        ("he lives in new york now", "New York", True),
        ("new yorker", "New York", False),
        ("washington, d.c. it is", "Washington, D.C.", True),
        ("c++ it is", "C++", True),
        ("anything", "", False),
    ],
)
def test_words_are_held_whole(text: str, words: str, held: bool) -> None:
    assert holds_words(text, words) is held
