"""Reads the file of objectives: TOML, checked as a battery is, with the line of each fault."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from grader.delivery.watch.values import Indicator, Objective, Objectives
from grader.questions.toml_files import Complaint, TomlError, TomlFiles, words_of

_MOST_MINUTES = 60  # older looks are not kept one by one
_MOST_OBJECTIVES = 50


class ObjectivesError(TomlError):
    """A file of objectives that cannot be used, with everything that is wrong with it."""


_FILES = TomlFiles("objectives", "objective", ObjectivesError)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _ObjectiveTable(_Table):
    """One `[[objective]]`."""

    name: str = Field(default="", max_length=60)
    indicator: Literal["right", "available", "errors", "latency", "certificate"]
    percent: float | None = Field(default=None, ge=0, le=100)
    percentile: float | None = Field(default=None, gt=0, lt=100)
    milliseconds: float | None = Field(default=None, gt=0, le=3_600_000)
    days: float | None = Field(default=None, gt=0, le=3650)
    minutes: float = Field(default=5, ge=0.1, le=_MOST_MINUTES)


class _ObjectivesTable(_Table):
    """A whole file."""

    title: str = ""
    objective: list[_ObjectiveTable] = Field(min_length=1, max_length=_MOST_OBJECTIVES)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an indicator needs beside its period, and what it is called unless it has a name."""

    name: str
    needs: tuple[str, ...]


_SHARES = ("percent",)
_KINDS = {
    Indicator.RIGHT: _Kind("right answers", _SHARES),
    Indicator.AVAILABLE: _Kind("availability", _SHARES),
    Indicator.ERRORS: _Kind("errors", _SHARES),
    Indicator.LATENCY: _Kind("latency", ("percentile", "milliseconds")),
    Indicator.CERTIFICATE: _Kind("certificate", ("days",)),
}
_NEEDS = sorted({need for kind in _KINDS.values() for need in kind.needs})

DEFAULT = Objectives(
    title="99% of answers right, 95% of them within 800 ms, both over five minutes",
    each=(
        Objective("right answers", Indicator.RIGHT, 0.99, 300.0),
        Objective("latency", Indicator.LATENCY, 0.95, 300.0, 800.0),
        Objective("certificate", Indicator.CERTIFICATE, 1.0, 300.0, 7.0),
    ),
)
"""What holds without a file."""


def load_objectives(path: Path) -> Objectives:
    """Read a file of objectives.

    Raises:
        ObjectivesError: with everything that is wrong with it.
    """
    try:
        source = _FILES.read(path, str(path))
    except FileNotFoundError as error:
        raise ObjectivesError.whole(str(path), "there is no such file") from error
    return parse_objectives(source, str(path))


def parse_objectives(source: str, where: str) -> Objectives:
    """Read objectives from a TOML text, which errors call `where`.

    Raises:
        ObjectivesError: with everything that is wrong with it, by line.
    """
    document = _FILES.document(source, where)
    _FILES.refuse(_complaints(document), source, where)
    table = _ObjectivesTable.model_validate(document)
    return Objectives(table.title, tuple(map(_objective, table.objective)))


def _complaints(document: dict[str, Any]) -> Iterator[Complaint]:
    try:
        table = _ObjectivesTable.model_validate(document)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            yield details["loc"], _words(details)
        return
    names = set()
    for index, each in enumerate(table.objective):
        needs = _KINDS[Indicator(each.indicator)].needs
        for key in _NEEDS:
            given = getattr(each, key) is not None
            if key in needs and not given:
                yield ("objective", index), f"an objective for {each.indicator!r} needs {key!r}"
            if given and key not in needs:
                yield (
                    ("objective", index, key),
                    f"does not go with {each.indicator!r}, which takes {' and '.join(needs)}",
                )
        if _name(each) in names:
            words = f"{_name(each)!r} is the name of an earlier objective too: give it another"
            yield ("objective", index, "name"), words
        names.add(_name(each))


def _words(error: ErrorDetails) -> str:
    match error["loc"]:
        case ("objective",):
            return (
                f"1 to {_MOST_OBJECTIVES} objectives are needed, each begun by [[objective]] in "
                "two pairs of brackets"
            )
        case ("objective", _, _):
            return words_of(error, _ObjectiveTable.model_fields)
        case _:
            return words_of(error, _ObjectivesTable.model_fields)


def _name(table: _ObjectiveTable) -> str:
    return table.name.strip() or _KINDS[Indicator(table.indicator)].name


def _objective(table: _ObjectiveTable) -> Objective:
    indicator = Indicator(table.indicator)
    share = 1.0
    if table.percent is not None:
        good = 100 - table.percent if indicator is Indicator.ERRORS else table.percent
        share = good / 100
    elif table.percentile is not None:
        share = table.percentile / 100
    bound = table.milliseconds or table.days or 0.0
    return Objective(_name(table), indicator, share, 60 * table.minutes, bound)
