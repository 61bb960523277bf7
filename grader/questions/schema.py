"""What a battery's TOML may hold.

Types are strict: `points = "10"` is a mistake, not a number. Rules between keys and entries are in
`validation`.
"""

import math
from collections.abc import Hashable
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
)

from grader.model import (
    AnythingKey,
    ChoiceKey,
    FactKey,
    IdKey,
    Key,
    NumberKey,
    NumbersKey,
    NumberTemplate,
    Typing,
)
from grader.questions.families import FAMILIES
from grader.questions.family import MAX_INTEGER, MAX_QUESTIONS
from grader.questions.templates import columns_in
from grader.questions.toml_files import suggestion

MAX_CONNECTIONS = 64
"""The most fresh connections that a check of consistency opens."""

Item = TypeVar("Item", bound=Hashable)


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _template(text: str) -> str:
    list(columns_in(text))
    return _filled(text)


def _exact_number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number, without quotes")
    if not math.isfinite(value) or abs(value) > MAX_INTEGER:
        raise ValueError(
            f"must lie between -{MAX_INTEGER} and {MAX_INTEGER}: "
            "beyond that not every language holds it exactly"
        )
    return value


def _number_or_template(value: object) -> int | float | str:
    if isinstance(value, str):
        if not list(columns_in(value)):
            raise ValueError("must be a number without quotes, or a column such as '{team_size}'")
        return value
    return _exact_number(value)


def _distinct(values: list[Item]) -> list[Item]:
    if not values:
        raise ValueError("must not be empty")
    if len({v.casefold() if isinstance(v, str) else v for v in values}) < len(values):
        raise ValueError("holds the same value twice")
    return values


Text = Annotated[str, AfterValidator(_filled)]
Template = Annotated[str, AfterValidator(_template)]
Templates = Annotated[list[Template], AfterValidator(_distinct)]
Number = Annotated[int | float, PlainValidator(_exact_number)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NumberTable(_Table):
    """`key = { kind = "number", value = 42 }`."""

    kind: Literal["number"]
    value: Annotated[int | float | str, PlainValidator(_number_or_template)]


class NumbersTable(_Table):
    """`key = { kind = "numbers", values = [2, 3, 5] }`."""

    kind: Literal["numbers"]
    values: Annotated[list[Number], AfterValidator(_distinct)]


class ChoiceTable(_Table):
    """`key = { kind = "choice", value = "left", choices = ["left", "right"] }`."""

    kind: Literal["choice"]
    choices: Templates
    value: Template

    @field_validator("value")
    @classmethod
    def _offered(cls, value: str, info: ValidationInfo) -> str:
        choices = info.data.get("choices")
        if choices and value not in choices and not list(columns_in(value)):
            raise ValueError("must be one of the choices")
        return value


class IdTable(_Table):
    """`key = { kind = "id", value = "{andrew_id}" }`."""

    kind: Literal["id"]
    value: Template


class FactTable(_Table):
    """`key = { kind = "fact", any_of = ["Pittsburgh"], none_of = ["Philadelphia"] }`."""

    kind: Literal["fact"]
    any_of: Templates
    none_of: list[Template] = []
    max_words: int = Field(default=60, ge=1)

    @field_validator("none_of")
    @classmethod
    def _winnable(cls, none_of: list[str], info: ValidationInfo) -> list[str]:
        accepted = {word.casefold() for word in info.data.get("any_of", ())}
        for word in none_of:
            if word.casefold() in accepted:
                raise ValueError(f"rules out {word!r}, which any_of accepts")
        return none_of


class AnythingTable(_Table):
    """`key = { kind = "anything" }`."""

    kind: Literal["anything"]
    max_words: int = Field(default=20, ge=1)


KeyTable = NumberTable | NumbersTable | ChoiceTable | IdTable | FactTable | AnythingTable


def build_key(table: KeyTable) -> Key | NumberTemplate:
    """Turn a checked table into the key that it describes."""
    match table:
        case NumberTable(value=value):
            return NumberTemplate(value) if isinstance(value, str) else NumberKey(value)
        case NumbersTable():
            return NumbersKey(tuple(table.values))
        case ChoiceTable():
            return ChoiceKey(table.value, tuple(table.choices))
        case IdTable():
            return IdKey(table.value)
        case FactTable():
            return FactKey(tuple(table.any_of), tuple(table.none_of), table.max_words)
        case AnythingTable():
            return AnythingKey("{andrew_id}", table.max_words)


KEY_TABLES: dict[str, type[_Table]] = {
    "number": NumberTable,
    "numbers": NumbersTable,
    "choice": ChoiceTable,
    "id": IdTable,
    "fact": FactTable,
    "anything": AnythingTable,
}


class EntryTable(_Table):
    """One `[[entry]]`."""

    family: str = ""
    query: Template = ""
    check: Literal["page", "api", "release", "consistency"] | None = None
    connections: int = Field(default=8, ge=2, le=MAX_CONNECTIONS)
    key: Annotated[KeyTable, Field(discriminator="kind")] | None = None
    points: float = Field(ge=0, le=1_000_000, allow_inf_nan=False)
    name: Text = ""
    count: int = Field(default=1, ge=1, le=MAX_QUESTIONS)
    requires: list[Text] = []
    probe: Literal["api", "page", "browser"] | None = None
    typing: Typing = "at once"
    section: str = ""
    hint: str = ""

    @field_validator("family")
    @classmethod
    def _known(cls, family: str) -> str:
        if family not in FAMILIES:
            raise ValueError(f"there is no family {family!r}; {suggestion(family, FAMILIES)}")
        return family

    @field_validator("count")
    @classmethod
    def _supplied(cls, count: int, info: ValidationInfo) -> int:
        family = info.data.get("family")
        if family and count > FAMILIES[family].supply:
            raise ValueError(
                f"{family} has no more than {FAMILIES[family].supply} different questions"
            )
        return count


class BatteryTable(_Table):
    """A whole battery."""

    title: Text
    description: str = ""
    entry: Annotated[list[EntryTable], Field(min_length=1)]
