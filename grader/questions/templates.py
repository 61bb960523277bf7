"""Columns of a student's roster row in fixed queries and their keys: `{team}`.

Only a plain name stands between the braces: this is no format string, and nothing of the program
can be reached through it. Doubled braces are literal ones.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import attrgetter

from grader.model import (
    AnythingKey,
    Battery,
    ChoiceKey,
    FactKey,
    IdKey,
    InputError,
    Key,
    NumberKey,
    NumberTemplate,
    Submission,
)
from grader.questions.family import MAX_INTEGER
from grader.text.comparing import title_key

_TOKEN = re.compile(r"(?P<literal>\{\{|\}\})|\{(?P<column>[^{}]*)\}|(?P<stray>[{}])")
# What each submission has, whatever the columns of its roster are called.
_ALWAYS: dict[str, Callable[[Submission], str]] = {
    "andrew id": attrgetter("andrew_id"),
    "name": attrgetter("name"),
    "section": attrgetter("section"),
    "email": attrgetter("email"),
}
_NUMBER = re.compile(r"[+-]?[0-9]{1,16}(?P<fraction>\.[0-9]{1,16})?")


class TemplateError(ValueError):
    """A text with braces that cannot be read."""


class ColumnError(InputError):
    """A student's row does not give what a battery needs."""

    def __init__(self, column: str, andrew_id: str, problem: str) -> None:
        super().__init__(column, andrew_id, problem)
        self.column = column
        self.andrew_id = andrew_id
        self.problem = problem

    def __str__(self) -> str:
        return f"the battery needs the column {self.column!r} of {self.andrew_id}: {self.problem}"


def columns_in(text: str) -> Iterator[str]:
    """Yield the names of the columns that a text refers to.

    Raises:
        TemplateError: if the braces cannot be read.
    """
    for token in _TOKEN.finditer(text):
        if token["stray"]:
            raise TemplateError(
                f"has a single '{token['stray']}': write a column as {{team}}, "
                "and a brace that is meant as one twice, {{ or }}"
            )
        name = token["column"]
        if name is None:
            continue
        if not name.strip():
            raise TemplateError("has {} without the name of a column in it")
        if re.search(r"[.\[\]!:]", name):
            raise TemplateError(
                f"has {{{name}}}: only the plain name of a column can stand between braces"
            )
        yield name


def columns_needed(battery: Battery) -> set[str]:
    """Name the columns that a battery refers to, but for the id, which every student has."""
    texts = (
        text for entry in battery.entries if entry.key for text in (entry.query, *_texts(entry.key))
    )
    columns = {column for text in texts for column in columns_in(text)}
    return {column for column in columns if _canonical(column) != "andrew id"}


def _texts(key: Key | NumberTemplate) -> tuple[str, ...]:
    match key:
        case NumberTemplate(value=text) | IdKey(value=text) | AnythingKey(without=text):
            return (text,)
        case ChoiceKey():
            return (key.value, *key.choices)
        case FactKey():
            return (*key.any_of, *key.none_of)
        case _:
            return ()


def fill(text: str, submission: Submission) -> str:
    """Put the student's values in place of `{column}`.

    Raises:
        ColumnError: if the student has no such column, or nothing in it.
    """

    def value(token: re.Match[str]) -> str:
        if token["literal"]:
            return token["literal"][0]
        return _value(token["column"], submission)

    return _TOKEN.sub(value, text)


def fill_key(key: Key | NumberTemplate, submission: Submission) -> Key:
    """Put the student's values into the key of a fixed query.

    Raises:
        ColumnError: if a value is missing or does not fit the key.
    """
    match key:
        case NumberTemplate(value=text):
            return NumberKey(_number(text, submission))
        case IdKey(value=text):
            return IdKey(fill(text, submission))
        case ChoiceKey():
            return _choice(key, submission)
        case FactKey():
            return replace(
                key,
                any_of=tuple(fill(word, submission) for word in key.any_of),
                none_of=tuple(fill(word, submission) for word in key.none_of),
            )
        case AnythingKey(without=text):
            return replace(key, without=fill(text, submission))
        case _:
            return key


def lacking_columns(battery: Battery, submission: Submission) -> list[str]:
    """Name the columns that a battery refers to and the student's roster lacks."""
    has = {_canonical(header) for header in (*_ALWAYS, *submission.columns)}
    needed = sorted(columns_needed(battery), key=str.casefold)
    return [column for column in needed if _canonical(column) not in has]


def _canonical(name: str) -> str:
    return title_key(name.replace("_", " "))


def _value(column: str, submission: Submission) -> str:
    wanted = _canonical(column)
    if wanted in _ALWAYS:
        values = {_ALWAYS[wanted](submission).strip()}
    else:
        values = {
            value.strip()
            for header, value in submission.columns.items()
            if _canonical(header) == wanted
        }
    if not values:
        raise ColumnError(column, submission.andrew_id, "the roster has no such column")
    if len(values) > 1:
        problem = "the roster has several columns of this name"
        raise ColumnError(column, submission.andrew_id, problem)
    if not (value := values.pop()):
        raise ColumnError(column, submission.andrew_id, "the roster has nothing in it")
    return value


def _number(text: str, submission: Submission) -> int | float:
    filled = fill(text, submission)
    number = _NUMBER.fullmatch(filled)
    if not number or abs(float(filled)) > MAX_INTEGER:
        problem = f"{filled[:80]!r} is not a number that a key can be"
        raise ColumnError(", ".join(columns_in(text)), submission.andrew_id, problem)
    return float(filled) if number["fraction"] else int(filled)


def _choice(key: ChoiceKey, submission: Submission) -> ChoiceKey:
    columns = dict.fromkeys(
        column for text in (key.value, *key.choices) for column in columns_in(text)
    )
    choices = tuple(fill(choice, submission) for choice in key.choices)
    by_word = {_canonical(choice): choice for choice in choices}
    value = fill(key.value, submission)
    if len(by_word) < len(choices):
        problem = "it makes two of the choices the same"
    elif _canonical(value) not in by_word:
        problem = f"{value[:80]!r} is none of the choices"
    else:
        return ChoiceKey(by_word[_canonical(value)], choices)
    raise ColumnError(", ".join(columns), submission.andrew_id, problem)
