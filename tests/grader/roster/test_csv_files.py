"""What spreadsheets and forms do to a CSV file before anybody reads it."""

import pytest

from grader.roster import RosterError, parse_roster

APP = "https://x.vercel.app"


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=|", "sep=\t", "sep=,"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_first_line_may_name_the_delimiter(first: str, encoding: str, line_end: str) -> None:
    delimiter = first.strip('"')[-1]
    rows = [["Andrew ID", "Name", "Link"], ["bovik", "Zoë, or ; Zoe", APP]]
    lines = [first, *(delimiter.join(f'"{cell}"' for cell in row) for row in rows)]
    roster = parse_roster(line_end.join(lines).encode(encoding), "roster.csv")
    (row,) = roster.rows
    assert (row.line, row.andrew_id, row.handed_in) == (3, "bovik", APP)
    assert row.name == "Zoë, or ; Zoe"
    assert roster.columns["url"] == "Link"


def test_faults_below_such_a_line_are_counted_from_it() -> None:
    with pytest.raises(RosterError) as caught:
        parse_roster(b'sep=;\nandrew_id;url\n=a;x.co\nb;"x\ny.co"\nc;"open\n', "roster.csv")
    assert [fault.line for fault in caught.value.faults] == [3, 6]


@pytest.mark.parametrize(
    "text",
    [
        f"Student-ID;Naïve Frage\nbovik;{APP}\n",
        f"姓名,Andrew ID,您的应用链接\n一二,bovik,{APP}\n",
        f"\u0418\u043c\u044f;Andrew ID;URL\n\u0418\u0432\u0430\u043d;bovik;{APP}\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_mark(text: str, encoding: str) -> None:
    roster = parse_roster(text.encode(encoding), "roster.csv")
    assert [(row.andrew_id, row.handed_in) for row in roster.rows] == [("bovik", APP)]
    assert roster.notes == ()


def test_a_few_nul_characters_are_no_utf_16() -> None:
    with pytest.raises(RosterError, match="NUL"):
        parse_roster(f"andrew_id,url\n\0bovik,{APP}\0\n".encode(), "roster.csv")
