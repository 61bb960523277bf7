import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.formats.files import student_file_name

SAFE = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*\.html")


@pytest.mark.parametrize(
    ("andrew_id", "name"),
    [
        ("abc123", "abc123.html"),
        ("a.b-c_d", "a.b-c_d.html"),
        ("../../etc/passwd", "~2e~.~2f~..~2f~etc~2f~passwd.html"),
        ("con", "~63~on.html"),
        ("LPT1.old", "~4c~PT1.old.html"),
        ("console", "console.html"),
        ("é", "~e9~.html"),
        ("", "~.html"),
    ],
)
def test_names(andrew_id: str, name: str) -> None:
    assert student_file_name(andrew_id) == name


@given(st.text(max_size=300))
def test_every_file_system_takes_it(andrew_id: str) -> None:
    name = student_file_name(andrew_id)
    assert SAFE.fullmatch(name)
    assert len(name) <= 205
    assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d)\.", name, re.IGNORECASE)


@given(st.text("a~.2ef/é", max_size=8), st.text("a~.2ef/é", max_size=8))
def test_two_ids_never_share_a_name(one: str, other: str) -> None:
    assert (student_file_name(one) == student_file_name(other)) == (one == other)


def test_long_ids_stay_apart() -> None:
    assert student_file_name("a" * 400 + "b") != student_file_name("a" * 400 + "c")
