"""Rosters as forms and gradebooks export them, and everything that can be wrong with them."""

import copy
import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.roster import Roster, RosterError, parse_roster, read_roster

APP = "https://x.vercel.app"
SAVE = 'save it as "CSV UTF-8'


def parse(text: str, columns: Mapping[str, str] = {}) -> Roster:
    return parse_roster(text.encode(), "roster.csv", columns)


def handed_in(roster: Roster) -> dict[str, str]:
    return {row.andrew_id: row.handed_in for row in roster.rows}


def refused(data: str | bytes, columns: Mapping[str, str] = {}) -> RosterError:
    with pytest.raises(RosterError) as caught:
        parse_roster(data if isinstance(data, bytes) else data.encode(), "roster.csv", columns)
    return caught.value


def test_reads_every_column_that_it_knows() -> None:
    roster = parse(
        "andrew_id,url,name,section,email,timestamp,expect_commit,bypass_secret,Favorite city\n"
        f"bovik, {APP} ,Harry Q. Bovik,A,bovik@x.example,2026-10-15 10:00,abc1234,s3cret,Paris\n"
    )
    (row,) = roster.rows
    assert (row.line, row.andrew_id, row.handed_in) == (2, "bovik", APP)
    assert (row.name, row.section, row.email) == ("Harry Q. Bovik", "A", "bovik@x.example")
    assert (row.expect_commit, row.bypass_secret) == ("abc1234", "s3cret")
    assert row.columns["Favorite city"] == "Paris"
    assert "bypass_secret" not in row.columns
    assert "s3cret" not in repr(row)
    assert set(roster.columns) == {
        *("andrew_id", "url", "name", "section", "email", "timestamp", "expect_commit"),
        "bypass_secret",
    }
    assert roster.notes == ()


def test_who_has_no_commit_to_expect_is_named_to_the_instructor() -> None:
    rows = "".join(f"s{n}@x.example,{APP},main\n" for n in range(7))
    roster = parse(
        f"andrew_id,url,expect_commit\nada,{APP},\nben,{APP}, ABCDEF1 \ncleo,{APP},abc\n{rows}"
    )
    assert [row.expect_commit for row in roster.rows] == ["", "abcdef1"] + [""] * 8
    (note,) = [note for note in roster.notes if "No commit to expect" in note]
    assert note.endswith(
        "answer: cleo ('abc'), s0 ('main'), s1 ('main'), s2 ('main'), s3 ('main') and 3 more."
    )


GOOGLE_FORM = (
    'Timestamp,Email Address,"Andrew ID","Link to your deployed app"\r\n'
    '2026/10/14 9:00:00 PM EDT,bovik@andrew.example,bovik,"not yet,\r\nsorry"\r\n'
    "2026/10/15 1:00:00 AM EDT,abc@andrew.example,abc123,https://abc.vercel.app\r\n"
    "2026/10/15 8:00:00 AM EDT,bovik@andrew.example,Bovik,bovik.vercel.app/api\r\n"
)


def test_reads_a_form_where_the_last_submission_counts() -> None:
    roster = parse(GOOGLE_FORM)
    assert handed_in(roster) == {
        "abc123": "https://abc.vercel.app",
        "Bovik": "bovik.vercel.app/api",
    }
    assert [row.line for row in roster.rows] == [4, 5]
    assert roster.columns == {
        "andrew_id": "Andrew ID",
        "email": "Email Address",
        "timestamp": "Timestamp",
        "url": "Link to your deployed app",
    }
    assert roster.notes == ("Several rows of one student, the last one counts: bovik.",)


def test_reads_a_canvas_export() -> None:
    roster = parse(
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab (12),Link,Final Score\n"
        ",,,,,Manual Posting,,\n"
        "    Points Possible,,,,,10,,(read only)\n"
        f'"Bovik, Harry",1,801,bovik@andrew.example,A,3,{APP},3\n'
        '"Student, Test",2,,7d1f29a3c5,A,,,\n'
    )
    (row,) = roster.rows
    assert (row.andrew_id, row.name, row.section) == ("bovik", "Bovik, Harry", "A")
    assert (row.handed_in, row.email) == (APP, "bovik@andrew.example")
    assert roster.notes == (
        "Skipped Canvas's row of points possible.",
        "Skipped Canvas's test student (line 5).",
        'Took the domain off the addresses in "SIS Login ID" for the ids.',
    )


