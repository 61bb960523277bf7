import csv
import io
import shlex
import unicodedata
import xml.etree.ElementTree as ET

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from grader.formats.escaping import (
    ask_command,
    csv_cell,
    link,
    markdown_text,
    one_line,
    visible,
    xml_text,
)
from grader.model import ProbeKind

TEXTS = st.text(st.characters(categories=["C", "L", "N", "P", "S", "Z"]), max_size=60)
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, naïve, 漢字, 🙂", "plain, naïve, 漢字, 🙂"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x9b31m", r"\u009b31m"),
        ("a\u202eb\u2066", r"a\u202eb\u2066"),
        ("\u2028\u2029\ufeff", r"\u2028\u2029\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("no-break\u00a0space", "no-break\u00a0space"),
    ],
)
def test_shows_what_would_steer(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_keeps_lines_where_asked() -> None:
    assert visible("a\r\n\tb\x1b", lines=True) == "a\\r\n\tb\\x1b"


@given(TEXTS)
def test_nothing_hidden_is_left_and_twice_is_once(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(char) for char in shown} & HIDDEN
    assert visible(shown) == shown
    shown.encode()


@given(TEXTS, st.integers(1, 80))
def test_one_line_keeps_to_the_limit(text: str, limit: int) -> None:
    assert len(one_line(text, limit)) <= limit
    assert "\n" not in one_line(text, limit)


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20", "\u2a75"]
)
def test_formulas_become_text(start: str) -> None:
    assert csv_cell(start + "1").startswith("'")


@given(TEXTS)
def test_no_cell_runs_as_a_formula_or_breaks_its_row(text: str) -> None:
    line = io.StringIO()
    csv.writer(line).writerow(["abc123", csv_cell(text), "60"])
    assert line.getvalue().count("\n") == 1
    [row] = csv.reader([line.getvalue()])
    assert len(row) == 3
    assert not unicodedata.normalize("NFKC", row[1][:1]).startswith(("=", "+", "-", "@"))


@given(st.from_regex(r"[a-z0-9][a-z0-9._]{0,15}", fullmatch=True))
def test_ids_are_never_altered(andrew_id: str) -> None:
    assert csv_cell(andrew_id) == andrew_id


@given(st.text(max_size=60))
@example("\r\n")
def test_xml_can_be_read_again(text: str) -> None:
    element = ET.Element("failure", message=xml_text(text))
    element.text = xml_text(text)
    read = ET.fromstring(ET.tostring(element, encoding="unicode"))  # noqa: S314 - our own
    # Whoever reads XML makes one line end of each of the three (XML 1.0, 2.11).
    assert (read.text or "") == xml_text(text).replace("\r\n", "\n").replace("\r", "\n")


def test_xml_drops_what_is_not_allowed() -> None:
    assert xml_text("a\x00\x1b\ud800\ufffe\uffff]]>\t\U0001f642") == "a]]>\t\U0001f642"


@given(TEXTS)
def test_markdown_holds_no_markup(text: str) -> None:
    written = markdown_text(text)
    assert not set(written) & set("`*_[]()<>|!@:./\\\n\"'")


@pytest.mark.parametrize(
    "url", ["https://a.example/api?q=1%202", "http://localhost:3000", "HTTP://A"]
)
def test_links_to_the_web(url: str) -> None:
    assert link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//a.example",
        "https://",
        "https://a.example/ x",
        "https://a.example/\u202e",
        "https://[::1",
        " https://a.example",
    ],
)
def test_links_nowhere_else(url: str) -> None:
    assert link(url) == ""


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("Who was Shakespeare?", 'grader ask "https://a.example" "Who was Shakespeare?"'),
        ("It's 2 & 3 | 4", 'grader ask "https://a.example" "It\'s 2 & 3 | 4"'),
        ("$HOME `id` %PATH%", ""),
        ('say "hi"', ""),
        ("-5 plus 3", 'grader ask "https://a.example" -- "-5 plus 3"'),
        ("\x1b[2J", ""),
    ],
)
def test_the_line_that_repeats_a_query(query: str, line: str) -> None:
    assert ask_command("https://a.example", query) == line


@given(TEXTS, st.sampled_from(ProbeKind))
def test_a_shell_reads_back_the_query(query: str, probe: ProbeKind) -> None:
    line = ask_command("https://a.example", query, probe)
    assume(line)
    words = shlex.split(line)
    through = [] if probe is ProbeKind.API else ["--probe", probe.value]
    assert words[: 3 + len(through)] == ["grader", "ask", *through, "https://a.example"]
    assert words[-1] == visible(query)


@pytest.mark.parametrize("path", ["/%20&calc.exe&", "/$(id)", "/`id`", '/"&calc', "/!!", "/a\\b"])
def test_no_url_leaves_its_double_quotes_in_any_shell(path: str) -> None:
    line = ask_command(f"https://a.example{path}", "Who was Shakespeare?")
    address = line.split('"')[1]
    assert line == f'grader ask "{address}" "Who was Shakespeare?"'
    assert not set(address) & set("$`\\!")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",) * 2,  # a Persian name
        ("\U0001f469\u200d\U0001f680",) * 2,  # one emoji
        ("\u0915\u094d\u200d\u0937",) * 2,  # a Hindi conjunct
        ("\U0001f3f3\ufe0f\u200d\U0001f308",) * 2,  # a flag
        ("\xe9\u200d\xe9", "\xe9" + r"\u200d" + "\xe9"),
        ("\u4e2d\u200c\u56fd", "\u4e2d" + r"\u200c" + "\u56fd"),
        ("ho\u200cvik", r"ho\u200cvik"),
        ("\u0639\u200d", "\u0639" + r"\u200d"),
        ("\u202e\u200d\u0639", r"\u202e\u200d" + "\u0639"),
        ("\u0639\u200d\u200d\u0639", "\u0639" + r"\u200d\u200d" + "\u0639"),
    ],
)
def test_joiners_stay_between_letters_that_need_them(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown
