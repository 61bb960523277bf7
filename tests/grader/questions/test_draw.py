"""Drawing: reproducible, independent, no two questions of an entry alike."""

import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import (
    ApiKey,
    Battery,
    ConsistencyKey,
    Entry,
    IdKey,
    NumberKey,
    NumberTemplate,
    PageKey,
    ProbeKind,
    Question,
    ReleaseKey,
    Submission,
)
from grader.questions import FAMILIES, draw, load_battery, shipped_batteries

SUBMISSION = Submission("abc123", "https://abc123.example")
ACTIVITY = load_battery("activity")
EXTREME = load_battery("extreme")


def battery(*entries: Entry) -> Battery:
    return Battery("b", "B", entries, "")


def queries(questions: Iterable[Question], name: str = "") -> list[str]:
    return [question.query for question in questions if name in ("", question.name)]


def test_questions_are_the_same_on_every_python_and_for_ever() -> None:
    """A run of last term must be repeatable: change this digest only together with that promise."""
    drawn = [
        astuple(question)[:4]
        for seed in range(20)
        for question in draw(EXTREME, Submission(f"id{seed}", ""), seed)
    ]
    digest = hashlib.sha256(json.dumps(drawn).encode()).hexdigest()
    assert digest == "62f09f70656f8003dbab5df3cee4d4bfa9c00af8000c1f9e7e2343fc00cadc8b"


def test_the_id_is_the_same_in_any_case_and_another_student_gets_other_questions() -> None:
    shouted = replace(SUBMISSION, andrew_id="ABC123")
    other = replace(SUBMISSION, andrew_id="abc124")
    assert queries(draw(EXTREME, SUBMISSION, 1)) == queries(draw(EXTREME, shouted, 1))
    assert queries(draw(EXTREME, SUBMISSION, 1)) != queries(draw(EXTREME, other, 1))
    assert queries(draw(EXTREME, SUBMISSION, 1)) != queries(draw(EXTREME, SUBMISSION, 2))


def test_correcting_an_entry_draws_the_same_questions() -> None:
    entry = Entry(10, "sum", family="addition", count=2)
    corrected = Entry(
        5, "sums", family="addition", count=3, requires=("api",), section="S", hint="H"
    )
    first = queries(draw(battery(entry), SUBMISSION, 1))
    assert queries(draw(battery(corrected), SUBMISSION, 1))[:2] == first


def test_an_entry_draws_the_same_whatever_else_the_battery_holds() -> None:
    entry = Entry(10, "sum", family="addition", count=2)
    alone = queries(draw(battery(entry), SUBMISSION, 1))
    among = draw(battery(Entry(1, "x", family="primes"), *ACTIVITY.entries, entry), SUBMISSION, 1)
    assert queries(among, "sum") == alone


def test_an_expected_commit_and_fresh_connections_are_checked_for_no_points() -> None:
    expecting = replace(SUBMISSION, expect_commit="abcdef1")
    questions = draw(ACTIVITY, expecting, 1, connections=3)
    *as_ever, release, consistency = questions
    assert tuple(as_ever) == draw(ACTIVITY, SUBMISSION, 1)
    assert (release.key, release.points) == (ReleaseKey("abcdef1"), 0)
    assert (consistency.key, consistency.points) == (ConsistencyKey(3), 0)
    # The last answer before it tells old code from new.
    assert consistency.query == as_ever[-1].query


def test_a_battery_that_checks_them_itself_is_drawn_as_it_is() -> None:
    entries = Entry(5, "r", check="release"), Entry(5, "c", check="consistency", connections=4)
    expecting = replace(SUBMISSION, expect_commit="abcdef1")
    release, consistency = draw(battery(*entries), expecting, 1, connections=8)
    assert (release.key, release.points) == (ReleaseKey("abcdef1"), 5)
    assert (consistency.key, consistency.points) == (ConsistencyKey(4), 5)
    assert consistency.query == "Who was Shakespeare?"


def test_two_entries_of_one_family_ask_different_questions() -> None:
    entries = [Entry(10, f"sum-{number}", family="addition", count=5) for number in range(2)]
    questions = draw(battery(*entries), SUBMISSION, 1)
    assert queries(questions, "sum-0") != queries(questions, "sum-1")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_gives_as_many_different_questions_as_it_says(family: str) -> None:
    supply = FAMILIES[family].supply
    drawn = queries(draw(battery(Entry(1, "x", family=family, count=supply)), SUBMISSION, 1))
    assert len(drawn) == supply
    assert len({tuple(sorted(query.split())) for query in drawn}) == supply


def test_more_than_a_family_can_give_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot give 2 different"):
        draw(battery(Entry(1, "x", family="shakespeare", count=2)), SUBMISSION, 1)


@given(seed=st.integers())
def test_two_andrew_id_questions_have_two_wordings(seed: int) -> None:
    asked = queries(draw(EXTREME, SUBMISSION, seed), "andrew_id")
    assert len(set(asked)) == 2
    assert all("andrew id" in query.casefold() for query in asked)


def test_checks_have_their_own_probes_and_keys() -> None:
    entries = battery(Entry(1, "page", check="page"), Entry(2, "api", check="api"))
    page, api = draw(entries, SUBMISSION, 1)
    assert (page.family, page.query, page.key, page.probe) == ("page", "", PageKey(), "page")
    assert (api.family, api.key, api.probe) == ("api", ApiKey(), "api")
    assert api.query == "Who was Shakespeare?"
    assert page.hint
    assert api.hint