def test_reads_canvas_names_in_two_columns() -> None:
    roster = parse(
        "LastName,FirstName,ID,SIS Login ID,Section,url\n    Points Possible,,,,,\n"
        f"Bovik,Harry,1,bovik,A,{APP}\nStudent,Test,2,7d1f,A,\n"
    )
    assert [(row.andrew_id, row.name) for row in roster.rows] == [("bovik", "Harry Bovik")]
    assert roster.columns["name"] == "FirstName + LastName"


def test_a_person_called_test_student_counts_outside_canvas() -> None:
    assert len(parse(f"andrew_id,name,url\ntest,Test Student,{APP}\n").rows) == 1


def test_reads_a_gradescope_export() -> None:
    roster = parse(
        "First Name,Last Name,SID,Email,Sections,Status,Submission Time,url\n"
        f"Harry,Bovik,bovik,hb@x.example,B,Graded,2026-10-15 23:59:00 -0500,{APP}\n"
    )
    (row,) = roster.rows
    assert (row.andrew_id, row.name, row.section) == ("bovik", "Harry Bovik", "B")
    assert row.email == "hb@x.example"
    assert roster.columns["timestamp"] == "Submission Time"


@pytest.mark.parametrize(
    "header",
    [
        *("andrew_id", "Andrew ID", "ANDREW-ID", "student id", "netid", "NetID", "login"),
        *("SIS Login ID", "SIS User ID", "username", "User name", "SID", "Email Address", "e-mail"),
    ],
)
def test_knows_the_names_of_the_id_column(header: str) -> None:
    assert handed_in(parse(f"{header},url\nbovik@x.example,{APP}\n")) == {"bovik": APP}


@pytest.mark.parametrize(
    ("headers", "chosen"),
    [
        ("Email,SID,Andrew ID", "Andrew ID"),
        ("Student ID,SIS Login ID,Email", "SIS Login ID"),
        ("Email,SIS User ID", "SIS User ID"),
        ("Email Address,Username", "Username"),
        ("Email Address,What is your Andrew ID?", "What is your Andrew ID?"),
        ("Username,Andrew-ID (e.g. hbovik)", "Andrew-ID (e.g. hbovik)"),
        ("What is your Andrew ID?,Andrew ID", "Andrew ID"),
        ("Email Address,Student ID on your card", "Student ID on your card"),
        ("Student ID on your card,Username", "Username"),
        ("Email Address,Internet identity", "Email Address"),
        ("SIS Login ID,What is your Andrew ID?", "SIS Login ID"),
        ("Email Address,Your partner's Andrew ID", "Email Address"),
        ("Student ID,Andrew ID of your teammate", "Student ID"),
    ],
)
def test_prefers_logins_to_numbers_to_addresses(headers: str, chosen: str) -> None:
    cells = ",".join(f"v{number}" for number in range(len(headers.split(","))))
    assert parse(f"{headers},url\n{cells},{APP}\n").columns["andrew_id"] == chosen


def test_a_link_that_mentions_the_id_is_no_id() -> None:
    roster = parse(f"Email,Your app (it answers your Andrew ID)\nbovik@x.example,{APP}\n")
    assert handed_in(roster) == {"bovik": APP}


def test_two_questions_for_the_id_are_in_doubt() -> None:
    (fault,) = refused(f"Your Andrew ID,Andrew ID again,url\na,a,{APP}\n").faults
    assert '--column andrew_id="Your Andrew ID" or --column andrew_id=' in fault.message


def test_passes_over_an_id_column_without_values() -> None:
    roster = parse(f"SID,Email,url\n,bovik@x.example,{APP}\n")
    assert roster.columns["andrew_id"] == "Email"
    assert handed_in(roster) == {"bovik": APP}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_reads_what_spreadsheets_write(delimiter: str, encoding: str, line_end: str) -> None:
    lines = [
        ["andrew_id", "name", "url"],
        ["bovik", "Zoë", APP],
        ["", "", ""],
        ["abc", "B", "y.co"],
    ]
    text = line_end.join(delimiter.join(cells) for cells in lines)
    roster = parse_roster(text.encode(encoding), "roster.csv")
    assert [(row.line, row.name) for row in roster.rows] == [(2, "Zoë"), (4, "B")]
    assert roster.notes == ()


def test_a_comma_in_a_header_does_not_hide_the_semicolons() -> None:
    assert handed_in(parse(f"Andrew ID;Link, please\nbovik;{APP}\n")) == {"bovik": APP}


