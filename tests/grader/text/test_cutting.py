from hypothesis import given
from hypothesis import strategies as st

from grader.text.cutting import cut, excerpt, quoted, some_of
from tests.grader.judging.asking import unhurried


@given(st.text(), st.integers(1, 80))
def test_cuts_to_the_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit


def test_marks_the_cut() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"


def test_quotations_are_short_and_harmless() -> None:
    assert excerpt("a" * 80) == "a" * 80
    assert excerpt("a" * 81) == "a" * 79 + "…"
    assert excerpt("one\r\n two") == "one two"
    assert quoted("\x1b[2J\u202eevil") == "“\ufffd[2J\ufffdevil”"


@unhurried
@given(st.text(st.characters()))
def test_a_quotation_can_always_be_printed(text: str) -> None:
    short = excerpt(text)
    assert len(short) <= 80
    assert short.isprintable() or "\ufffd" in short
    short.encode()


def test_says_how_many_more_there_are() -> None:
    assert some_of(["a", "b"], 2) == "a, b"
    assert some_of(["a", "b", "c", "d"], 2) == "a, b and 2 more"
