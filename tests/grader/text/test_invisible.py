import pytest

from grader.text.invisible import without_invisible


@pytest.mark.parametrize("char", ["\u200b", "\ufeff", "\u00ad", "\u3164", "\ufe0f"])
def test_what_nobody_sees_is_taken_out(char: str) -> None:
    assert without_invisible(f"{char}a{char}b{char}") == "ab"


@pytest.mark.parametrize("char", ["\x07", "\ud800"])
def test_control_characters_go_where_that_is_said(char: str) -> None:
    assert without_invisible(f"a{char}b", controls=True) == "ab"
    assert without_invisible(f"a{char}b") == f"a{char}b"


@pytest.mark.parametrize("text", ["a b", "a\nb", "a\u00a0b", "漢字", "e\u0301", "a\tb\r\n"])
def test_blanks_line_breaks_letters_and_accents_stay(text: str) -> None:
    assert without_invisible(text) == without_invisible(text, controls=True) == text
