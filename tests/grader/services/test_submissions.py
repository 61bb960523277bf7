import tracemalloc
from pathlib import Path

import pytest

from grader.jobs import Run
from grader.model import Note, State, Submission
from grader.questions import parse_battery
from grader.roster import parse_roster, read_roster
from grader.services.submissions import RosterColumnsError, check_columns, submissions
from tests.grader.apps import ACTIVITY, SEED


def test_rows_become_submissions_with_their_links_read() -> None:
    roster = parse_roster(
        b"andrew_id,url,name\n"
        b"a,https://app-a.vercel.app/api?q=hi,Ada\n"
        b"b,https://github.com/someone/app,Ben\n"
        b"c,http://localhost:3000,Cleo\n"
        b"d,https://app-a.vercel.app,Dev\n",
        "roster.csv",
        {},
    )
    all_of_them, notes, shared = submissions(roster, allow_private=False)
    found = list(all_of_them)
    assert [each.state for each in found] == [
        State.GRADED,
        State.INVALID,
        State.REFUSED,
        State.GRADED,
    ]
    assert found[0].url == "https://app-a.vercel.app"
    assert found[0].notes
    assert "GitHub" in found[1].fault or "repository" in found[1].fault
    assert any("2 students: a, d" in note for note in shared)
    assert not any("2 students: a, d" in note for note in notes), "the report finds them itself"
    assert not any("a, d" in note for each in found for note in each.notes)


def test_a_commit_that_is_none_is_for_the_instructor_to_know() -> None:
    data = b"andrew_id,url,expect_commit\na,https://app-a.vercel.app,abc\n"
    all_of_them, notes, _ = submissions(parse_roster(data, "r.csv", {}), allow_private=False)
    (found,) = all_of_them
    assert (found.expect_commit, found.notes) == ("", ())
    assert any("a ('abc')" in note for note in notes)


def test_a_bypass_secret_that_no_header_can_carry_is_not_used_and_not_shown() -> None:
    data = (
        'andrew_id,url,bypass_secret\na,https://a.vercel.app,"one\ns3cret"\n'
        "b,https://b.vercel.app,s3cret\nc,https://c.vercel.app,\nd,https://d.vercel.app,s3cret\xe9\n"
    )
    roster = parse_roster(data.encode(), "roster.csv", {})
    found, notes, _ = submissions(roster, allow_private=False)
    assert [each.bypass_secret for each in found] == ["", "s3cret", "", ""]
    (note,) = [note for note in notes if "bypass secret" in note]
    assert note.endswith("not used: a, d.")
    assert "s3cret" not in "".join(notes)


def test_an_earlier_link_that_a_useless_one_replaced_is_said() -> None:
    rows = "".join(
        f"2026-10-05 9:0{minute},{student},{link}\n"
        for student, links in {"ada": ("a.co", "oops"), "ben": ("oops", "b.co")}.items()
        for minute, link in enumerate(links)
    )
    roster = parse_roster(f"timestamp,andrew_id,url\n{rows}".encode(), "roster.csv", {})
    found, notes, _ = submissions(roster, allow_private=False)
    assert [each.state for each in found] == [State.INVALID, State.GRADED]
    (note,) = [note for note in notes if "no usable link" in note]
    assert note.endswith("an earlier one has another: ada (line 2).")