def test_the_page_is_looked_at_in_a_browser_where_questions_are_asked_there() -> None:
    entries = battery(Entry(1, "page", check="page"), Entry(2, "api", check="api"))
    page, api = draw(entries, SUBMISSION, 1, (ProbeKind.API, ProbeKind.BROWSER))
    assert (page.probe, api.probe) == ("browser", "api")
    pinned = battery(Entry(1, "page", check="page", probe=ProbeKind.PAGE))
    assert draw(pinned, SUBMISSION, 1, (ProbeKind.BROWSER,))[0].probe == "page"


def test_the_battery_of_the_page_asks_all_in_a_browser() -> None:
    questions = draw(load_battery("page"), SUBMISSION, 1)
    assert {question.probe for question in questions} == {ProbeKind.BROWSER}
    assert math.fsum(question.points for question in questions) == 100


def test_how_a_query_is_typed_is_the_entrys() -> None:
    entries = battery(Entry(1, "typed", family="addition", typing="letters"))
    assert draw(entries, SUBMISSION, 1)[0].typing == "letters"


@given(
    points=st.floats(min_value=0.01, max_value=1e6),
    probes=st.lists(st.sampled_from(ProbeKind), min_size=1, unique=True),
)
def test_points_are_split_over_the_probes(points: float, probes: list[ProbeKind]) -> None:
    entries = battery(
        Entry(points, "free", family="addition"),
        Entry(points, "pinned", family="addition", probe=ProbeKind.PAGE),
    )
    questions = draw(entries, SUBMISSION, 1, probes)
    free = [question for question in questions if question.name == "free"]
    pinned = [question for question in questions if question.name == "pinned"]
    assert [question.probe for question in free] == probes
    assert len(set(queries(free))) == 1
    assert math.isclose(math.fsum(question.points for question in free), points)
    assert [(question.probe, question.points) for question in pinned] == [("page", points)]


def test_a_query_of_ones_own_can_belong_to_a_family_and_changes_none_of_its_draws() -> None:
    fixed = Entry(1, "mine", family="addition", query="What is 1 plus 1?", key=NumberKey(2))
    drawn = Entry(1, "sums", family="addition", count=3)
    first, *others = draw(battery(fixed, drawn), SUBMISSION, 1)
    assert (first.family, first.name, first.query) == ("addition", "mine", "What is 1 plus 1?")
    assert first.hint == FAMILIES["addition"].hint
    assert queries(others) == queries(draw(battery(drawn), SUBMISSION, 1))


def test_asking_with_no_probe_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one probe"):
        draw(ACTIVITY, SUBMISSION, 1, ())


def test_the_hint_of_consistency_fits_one_release_and_several() -> None:
    questions = draw(ACTIVITY, SUBMISSION, 1, connections=8)
    assert questions[-1].name == "consistency"
    assert "wait until the roll-out is over" in questions[-1].hint
    assert "random" in questions[-1].hint


def test_a_battery_s_hint_comes_before_the_family_s() -> None:
    entries = battery(
        Entry(1, "a", family="addition", hint="Mine."), Entry(1, "b", family="addition")
    )
    first, second = draw(entries, SUBMISSION, 1)
    assert first.hint == "Mine."
    assert second.hint == FAMILIES["addition"].hint


def test_a_fixed_query_is_filled_in() -> None:
    entries = battery(
        Entry(1, "id", query="Who is {name}?", key=IdKey("{andrew_id}"), requires=("x",)),
        Entry(1, "n", query="{{How}} many in {team}?", key=NumberTemplate("{Team_Size}")),
    )
    student = replace(SUBMISSION, name="Ada", columns={"Team": "Blue", "team size": " 4 "})
    who, many = draw(entries, student, 1)
    assert (who.family, who.query, who.key) == ("query", "Who is Ada?", IdKey("abc123"))
    assert who.requires == ("x",)
    assert (many.query, many.key) == ("{How} many in Blue?", NumberKey(4))


def test_the_activity_is_worth_100_of_which_the_starter_earns_40() -> None:
    questions = draw(ACTIVITY, SUBMISSION, 1)
    points = [(question.family, question.points) for question in questions]
    assert points == [
        ("page", 10),
        ("api", 10),
        ("shakespeare", 10),
        ("robust", 10),
        ("andrew_id", 50),
        ("andrew_id", 10),
    ]
    assert [question.requires for question in questions[2:]] == [("api",)] * 4
    assert [question.key for question in questions[4:]] == [IdKey("abc123")] * 2


def test_what_the_activity_asks_stands_in_the_students_guide() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "student.md").read_text("utf-8")
    for name in ("activity", "page"):
        for query in queries(draw(load_battery(name), SUBMISSION, 1)):
            assert query in guide


@pytest.mark.parametrize("name", shipped_batteries())
def test_a_hint_fits_an_app_in_any_language_on_any_machine(name: str) -> None:
    """Which file to edit is said where the starter answers: `formats` knows, a hint does not."""
    for question in draw(load_battery(name), replace(SUBMISSION, expect_commit="abcdef1"), 1):
        assert question.hint
        assert not re.search(r"webapp|\.py\b|\bPython\b|\bcommit,", question.hint)


def test_extreme_asks_every_family_of_the_game_with_its_points() -> None:
    points = {(question.family, question.points) for question in draw(EXTREME, SUBMISSION, 1)}
    assert points == {
        ("shakespeare", 10),
        ("andrew_id", 10),
        ("addition", 10),
        ("largest", 40),
        ("multiplication", 10),
        ("square_and_cube", 50),
        ("primes", 60),
        ("subtraction", 10),
        ("power", 50),
        ("addition_of_three", 30),
        ("plus_multiplied", 60),
        ("multiplied_plus", 50),
        ("anagram", 70),
        ("scrabble", 70),
        ("fibonacci", 50),
        ("general_knowledge", 60),
    }
    assert {entry.count for entry in EXTREME.entries if entry.family != "shakespeare"} == {2}
