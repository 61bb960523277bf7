"""Rosters as workbooks: as forms write them, as people save them, and as attacks."""

import io
import os
import sys
import tracemalloc
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from grader.roster import RosterError, parse_roster, read_roster
from grader.roster.workbook_process import MAX_UNPACKED, MEGABYTE, RefusedError, unpacked

APP = "https://x.vercel.app"
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SAVE = 'save it as "CSV UTF-8'


def at(*moment: int) -> datetime:
    """A moment as a sheet holds it: on no clock in particular."""
    return datetime(*moment)  # type: ignore[arg-type] # noqa: DTZ001


def sheet(workbook: Workbook, name: str, rows: Sequence[Sequence[object]]) -> Worksheet:
    added: Worksheet = workbook.create_sheet(name)
    for row in rows:
        added.append(list(row))
    return added


def saved(workbook: Workbook) -> bytes:
    if workbook.worksheets[0].title == "Sheet":
        workbook.remove(workbook.worksheets[0])
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def one_sheet(*rows: Sequence[object]) -> bytes:
    workbook = Workbook()
    sheet(workbook, "Form1", rows)
    return saved(workbook)


def rewritten(data: bytes, files: Mapping[str, bytes]) -> bytes:
    """The workbook with other contents of some of its files, or some more files."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        contents = {info.filename: old.read(info) for info in old.infolist()}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in {**contents, **files}.items():
            new.writestr(name, content)
    return out.getvalue()


def with_sheet(rows: bytes, before: bytes = b"", strings: bytes = b"") -> bytes:
    """A workbook as Excel writes it: texts stand apart, and cells refer to them."""
    types = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
        b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    )
    data = one_sheet(["andrew_id", "url"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        known = archive.read("[Content_Types].xml")
    return rewritten(
        data,
        {
            "[Content_Types].xml": known.replace(b"</Types>", types),
            "xl/sharedStrings.xml": b"<sst %s>%s</sst>" % (MAIN, strings),
            "xl/worksheets/sheet1.xml": b"%s<worksheet %s><sheetData>%s</sheetData></worksheet>"
            % (before, MAIN, rows),
        },
    )


def refused(data: bytes) -> RosterError:
    with pytest.raises(RosterError) as caught:
        parse_roster(data, "roster.xlsx")
    return caught.value


def test_reads_what_microsoft_forms_gives(tmp_path: Path) -> None:
    workbook = Workbook()
    form = sheet(
        workbook,
        "Form1",
        [
            [
                *("ID", "Start time", "Completion time", "Email", "Name", "Last modified time"),
                *("Andrew ID", "Link to your deployed app"),
            ],
            [
                *(1, at(2026, 11, 20, 9, 11), at(2026, 11, 20, 9, 12, 4)),
                *("hbovik@andrew.example", "Harry Bovik", None, "hbovik", "https://old.vercel.app"),
            ],
            [
                *(2, at(2026, 11, 20, 9, 30), at(2026, 11, 20, 9, 31, 55)),
                *("aortiz@andrew.example", "Ada Ortiz", None, "aortiz", "x.vercel.app_x000D_\n"),
            ],
            [
                *(3, at(2026, 11, 20, 10, 1), at(2026, 11, 20, 10, 2, 30)),
                *("hbovik@andrew.example", "Harry Bovik", None, "hbovik", APP),
            ],
        ],
    )
    for row in form.iter_rows(min_row=2, min_col=2, max_col=3):
        for cell in row:
            cell.number_format = "m/d/yy h:mm:ss"
    path = tmp_path / "Activity(1-3).xlsx"
    path.write_bytes(saved(workbook))
    roster = read_roster(path)
    assert [(row.line, row.andrew_id, row.handed_in) for row in roster.rows] == [
        (3, "aortiz", "x.vercel.app"),
        (4, "hbovik", APP),
    ]
    assert roster.columns["timestamp"] == "Completion time"
    assert next(iter(roster.rows)).columns["Completion time"] == "2026-11-20 09:31:55"
    assert roster.notes == ("Several rows of one student, the last one counts: hbovik.",)


def test_the_first_sheet_that_has_the_columns_is_read() -> None:
    workbook = Workbook()
    sheet(workbook, "Empty", [])
    sheet(workbook, "Read me", [["Answers of the form"], ["see the next sheet"]])
    sheet(workbook, "Form1", [[], ["Andrew ID", "Your app"], ["bovik", APP]])
    sheet(workbook, "Copy", [["Andrew ID", "Your app"], ["other", APP]])
    roster = parse_roster(saved(workbook), "roster.xlsx")
    assert [(row.line, row.andrew_id) for row in roster.rows] == [(3, "bovik")]
    assert roster.notes == (
        "Read roster.xlsx, sheet 'Form1': the first of 3 that has the columns.",
        "Not read, though the columns are there too: roster.xlsx, sheet 'Copy' (1 row). To grade "
        "all of them, put their rows into one sheet.",
    )


def test_each_section_that_is_not_read_is_named_with_its_rows() -> None:
    workbook = Workbook()
    for section, students in {
        "A": ["ada"],
        "B": ["ben", "bea"],
        "C": ["cleo", "cy", "col"],
    }.items():
        rows = [[student, APP] for student in students]
        sheet(workbook, section, [["Andrew ID", "url"], *rows])
    sheet(workbook, "Notes", [["What"], ["Ask the dean"]])
    _, unread = parse_roster(saved(workbook), "roster.xlsx").notes
    assert "sheet 'B' (2 rows), roster.xlsx, sheet 'C' (3 rows). To grade" in unread
    assert "Notes" not in unread


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_not_read(state: Literal["hidden", "veryHidden"]) -> None:
    workbook = Workbook()
    hidden = sheet(workbook, "Old", [["Andrew ID", "url"], ["old", APP]])
    sheet(workbook, "Form1", [["Andrew ID", "url"], ["bovik", APP]])
    hidden.sheet_state = state
    roster = parse_roster(saved(workbook), "roster.xlsx")
    assert [row.andrew_id for row in roster.rows] == ["bovik"]
    assert roster.notes == ()


def test_a_sheet_without_the_columns_is_named() -> None:
    workbook = Workbook()
    sheet(workbook, "Grades", [["Who", "Points"], ["bovik", 3]])
    sheet(workbook, "More", [["Who", "Points"], ["bovik", 3]])
    error = refused(saved(workbook))
    assert "roster.xlsx, sheet 'Grades':1: No column holds links" in str(error)


def test_numbers_and_dates_are_read_as_they_are_shown() -> None:
    workbook = Workbook()
    form = sheet(
        workbook,
        "Form1",
        [
            ["Student ID", "Lab", "Due", "url"],
            [123, 1.1, at(2026, 3, 5), APP],
            [456, 2, None],
        ],
    )
    form["A2"].number_format = form["A3"].number_format = "00000000"
    form["B2"].number_format = "0.00"
    form["C2"].number_format = "d-mmm"
    first, second = parse_roster(saved(workbook), "roster.xlsx").rows
    assert (first.andrew_id, second.andrew_id) == ("00000123", "00000456")
    assert (first.columns["Lab"], first.columns["Due"]) == ("1.10", "2026-03-05")
    assert (second.columns["Lab"], second.columns["Due"]) == ("2", "")


@pytest.mark.parametrize(
    ("value", "form", "words"),
    [
        (123456789, "000-00-0000", "in the form '000-00-0000'"),
        (123, '"S"0000', "in the form"),
        (at(2026, 3, 5), "d-mmm", "a date"),
        (1234567890123456, "0", "in the form '0'"),
        (1234567890123456, "General", "makes of a long number"),
        (123456789012, "0.00E+00", "makes of a long number"),
        (123456, "0.0", "with decimals"),
        (True, "General", "a truth value"),
        ("1.23457E+11", "General", "makes of a long number"),
    ],
)
def test_an_id_that_is_not_certain_is_refused(value: object, form: str, words: str) -> None:
    workbook = Workbook()
    cells = sheet(workbook, "Form1", [["Andrew ID", "url"], [value, APP]])
    cells["A2"].number_format = form
    (fault,) = refused(saved(workbook)).faults
    assert (fault.line, fault.column) == (2, "Andrew ID")
    assert words in fault.message


def test_an_odd_form_elsewhere_is_no_fault() -> None:
    workbook = Workbook()
    cells = sheet(workbook, "Form1", [["Andrew ID", "Phone", "url"], ["bovik", 5551234, APP]])
    cells["B2"].number_format = "000-0000"
    (row,) = parse_roster(saved(workbook), "roster.xlsx").rows
    assert row.columns["Phone"] == "5551234"


def test_a_note_beside_the_table_is_left_out_and_said() -> None:
    roster = parse_roster(
        one_sheet(
            ["Andrew ID", "url"],
            ["ada", APP, None, "ask her again"],
            ["ben", APP],
            [None, None, "17 in all"],
            ["cleo", APP, "?"],
        ),
        "roster.xlsx",
    )
    assert [(row.line, row.andrew_id) for row in roster.rows] == [
        (2, "ada"),
        (3, "ben"),
        (5, "cleo"),
    ]
    assert roster.notes == (
        "Left out what stands beside the table, in columns without a header: line 2, 4, 5.",
    )


def test_a_title_above_the_header_is_no_header() -> None:
    error = refused(one_sheet(["Section A"], ["Andrew ID", "url"], ["ada", APP]))
    assert "No column holds the students' ids" in str(error)
    assert "delimiter" not in str(error)


def test_texts_that_stand_apart_are_read() -> None:
    data = with_sheet(
        b'<row r="1" spans="1:2"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
        b'<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="str"><v>x.co</v></c></row>',
        strings=b"<si><t>Andrew ID</t></si><si><t xml:space='preserve'> Your app </t></si>"
        b"<si><r><t>bo</t></r><r><rPr><b/></rPr><t>vik</t></r></si>",
    )
    roster = parse_roster(data, "roster.xlsx")
    assert [(row.andrew_id, row.handed_in) for row in roster.rows] == [("bovik", "x.co")]
    assert roster.columns["url"] == "Your app"


@pytest.mark.parametrize("size", [b"A1", b"C7:D9", b"A1:XFD1048576"])
def test_a_wrong_size_that_the_file_gives_itself_does_not_matter(size: bytes) -> None:
    rows = (
        b'<row r="1"><c t="inlineStr"><is><t>andrew_id</t></is></c>'
        b'<c t="inlineStr"><is><t>url</t></is></c></row>'
        b'<row r="40"><c t="inlineStr"><is><t>bovik</t></is></c>'
        b'<c t="inlineStr"><is><t>x.co</t></is></c></row>'
    )
    content = b'<worksheet %s><dimension ref="%s"/><sheetData>%s</sheetData></worksheet>'
    data = rewritten(one_sheet(["a"]), {"xl/worksheets/sheet1.xml": content % (MAIN, size, rows)})
    (row,) = parse_roster(data, "roster.xlsx").rows
    assert (row.line, row.andrew_id, row.handed_in) == (40, "bovik", "x.co")


def test_two_cells_far_apart_take_no_memory() -> None:
    data = with_sheet(
        b'<row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    )
    assert len(data) < 6_000
    assert "no row below it" in str(refused(data))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (one_sheet(), "The file is empty."),
        (one_sheet(["andrew_id", "url"]), "There is a header, but no row below it."),
        (b"PK\x03\x04rest", "The workbook is damaged."),
        (one_sheet(["andrew_id", "url"])[:-900], "The workbook is damaged."),
        (rewritten(one_sheet(["a"]), {"xl/workbook.xml": b"<open"}), "cannot be read"),
        (with_sheet(b'<row r="2000000"><c><v>1</v></c></row>'), "has over 1,048,576 rows"),
        (with_sheet(b'<row><c t="s"><v>99</v></c></row>'), "cannot be read"),
        (with_sheet(b" " * MAX_UNPACKED), "unpacks to 51 MB, and 50 MB are read at most"),
        (b"PK\x03\x04" + bytes(MAX_UNPACKED), "larger than 50 MB"),
    ],
)
def test_what_is_no_workbook_is_refused_in_words(data: bytes, words: str) -> None:
    (fault,) = refused(data).faults
    assert words in fault.message
    if "row" not in words and "empty" not in words:
        assert SAVE in fault.message


def test_another_zip_file_is_said_to_be_one() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("form.csv", "andrew_id,url\nbovik,x.co\n")
    assert str(refused(out.getvalue())).endswith("no workbook (.xlsx): unpack it first.")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit it")
def test_memory_is_limited() -> None:
    # Each style of a cell becomes some objects: 40 MB of them would be some gigabytes.
    styles = b"<styleSheet %s><cellXfs>%s</cellXfs></styleSheet>" % (
        MAIN,
        b'<xf numFmtId="0"/>' * 2_200_000,
    )
    data = rewritten(one_sheet(["andrew_id", "url"], ["bovik", APP]), {"xl/styles.xml": styles})
    assert len(data) < 300_000
    assert "more than 768 MB of memory" in str(refused(data))


def test_a_text_that_many_cells_refer_to_does_not_grow_without_end() -> None:
    text = b"<si><t>%s</t></si>" % (b"x" * 32_000)
    data = with_sheet(b"<row>%s</row>" % (b'<c t="s"><v>0</v></c>' * 2_000), strings=text)
    assert len(data) < 10_000
    assert "more than 50 MB of text" in str(refused(data))


def test_a_row_of_one_text_is_refused_before_it_is_put_together() -> None:
    text = b"<si><t>%s</t></si>" % (b"x" * 32_000)
    data = with_sheet(b"<row>%s</row>" % (b'<c t="s"><v>0</v></c>' * 8_000), strings=text)
    tracemalloc.start()
    try:
        with pytest.raises(RefusedError, match="more than 50 MB of text"):
            list(unpacked(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * MEGABYTE  # put together, it has 256 million characters


def test_entities_are_not_expanded() -> None:
    bomb = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 30}">' for before, name in pairwise("abcdefgh")
    )
    before = f'<!DOCTYPE w [<!ENTITY a "{"x" * 1000}">{bomb}]>'.encode()
    cell = b'<row><c t="inlineStr"><is><t>&h;</t></is></c></row>'
    assert SAVE in str(refused(with_sheet(cell, before)))


def test_a_folder_of_strange_modules_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "openpyxl"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w')\n")
    monkeypatch.chdir(tmp_path)
    parse_roster(one_sheet(["andrew_id", "url"], ["bovik", APP]), "roster.xlsx")
    assert not os.path.exists("ran")
