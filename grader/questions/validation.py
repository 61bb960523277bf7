"""Finds everything that is wrong with the tables of a battery."""

from collections.abc import Iterator
from itertools import accumulate, count
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from grader.questions.family import MAX_QUESTIONS
from grader.questions.schema import KEY_TABLES, BatteryTable, EntryTable
from grader.questions.toml_files import Complaint, KeyPath, suggestion, words_of

_ASKED = ("family", "query", "check")
_WAYS_TO_ASK = (["family"], ["query"], ["check"], ["family", "query"])
_WITHOUT_A_PAGE = ("api", "release", "consistency")


def complaints(document: dict[str, Any]) -> Iterator[Complaint]:
    """Yield each place where the tables break a rule, and the rule in words."""
    try:
        BatteryTable.model_validate(document)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            yield _path(details), _words(details)
    entries = document.get("entry")
    if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        for index, entry in enumerate(entries):
            yield from ((("entry", index, *path), words) for path, words in _of_entry(entry))
        names = entry_names(entries)
        yield from _repeated(names)
        yield from _unknown_requirements(entries, names)
        yield from _too_many(entries)


def worth(document: dict[str, Any]) -> Iterator[Complaint]:
    """Yield a complaint if no entry gives points: then every student would have 100 percent."""
    entries = document.get("entry")
    if isinstance(entries, list) and entries and all(isinstance(entry, dict) for entry in entries):
        points = [entry.get("points") for entry in entries]
        if all(isinstance(each, int | float) and each == 0 for each in points):
            words = "with 0 for every entry there is nothing to earn: give points to one at least"
            yield ("entry", 0, "points"), words


def entry_names(entries: list[dict[str, Any]]) -> list[str]:
    """Give each entry its name: its own, else what it asks, with a number if that is taken."""
    taken = {entry["name"] for entry in entries if isinstance(entry.get("name"), str)}
    names = []
    for entry in entries:
        name = entry.get("name")
        if not isinstance(name, str):
            name = _free_name(str(entry.get("family") or entry.get("check") or "query"), taken)
            taken.add(name)
        names.append(name)
    return names


def _free_name(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    return next(free for number in count(2) if (free := f"{name}-{number}") not in taken)


def _of_entry(entry: dict[str, Any]) -> Iterator[Complaint]:
    """Yield which keys of one entry do not go together."""
    asked = [key for key in _ASKED if key in entry]
    if asked not in _WAYS_TO_ASK:
        given = " and ".join(asked) or "none of them"
        yield (), f"needs exactly one of family, query and check; it has {given}"
        return
    if "query" in entry and "key" not in entry:
        yield ("query",), 'needs a key, such as key = { kind = "number", value = 42 }'
    if "key" in entry and "query" not in entry:
        yield ("key",), f"goes with a query only: a {asked[0]} brings its own key"
    if "count" in entry and asked != ["family"]:
        yield ("count",), f"goes with a family only: a {asked[-1]} is asked once"
    if "probe" in entry and entry.get("check") in _WITHOUT_A_PAGE:
        yield ("probe",), "does not go with this check, which never asks the page"
    if "connections" in entry and entry.get("check") != "consistency":
        yield ("connections",), "goes with the check 'consistency' only"
    if entry.get("probe") == "api" and entry.get("check") == "page":
        yield ("probe",), "must be 'page' or 'browser' for a check of the page"
    if "typing" in entry and entry.get("probe") in ("api", "page"):
        yield ("typing",), f"goes with the browser only: {entry['probe']} does not type"


def _repeated(names: list[str]) -> Iterator[Complaint]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield ("entry", index, "name"), f"{name!r} is the name of an earlier entry too"


def _unknown_requirements(entries: list[dict[str, Any]], names: list[str]) -> Iterator[Complaint]:
    for index, entry in enumerate(entries):
        earlier = set(names[:index])
        requires = entry.get("requires")
        for required in requires if isinstance(requires, list) else ():
            if isinstance(required, str) and required not in earlier:
                hint = suggestion(required, earlier) if earlier else "there is none before it"
                words = f"{required!r} is not the name of an earlier entry; {hint}"
                yield ("entry", index, "requires"), words


def _too_many(entries: list[dict[str, Any]]) -> Iterator[Complaint]:
    """Complain of the entry with which the battery asks too much."""
    counts = (entry.get("count", 1) for entry in entries)
    totals = accumulate(max(count, 1) if isinstance(count, int) else 1 for count in counts)
    for index, total in enumerate(totals):
        if total > MAX_QUESTIONS:
            words = f"with this entry the battery asks more than {MAX_QUESTIONS:,} questions"
            yield ("entry", index, "count"), words
            return


def _path(error: ErrorDetails) -> KeyPath:
    """Leave out the kind of a key, which pydantic adds to the way to a value."""
    location = error["loc"]
    return location[:3] + location[4:] if location[2:3] == ("key",) else location


def _words(error: ErrorDetails) -> str:
    if error["loc"] == ("entry",):
        return "a battery needs entries, each begun by [[entry]] in two pairs of brackets"
    if error["type"] == "union_tag_invalid":
        tag = error["ctx"]["tag"]
        return f"has no kind {tag!r}; {suggestion(tag, KEY_TABLES)}"
    if error["type"] == "union_tag_not_found":
        return f"needs a kind, one of {', '.join(KEY_TABLES)}"
    return words_of(error, _known(error["loc"]))


def _known(location: KeyPath) -> list[str]:
    """List the keys of the table that a key was found in."""
    match location:
        case ("entry", _, "key", str(kind), _):
            return list(KEY_TABLES[kind].model_fields)
        case ("entry", _, _):
            return list(EntryTable.model_fields)
        case _:
            return list(BatteryTable.model_fields)
