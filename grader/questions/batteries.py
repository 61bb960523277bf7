"""Reads batteries, by name or from a file."""

import re
import tomllib
from pathlib import Path
from typing import Any

from grader.model import Battery, Entry, ProbeKind
from grader.questions import validation
from grader.questions.faults import BatteryError, Fault
from grader.questions.resources import shipped_batteries
from grader.questions.schema import BatteryTable, EntryTable, build_key, suggestion
from grader.questions.toml_lines import TomlLines

MAX_BYTES = 64 * 1024
"""The largest file that is read as a battery."""


def load_battery(name_or_path: str) -> Battery:
    """Read a battery that comes with the grader, by its name, or else a file.

    Raises:
        BatteryError: with everything that is wrong with it.
    """
    shipped = shipped_batteries()
    file = shipped.get(name_or_path) or Path(name_or_path)
    if file.is_dir():
        raise _unreadable(name_or_path, "is a folder: give the file of a battery")
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        message = "there is no such file, and no battery of this name comes with the grader; "
        raise _unreadable(name_or_path, message + suggestion(name_or_path, shipped)) from error
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise _unreadable(name_or_path, f"cannot be read: {words}") from error
    if len(data) > MAX_BYTES:
        raise _unreadable(name_or_path, f"is larger than {MAX_BYTES // 1024} KiB")
    return parse_battery(_decode(data, name_or_path), Path(file.name).stem, name_or_path)


def is_shipped(battery: Battery) -> bool:
    """Whether it comes with this version of the grader, unchanged."""
    name = battery.name
    return name in shipped_batteries() and load_battery(name).source == battery.source


def parse_battery(source: str, name: str, where: str, *, stored: bool = False) -> Battery:
    """Read a battery from its TOML text, which errors call `where`.

    A battery that was `stored` with an old run may have nothing to earn.

    Raises:
        BatteryError: with everything that is wrong with it, by line.
    """
    document = _toml(source, where)
    complaints = list(validation.complaints(document))
    if not stored:
        complaints += validation.worth(document)
    if complaints:
        lines = TomlLines(source)
        faults = [_fault(path, message, lines) for path, message in complaints]
        raise BatteryError(where, sorted(faults, key=lambda fault: fault.line or 0))
    table = BatteryTable.model_validate(document)
    names = validation.entry_names(document["entry"])
    return Battery(
        name=name,
        title=table.title,
        entries=tuple(map(_entry, table.entry, names)),
        source=source,
        description=table.description,
    )


def _unreadable(where: str, message: str) -> BatteryError:
    return BatteryError(where, [Fault(None, "", message)])


def _decode(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = "is not UTF-8: save the file with the encoding UTF-8"
        raise BatteryError(where, [Fault(line, "", message)]) from error


def _toml(source: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BatteryError(where, [_syntax_fault(str(error), source)]) from error
    except ValueError as error:
        raise _unreadable(where, "holds a number with too many digits") from error
    except RecursionError as error:
        raise _unreadable(where, "holds too many brackets within brackets") from error


def _syntax_fault(message: str, source: str) -> Fault:
    """Take the line from tomllib's message: before Python 3.14 it is nowhere else."""
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    line = source.rstrip().count("\n") + 1
    if place is None:
        return Fault(line, "", f"is not TOML: {message}")
    if place[1]:
        line = int(place[1])
    return Fault(line, "", f"is not TOML: {message[: place.start()]}")


def _fault(path: validation.Path, message: str, lines: TomlLines) -> Fault:
    """Put a complaint into its place: ("entry", 2, "points") is `entry 3 'points'`."""
    match path:
        case ("entry", int(index), *inner):
            keys = [key for key in inner if isinstance(key, str)]
            items = "".join(f" item {key + 1}" for key in inner if isinstance(key, int))
            quoted = f" '{'.'.join(keys)}'" if keys else ""
            return Fault(lines.of_entry(index, keys), f"entry {index + 1}{quoted}{items}", message)
        case _:
            return Fault(lines.of_top(str(path[0])), f"'{path[0]}'", message)


def _entry(table: EntryTable, name: str) -> Entry:
    return Entry(
        points=table.points,
        name=name,
        family=table.family,
        query=table.query,
        check=table.check or "",
        connections=table.connections,
        key=build_key(table.key) if table.key else None,
        count=table.count,
        requires=tuple(table.requires),
        probe=ProbeKind(table.probe) if table.probe else None,
        section=table.section,
        hint=table.hint,
        typing=table.typing,
    )
