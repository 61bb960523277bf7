"""Columns of the roster in queries and keys."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import (
    AnythingKey,
    Battery,
    ChoiceKey,
    Entry,
    FactKey,
    IdKey,
    Key,
    NumberKey,
    NumbersKey,
    NumberTemplate,
    Submission,
)
from grader.questions import load_battery
from grader.questions.templates import (
    ColumnError,
    TemplateError,
    columns_in,
    columns_needed,
    fill,
    fill_key,
)

STUDENT = Submission(
    "abc123",
    "https://abc123.example",
    name="Ada",
    columns={
        "Team Name": "Blue",
        "Team Size": "4",
        "Empty": "  ",
        "Score": "-1.50",
        "twice": "a",
        "Twice": "b",
        "andrew_id": "somebody else",
        "digits": "0" * 5_000,
        "huge": "9" * 17,
        "sneaky": "{andrew_id}",
    },
)


@pytest.mark.parametrize("written", ["{Team Name}", "{team_name}", "{ TEAM  name }"])
def test_case_spaces_and_underscores_do_not_matter(written: str) -> None:
    assert fill(f"In {written}!", STUDENT) == "In Blue!"


def test_the_columns_that_a_battery_needs() -> None:
    keys = (
        NumberTemplate("{team_size}"),
        ChoiceKey("{color}", ("red", "{other color}")),
        FactKey(("{town}",), ("{country}",)),
        IdKey("{Andrew ID}"),
        AnythingKey("{andrew_id}"),
        NumbersKey((2, 3)),
    )
    entries = tuple(Entry(1, "x", query="What is {{that}}, {name}?", key=key) for key in keys)
    battery = Battery("b", "B", (*entries, Entry(1, "y", family="addition")), "")
    assert columns_needed(battery) == {
        "team_size", "color", "other color", "town", "country", "name",
    }  # fmt: skip
    assert columns_needed(load_battery("activity")) == set()


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("no column", "no column"),
        ("{{team_name}}", "{team_name}"),
        ("{{{team_name}}}", "{Blue}"),
        ("{andrew_id}", "abc123"),
        ("{name}", "Ada"),
        ("{sneaky}", "{andrew_id}"),
    ],
)
def test_filling(text: str, filled: str) -> None:
    assert fill(text, STUDENT) == filled


@given(st.text())
def test_doubled_braces_are_literal(text: str) -> None:
    assert fill(text.replace("{", "{{").replace("}", "}}"), STUDENT) == text


@given(st.text(alphabet="{}ab.[]!: "))
def test_a_text_is_read_or_refused_and_never_more(text: str) -> None:
    try:
        columns = list(columns_in(text))
    except TemplateError:
        return
    student = Submission("x", "", columns=dict.fromkeys(columns, "value"))
    assert fill(text, student).count("value") == len(columns)


@pytest.mark.parametrize(
    "text",
    ["{", "}", "a { b", "{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{}", "{ }", "{{a}", "{a}}"],
)
def test_format_string_tricks_are_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        list(columns_in(text))


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("{nowhere}", "nowhere", "no such column"),
        ("{empty}", "empty", "nothing in it"),
        ("{email}", "email", "nothing in it"),
        ("{twice}", "twice", "several columns"),
    ],
)
def test_a_missing_value_names_its_column(text: str, column: str, problem: str) -> None:
    with pytest.raises(ColumnError, match=problem) as caught:
        fill(text, STUDENT)
    assert caught.value.column == column
    assert "abc123" in str(caught.value)


@pytest.mark.parametrize(
    ("template", "key"),
    [
        (NumberTemplate("{team_size}"), NumberKey(4)),
        (NumberTemplate("{score}"), NumberKey(-1.5)),
        (NumberKey(7), NumberKey(7)),
        (NumbersKey((1, 2)), NumbersKey((1, 2))),
        (IdKey("{andrew_id}"), IdKey("abc123")),
        (FactKey(("{team_name}",), ("{name}",), 9), FactKey(("Blue",), ("Ada",), 9)),
        (AnythingKey("{andrew_id}", 5), AnythingKey("abc123", 5)),
        (ChoiceKey("{team_name}", ("red", "blue")), ChoiceKey("blue", ("red", "blue"))),
    ],
)
def test_keys_are_filled_in(template: Key | NumberTemplate, key: Key) -> None:
    assert fill_key(template, STUDENT) == key


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (NumberTemplate("{team_name}"), "'Blue' is not a number"),
        (NumberTemplate("{digits}"), "is not a number"),
        (NumberTemplate("{huge}"), "is not a number"),
        (ChoiceKey("{team_name}", ("red", "green")), "'Blue' is none of the choices"),
        (ChoiceKey("red", ("red", "blue", "{team_name}")), "two of the choices the same"),
    ],
)
def test_a_value_that_does_not_fit_the_key_is_told(
    template: Key | NumberTemplate, problem: str
) -> None:
    with pytest.raises(ColumnError, match=problem):
        fill_key(template, STUDENT)


def test_the_error_travels_between_processes() -> None:
    error = ColumnError("team", "abc123", "the roster has nothing in it")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301