def test_reads_windows_1252_and_says_so() -> None:
    roster = parse_roster(f"andrew_id,name,url\nbovik,Zoë,{APP}\n".encode("cp1252"), "roster.csv")
    assert next(iter(roster.rows)).name == "Zoë"
    assert "Windows-1252" in roster.notes[0]


@pytest.mark.parametrize(
    "value",
    [
        *(APP, "myapp.vercel.app", "http//x.onrender.com", "https:/x.com", "localhost:3000"),
        *("here: https://x.com", "<https://x.com>", "x.com/api?q=1"),
    ],
)
def test_finds_the_url_column_by_its_values(value: str) -> None:
    text = f"andrew_id,Comment,Where is it?\na,none,{value}\nb,,\nc,x,{value}\nd,x.co,dunno\n"
    assert parse(text).columns["url"] == "Where is it?"


def test_several_columns_with_links_are_asked_about() -> None:
    text = f"andrew_id,Your repository,Your app\nbovik,https://github.com/b/x,{APP}\n"
    (fault,) = refused(text).faults
    assert fault.line == 1
    assert '--column url="Your repository" or --column url="Your app"' in fault.message
    roster = parse(text, {"url": "your app"})
    assert (handed_in(roster), roster.columns["url"]) == ({"bovik": APP}, "Your app")


def test_columns_settle_doubt() -> None:
    text = f"Who,login,Link,url\nbovik,1,{APP},\n"
    roster = parse(text, {"andrew_id": "Who", "url": "Link"})
    assert handed_in(roster) == {"bovik": APP}


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("andrew_id,url\na,x.co\n", {"url": "ulr"}, 'no column "ulr". The nearest is "url"'),
        ("andrew_id,url\na,x.co\n", {"link": "url"}, '"link" is no kind of column'),
        ("andrew_id,A,A\na,x.co,y.co\n", {"url": "A"}, '2 columns "A": rename all but one'),
        ("Andrew ID,andrew_id,url\na,b,x.co\n", {}, '--column andrew_id="andrew_id"'),
        ("andrew_id,andrew_id,url\na,b,x.co\n", {}, '2 columns "andrew_id": rename'),
        ("Who,url\na,x.co\n", {}, '--column andrew_id="Header" (there are "Who", "url")'),
        ("andrew_id,Where\na,here\n", {}, '--column url="Header"'),
    ],
)
def test_faults_of_columns(text: str, columns: Mapping[str, str], words: str) -> None:
    (fault,) = refused(text, columns).faults
    assert words in fault.message
    assert fault.line == 1


def test_equal_headers_keep_their_values() -> None:
    (row,) = parse(f"andrew_id,url,Note,Note,\nbovik,{APP},one,two,three\n").rows
    assert row.columns == {"andrew_id": "bovik", "url": APP, "Note": "one", "Note (2)": "two"}


@pytest.mark.parametrize(
    "bad_id",
    [
        *(
            "=1+1",
            "+a",
            "-a",
            "@a",
            "a b",
            "a\x07b",
            "a/b",
            "a\\b",
            "..",
            ".a",
            "a.",
            "a:b",
        ),
        *("a" * 65, "é" * 33, "#1", "<b>", "a,b"),
    ],
)
def test_ids_that_no_gradebook_could_hold(bad_id: str) -> None:
    (fault,) = refused(f'Andrew ID,url\n"{bad_id}",{APP}\n').faults
    assert (fault.line, fault.column) == (2, "Andrew ID")
    assert "student id" in fault.message


@pytest.mark.parametrize(
    "good_id", ["a", "abc123", "a.b", "o'neil", "a+b", "a-b_c", "müller", "1" * 64]
)
def test_ids_that_are_fine(good_id: str) -> None:
    assert handed_in(parse(f"andrew_id,url\n{good_id},{APP}\n")) == {good_id: APP}


def test_all_faults_come_at_once_in_the_order_of_lines() -> None:
    error = refused(
        'Andrew ID,url\n=a,x.co\n,y.co\nb,z.co,extra\nc,"x\ny"\nd,one.co\nd,two.co\n"a\0b",x.co\n'
        f'e,{"x" * 20_000}\nf,"open\n'
    )
    assert [fault.line for fault in error.faults] == [2, 3, 4, 8, 9, 9, 10, 11]
    lines = str(error).splitlines()
    assert lines[0].startswith("roster.csv:2: column \"Andrew ID\": '=a' cannot be")
    assert lines[1].endswith("The row has no student id: fill it in or delete the row.")
    assert "3 cells and the header 2" in lines[2]
    assert "d handed in different links (lines 7, 8)" in lines[3]
    assert "NUL" in str(error)
    assert 'column "url": The cell has over 16,384 characters' in str(error)
    assert "quotation mark" in lines[-1]


