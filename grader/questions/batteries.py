"""Reads batteries, by name or from a file."""

from pathlib import Path

from grader.model import Battery, Entry, ProbeKind
from grader.questions import validation
from grader.questions.faults import BatteryError
from grader.questions.resources import shipped_batteries
from grader.questions.schema import BatteryTable, EntryTable, build_key
from grader.questions.toml_files import TomlFiles, suggestion

_FILES = TomlFiles("a battery", "entry", BatteryError)


def load_battery(name_or_path: str) -> Battery:
    """Read a battery that comes with the grader, by its name, or else a file.

    Raises:
        BatteryError: with everything that is wrong with it.
    """
    shipped = shipped_batteries()
    file = shipped.get(name_or_path) or Path(name_or_path)
    try:
        source = _FILES.read(file, name_or_path)
    except FileNotFoundError as error:
        message = "there is no such file, and no battery of this name comes with the grader; "
        message += suggestion(name_or_path, shipped)
        raise BatteryError.whole(name_or_path, message) from error
    return parse_battery(source, Path(file.name).stem, name_or_path)


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
    document = _FILES.document(source, where)
    complaints = list(validation.complaints(document))
    if not stored:
        complaints += validation.worth(document)
    _FILES.refuse(complaints, source, where)
    table = BatteryTable.model_validate(document)
    names = validation.entry_names(document["entry"])
    return Battery(
        name=name,
        title=table.title,
        entries=tuple(map(_entry, table.entry, names)),
        source=source,
        description=table.description,
    )


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