def enrolling_takes(students: int, folder: Path) -> int:
    """The most bytes in use at once until a class is enrolled, beside those of its file."""
    roster = folder / f"{students}.csv"
    with roster.open("w", encoding="utf-8") as file:
        file.write("Timestamp,Andrew ID,Comment,Link\n")
        for number in range(students):
            # Every tenth student hands in twice.
            for _ in range(2 if number % 10 == 0 else 1):
                file.write(f"2026-10-01 10:00,s{number},{'learned ' * 50},https://a{number}.com\n")
    run = Run.begin(folder / f"{students}.sqlite", ACTIVITY, SEED)
    tracemalloc.start()
    found, notes, _ = submissions(read_roster(roster), allow_private=False)
    check_columns(ACTIVITY, found)
    run.enroll(found, tuple(map(Note, notes)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert run.total() == students
    run.close()
    return most - roster.stat().st_size


def test_memory_does_not_grow_with_the_rows_of_a_roster(tmp_path: Path) -> None:
    enrolling_takes(10, tmp_path)  # what is made once
    small, large = (enrolling_takes(students, tmp_path) for students in (250, 850))
    # An id and where it stands; a row as it is read takes some thousand bytes.
    assert (large - small) / 600 < 700


def test_a_battery_that_asks_for_columns_needs_them_in_every_row() -> None:
    source = (
        '[[entry]]\nquery = "What is the number of {lab}?"\npoints = 1\n'
        'key = { kind = "number", value = "{lab}" }\n'
    )
    battery = parse_battery('title = "Labs"\n' + source, "labs", "labs.toml")
    rows = [
        Submission("a", "https://x", columns={"Lab": "7"}),
        Submission("b", "https://x", columns={"Lab": ""}),
        Submission("c", "https://x", columns={"Lab": "seven"}),
    ]
    check_columns(battery, rows[:1])
    with pytest.raises(RosterColumnsError) as caught:
        check_columns(battery, rows)
    assert [("b:" in line, "c:" in line) for line in str(caught.value).splitlines()] == [
        (True, False),
        (False, True),
    ]


def test_what_the_roster_lacks_is_one_line_whatever_the_size_of_the_class() -> None:
    battery = parse_battery(
        'title = "Labs"\n[[entry]]\nquery = "What is the number of {lab}?"\npoints = 1\n'
        'key = { kind = "number", value = "{lab}" }\n'
        '[[entry]]\nquery = "Which team is {name} in?"\npoints = 1\n'
        'key = { kind = "choice", value = "{Team}", choices = ["{Team}", "{rival}"] }\n',
        "labs",
        "labs.toml",
    )
    text = "andrew_id,url,Rival\n" + "".join(f"s{n},https://a{n}.example,x\n" for n in range(30))
    found, _, _ = submissions(parse_roster(text.encode(), "r.csv"), allow_private=False)
    with pytest.raises(RosterColumnsError) as caught:
        check_columns(battery, found)
    assert str(caught.value) == (
        "the battery needs the columns 'lab', 'Team', which the roster does not have. There are "
        '"andrew_id", "url", "Rival"'
    )


def test_what_many_students_lack_is_one_line() -> None:
    battery = parse_battery(
        'title = "Names"\n[[entry]]\nquery = "Who is {name}?"\npoints = 1\n'
        'key = { kind = "fact", any_of = ["{name}"] }\n',
        "names",
        "names.toml",
    )
    rows = [Submission(f"s{number}", "https://x") for number in range(30)]
    with pytest.raises(RosterColumnsError) as caught:
        check_columns(battery, rows)
    assert str(caught.value) == (
        "the battery needs the column 'name' of s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 20 "
        "more: the roster has nothing in it"
    )


def test_a_link_to_the_grading_machine_among_others_is_said() -> None:
    rows = b"andrew_id,url\na,http://10.0.0.7:8080\nb,http://localhost:3000\n"
    _, notes, _ = submissions(parse_roster(rows, "r.csv"), allow_private=True)
    assert any("grading machine itself" in note and note.endswith(": b.") for note in notes)
    rows = b"andrew_id,url\na,http://127.0.0.1:8080\nb,http://localhost:3000\n"
    assert submissions(parse_roster(rows, "r.csv"), allow_private=True)[1] == ()


def test_a_useless_last_row_tells_of_the_earlier_one() -> None:
    rows = (
        b"andrew_id,url,timestamp\na,https://a.example.com,2026-03-01 10:00\na,,2026-03-01 11:00\n"
    )
    found, notes, _ = submissions(parse_roster(rows, "r.csv"), allow_private=False)
    (submission,) = found
    assert "earlier row has another link (line 2)" in submission.fault
    assert any("row that counts" in note for note in notes)