def test_a_timestamp_makes_no_line_of_its_own() -> None:
    error = refused('andrew_id,url,Timestamp\na,x.co,"?\nroster.csv:1: fine"\na,y.co,1/2/2026\n')
    (line,) = str(error).splitlines()
    assert line.endswith('cannot be told: "? roster.csv:1: fine" is not a date with a time.')


def test_many_faults_are_counted() -> None:
    error = refused("andrew_id,url\n" + "=a,x.co\n" * 23)
    assert len(error.faults) == 23
    lines = str(error).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "... and 3 more."
    assert str(copy.copy(error)) == str(error)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n , \r\n", "The file is empty."),
        (b"andrew_id,url\r\n", "There is a header, but no row below it."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", SAVE),
        (b"%PDF-1.7", SAVE),
        (b"\xff\xfea", "encoding is not known"),
        (b"a,\x81\xff", "encoding is not known"),
        (b'"andrew_id,url\n', "quotation mark"),
        (b'andrew_id,url\na,"' + b"x" * 140_000 + b'"\n', "very long cell"),
    ],
)
def test_what_is_no_roster(data: bytes, words: str) -> None:
    (fault,) = refused(data).faults
    assert words in fault.message


def test_fewer_cells_and_trailing_delimiters_are_no_faults() -> None:
    roster = parse(f"andrew_id,url,name\nabc\nbovik,{APP},Harry,,\n")
    assert handed_in(roster) == {"abc": "", "bovik": APP}


@pytest.mark.parametrize(
    ("stamps", "last"),
    [
        (["10/2/2026 9:00", "9/30/2026 9:00"], 0),  # month first, by the second
        (["3/10/2026 9:00", "30/9/2026 9:00"], 0),  # day first, by the second
        (["2026-10-05 9:00", "2026-09-30 9:00"], 0),
        (["1/2/2026 9:00 PM", "1/2/2026 10:00 AM"], 0),  # the same day, whichever it is
        (["2026-10-05 9:00", "2026-10-05 9:00"], 1),  # of equal times the later row
        (["2026/10/14 8:00:00 PM PDT", "2026/10/14 9:00:00 PM EDT"], 0),
        (["2026/10/14 8:00:00 PM GMT-7", "2026/10/14 9:00:00 PM GMT-4"], 0),
        (["2026-10-14T20:00:00-07:00", "2026-10-15T01:00:00Z"], 0),
    ],
)
def test_the_last_timestamp_counts(stamps: list[str], last: int) -> None:
    text = f"timestamp,andrew_id,url\n{stamps[0]},a,0.co\n{stamps[1]},A,1.co\n"
    assert [row.handed_in for row in parse(text).rows] == [f"{last}.co"]


def test_the_day_comes_first_for_the_whole_column_where_it_does_once() -> None:
    other = "timestamp,andrew_id,url\n25/12/2026 9:00,b,b.co\n"
    text = f"{other}2026-03-02 9:00,c,0.co\n2026-02-05 9:00,c,1.co\n"
    roster = parse(f"{text}3/2/2026 9:00,a,0.co\n2/3/2026 9:00,a,1.co\n")
    assert handed_in(roster) == {"b": "b.co", "c": "0.co", "a": "1.co"}


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (["3/2/2026 9:00", "2/3/2026 9:00"], "with the day or the month first. Write"),
        (["13/2/2026 9:00", "2/13/2026 9:00"], "some dates have the day first"),
        (["2026-10-05 9:00", "soon"], '"soon" is not a date'),
        (["2026-10-05 9:00", ""], '"" is not a date'),
        (["2026-10-05 9:00", "45211.58"], '"45211.58" is not a date'),
        (["2026-10-05 9:00", "99999999999/1/1 2026"], "is not a date"),
        (["2026-10-05 9:00", "2026-10-05 9:00 EST"], "name a time zone and others none"),
        (["2026-10-05 3:10 AEDT", "2026-10-05 2:50 AEST"], "AEDT and AEST are not known"),
    ],
)
def test_timestamps_that_do_not_tell(stamps: list[str], words: str) -> None:
    text = f"timestamp,andrew_id,url\n{stamps[0]},a,0.co\n{stamps[1]},a,"
    (fault,) = refused(f"{text}1.co\n").faults
    assert fault.line == 3
    assert words in fault.message
    assert handed_in(parse(f"{text}0.co\n")) == {"a": "0.co"}


