"""Commits, in full and abbreviated."""

import pytest

from grader.text.commits import is_same_commit, short

FULL = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (FULL, FULL, True),
        (FULL, FULL[:7], True),
        (FULL[:7], FULL, True),
        (FULL[:7], FULL[:12], True),
        (FULL, FULL[:6] + "f", False),
        (FULL, FULL[1:8], False),
        (FULL, "", True),
    ],
)
def test_either_may_be_abbreviated(one: str, other: str, same: bool) -> None:
    assert is_same_commit(one, other) is same


def test_people_are_shown_twelve_digits() -> None:
    assert short(FULL) == "0123456789ab"
    assert short("0123456") == "0123456"
