"""Ids that a spreadsheet has spoilt, that copying has spoilt, and that somebody else has."""

import pytest

from grader.roster import RosterError, parse_roster

APP = "https://x.vercel.app"


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ("1.23457E+11", "makes of a long number"),
        ("1,23457E+11", "makes of a long number"),
        ("1e+15", "makes of a long number"),
        ("1.2E-05", "makes of a long number"),
        ("1.23457E+11@andrew.example", "makes of a long number"),
        ("123456.0", "with decimals"),
        ("123456,00", "with decimals"),
        ("5-Mar", "a date"),
        ("05-Mar-26", "a date"),
        ("Mar-05", "a date"),
        ("12-Okt", "a date"),
        ("1-déc.", "a date"),
        ("3月5日", "a date"),
        ("2026-03-05", "a date"),
        ("2026-03-05 00:00:00", "a date"),
        ("3/5/2026", "a date"),
        ("05.03.2026", "a date"),
        ("TRUE", "a truth value"),
        ("False", "a truth value"),
        ("WAHR", "a truth value"),
        ("#NAME?", "an error"),
        ("#REF!", "an error"),
        ("########", "an error"),
        ("anonymous", "did not record who sent it"),
    ],
)
def test_an_id_that_is_spoilt_is_refused(spoilt: str, words: str) -> None:
    with pytest.raises(RosterError) as caught:
        parse_roster(f'Andrew ID,url\n"{spoilt}",{APP}\nbovik,y.co\n'.encode(), "roster.csv")
    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == (2, "Andrew ID")
    assert words in fault.message


def test_two_students_with_one_spoilt_id_are_both_named() -> None:
    with pytest.raises(RosterError) as caught:
        parse_roster(
            b"timestamp,andrew_id,url\n2026-10-05 9:00,1.23457E+11,a.co\n"
            b"2026-10-05 9:01,1.23457E+11,b.co\n",
            "roster.csv",
        )
    assert [fault.line for fault in caught.value.faults] == [2, 3]


@pytest.mark.parametrize(
    "andrew_id",
    [
        *("12e5", "1e05", "123456", "00123456", "hbovik.0", "mar5", "dec12x", "true", "verona"),
        *("2026-12345", "20-1234-567", "mary-5", "5-marc", "anonymous1", "12345678-9"),
    ],
)
def test_an_id_that_only_looks_so_is_fine(andrew_id: str) -> None:
    (row,) = parse_roster(f"andrew_id,url\n{andrew_id},{APP}\n".encode(), "roster.csv").rows
    assert row.andrew_id == andrew_id


def test_invisible_characters_fall_off_ids_and_are_said() -> None:
    roster = parse_roster(
        (
            "timestamp,andrew_id,email,expect_commit,url\n"
            f"2026-10-05 9:00,\u200bada,ada@x.example\u200b,abc1234\ufeff,a.co\n"
            f"2026-10-05 9:01,ada,ada@x.example,abc1234,{APP}\n"
            f"2026-10-05 9:01,b\u00aden\u202c\u2060,\u202aben@x.example\u202c,,{APP}\n"
        ).encode(),
        "roster.csv",
    )
    assert [(row.andrew_id, row.email) for row in roster.rows] == [
        ("ada", "ada@x.example"),
        ("ben", "ben@x.example"),
    ]
    assert next(iter(roster.rows)).expect_commit == "abc1234"
    assert roster.notes == (
        "Took invisible characters off the ids of ada, ben.",
        "Several rows of one student, the last one counts: ada.",
    )


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ("Ada Ortiz", "Ben Ames", True),
        ("Ada Ortiz", "Ada Ames", True),
        ("Ada Ortiz", "ada  ORTIZ", False),
        ("Ada Ortiz", "Ortiz, Ada M.", False),
        ("Ada Ortiz", "", False),
        ("李 小龙", "李 小 龙", True),
    ],
)
def test_rows_of_one_id_under_other_names_are_named(first: str, second: str, named: bool) -> None:
    roster = parse_roster(
        (
            f'timestamp,name,andrew_id,url\n2026-10-05 9:00,"{first}",x1,0.co\n'
            f'2026-10-05 9:01,"{second}",X1,1.co\n'
        ).encode(),
        "roster.csv",
    )
    notes = [note for note in roster.notes if "different names" in note]
    assert len(notes) == named
    if named:
        assert notes[0].endswith(f"counts: X1 (line 2 {first}, line 3 {second}).")


@pytest.mark.parametrize(
    ("header", "named"), [("Email Address", True), ("E-Mail", True), ("Username", False)]
)
def test_addresses_in_place_of_ids_are_said(header: str, named: bool) -> None:
    data = f"{header},Your name,url\nada@x.example,Ada,{APP}\n".encode()
    notes = parse_roster(data, "roster.csv").notes
    said = [note for note in notes if note.startswith("No column with ids was found")]
    assert len(said) == named
    if named:
        assert f'so the addresses in "{header}" give them' in said[0]
        assert f'--column andrew_id="Header" (there are "{header}", "Your name", "url")' in said[0]
    chosen = parse_roster(data, "roster.csv", {"andrew_id": header}).notes
    assert not any("with ids was found" in note for note in chosen)