def test_the_same_link_twice_is_one_row() -> None:
    roster = parse(f"andrew_id,url\na,{APP}\nb,{APP}\nA,{APP}\na,\n")
    assert [(row.andrew_id, row.line) for row in roster.rows] == [("b", 3), ("A", 4)]
    assert len(roster.notes) == 1


def test_rows_of_one_student_under_other_addresses_are_said() -> None:
    roster = parse(
        "timestamp,email,andrew_id,url\n2026-10-05 9:00,a@x.example,a,0.co\n"
        "2026-10-05 9:01,m@x.example,a,1.co\n2026-10-05 9:00,B@x.example,b,0.co\n"
        "2026-10-05 9:01,b@x.example,b,1.co\n2026-10-05 9:02,,b,2.co\n"
    )
    assert handed_in(roster) == {"a": "1.co", "b": "2.co"}
    assert roster.notes[1:] == (
        "Rows of one student under different email addresses, of which somebody else may have sent "
        "the last, which counts: a (line 2 a@x.example, line 3 m@x.example).",
    )


def test_a_row_knows_the_earlier_ones_with_another_link() -> None:
    roster = parse(
        "timestamp,andrew_id,url\n2026-10-05 9:00,a,0.co\n2026-10-05 9:01,a,\n"
        "2026-10-05 9:02,a,1.co\n2026-10-05 9:03,a,oops\n"
        "2026-10-05 9:00,b,0.co\n2026-10-05 9:01,b,0.co\n"
    )
    assert [(row.line, row.earlier) for row in roster.rows] == [(5, (2, 4)), (7, ())]


def test_one_id_at_two_domains_is_in_doubt() -> None:
    (fault,) = refused(f"email,url\nbovik@a.example,{APP}\nBovik@b.example,{APP}\n").faults
    assert (fault.line, fault.column) == (3, "email")
    assert "line 2 too, at a.example" in fault.message
    assert len(parse(f"email,url\nbovik@a.example,{APP}\nbovik,{APP}\n").rows) == 1


def test_reads_a_file(tmp_path: Path) -> None:
    roster = tmp_path / "class.csv"
    roster.write_text(f"andrew_id,url\nbovik,{APP}\n")
    assert handed_in(read_roster(roster)) == {"bovik": APP}
    roster.write_text("andrew_id,url\n=a,x.co\n")
    with pytest.raises(RosterError, match=r"class\.csv:2: column"):
        read_roster(roster)


@pytest.mark.parametrize("name", ["missing.csv", ".", "nul\0.csv"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(RosterError, match="cannot be read") as caught:
        read_roster(tmp_path / name)
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].line == 0


IDS = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@given(
    students=st.lists(st.tuples(IDS, CELLS), min_size=1, max_size=8, unique_by=lambda row: row[0]),
    delimiter=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_spreadsheet_writes_is_read_back(
    students: list[tuple[str, str]], delimiter: str, line_end: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(["andrew_id", "My note", "url"])
    writer.writerows([andrew_id, note, APP] for andrew_id, note in students)
    roster = parse(out.getvalue())
    assert [(row.andrew_id, row.columns["My note"]) for row in roster.rows] == students


@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(str.encode),
        st.text(alphabet='abc,;\t"\n\r=@\0 .1', max_size=200).map(
            lambda text: f"timestamp,andrew_id,url\n{text}".encode()
        ),
    )
)
def test_gives_a_roster_or_a_roster_error(data: bytes) -> None:
    try:
        roster = parse_roster(data, "roster.csv")
    except RosterError as error:
        faults = error.faults
        assert faults
        return
    ids = [row.andrew_id.casefold() for row in roster.rows]
    assert len(set(ids)) == len(ids) <= data.count(b"\n") + data.count(b"\r") + 1


def test_a_blank_row_without_a_time_is_passed_over_and_that_is_said() -> None:
    roster = parse_roster(b"andrew_id,url\nada,https://a.example.com\nada,\n", "r.csv")
    (row,) = roster.rows
    assert row.handed_in == "https://a.example.com"
    assert roster.notes == ("Several rows of one student, the one with a link counts: ada.",)
