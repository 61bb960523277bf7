"""One name for each check, in words."""

import pytest

from grader.model import IN_WORDS, NumberKey, Question, called
from grader.questions import FAMILIES, load_battery


def named(name: str, family: str = "plus_multiplied") -> str:
    return called(Question(family, "q", NumberKey(1), 1, name))


def test_every_family_and_every_check_has_a_name_of_its_own() -> None:
    assert set(IN_WORDS) == {*FAMILIES, "page", "api", "release", "consistency", "query"}
    assert len(set(IN_WORDS.values())) == len(IN_WORDS)


@pytest.mark.parametrize("battery", ["activity", "page", "extreme"])
def test_no_battery_of_ours_shows_a_name_that_only_programs_use(battery: str) -> None:
    for entry in load_battery(battery).entries:
        assert "_" not in named(entry.name, entry.family or entry.check)


def test_a_family_is_named_in_words() -> None:
    assert named("plus_multiplied") == "a plus b times c"
    assert named("") == "a plus b times c"
    assert named("plus_multiplied-2") == "a plus b times c (2)"


@pytest.mark.parametrize("name", ["sums", "plus_multiplied-b", "addition", "api", "a-2"])
def test_a_name_of_the_batterys_own_stays(name: str) -> None:
    assert named(name) == name


def test_what_is_no_family_keeps_its_name() -> None:
    assert named("andrew id", "andrew id") == "andrew id"
