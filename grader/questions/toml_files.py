"""Files in TOML that people write: read within bounds, and every fault told with its line."""

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

from grader.model import InputError
from grader.questions.toml_lines import TomlLines

MAX_BYTES = 64 * 1024
"""The largest file that is read."""

KeyPath = tuple[int | str, ...]
"""The way to a value: ("entry", 2, "key", "value") is the key's value in the third entry."""

Complaint = tuple[KeyPath, str]

_MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a file.

    `line` counts from 1, and is None if the file could not be read. `key` is the place in words,
    such as `entry 3 'points'`; it is empty for the whole file.
    """

    line: int | None
    key: str
    message: str


class TomlError(InputError):
    """A file that cannot be used, with everything that is wrong with it."""

    def __init__(self, where: str, faults: Sequence[Fault]) -> None:
        super().__init__(where, faults)
        self.where = where
        self.faults = tuple(faults)

    @classmethod
    def whole(cls, where: str, message: str) -> "TomlError":
        """The fault of a file as a whole."""
        return cls(where, [Fault(None, "", message)])

    def __str__(self) -> str:
        shown = [self._sentence(fault) for fault in self.faults[:_MAX_SHOWN]]
        if more := len(self.faults) - len(shown):
            shown.append(f"{self.where}: and {more} more faults")
        return "\n".join(shown)

    def _sentence(self, fault: Fault) -> str:
        place = self.where if fault.line is None else f"{self.where}:{fault.line}"
        return ": ".join(filter(None, (place, fault.key, fault.message)))


@dataclass(frozen=True, slots=True)
class TomlFiles:
    """A kind of file: many tables of one name, such as `[[entry]]`.

    Attributes:
        name: what one is, such as "a battery".
        table: the name of its tables.
        error: what is raised if one cannot be used.
    """

    name: str
    table: str
    error: type[TomlError]

    def read(self, file: Traversable | Path, where: str) -> str:
        """The text of a file, which errors call `where`.

        Raises:
            TomlError: if it cannot be read, but for FileNotFoundError.
        """
        if file.is_dir():
            raise self.error.whole(where, f"is a folder: give the file of {self.name}")
        try:
            with file.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or error
            raise self.error.whole(where, f"cannot be read: {words}") from error
        if len(data) > MAX_BYTES:
            raise self.error.whole(where, f"is larger than {MAX_BYTES // 1024} KiB")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            message = "is not UTF-8: save the file with the encoding UTF-8"
            raise self.error(where, [Fault(line, "", message)]) from error

    def document(self, source: str, where: str) -> dict[str, Any]:
        """The tables of a text.

        Raises:
            TomlError: if it is not TOML.
        """
        try:
            return tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise self.error(where, [_syntax_fault(str(error), source)]) from error
        except ValueError as error:
            raise self.error.whole(where, "holds a number with too many digits") from error
        except RecursionError as error:
            raise self.error.whole(where, "holds too many brackets within brackets") from error

    def refuse(self, complaints: Iterable[Complaint], source: str, where: str) -> None:
        """Raise a TomlError with all complaints, by line, if there are any."""
        if found := list(complaints):
            lines = TomlLines(source, self.table)
            faults = [self._fault(path, message, lines) for path, message in found]
            raise self.error(where, sorted(faults, key=lambda fault: fault.line or 0))

    def _fault(self, path: KeyPath, message: str, lines: TomlLines) -> Fault:
        """Put a complaint into its place: ("entry", 2, "points") is `entry 3 'points'`."""
        match path:
            case (self.table, int(index), *inner):
                keys = [key for key in inner if isinstance(key, str)]
                items = "".join(f" item {key + 1}" for key in inner if isinstance(key, int))
                quoted = f" '{'.'.join(keys)}'" if keys else ""
                place = f"{self.table} {index + 1}{quoted}{items}"
                return Fault(lines.of_table(index, keys), place, message)
            case _:
                return Fault(lines.of_top(str(path[0])), f"'{path[0]}'", message)


def suggestion(word: str, known: Collection[str]) -> str:
    """Name the nearest of the known words, or all of them if none is near."""
    near = get_close_matches(word.casefold(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"


def words_of(error: ErrorDetails, known: Collection[str]) -> str:
    """What is wrong with a value, in words; `known` are the keys that may stand beside it."""
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return f"is not known here; {suggestion(str(error['loc'][-1]), known)}"
    return _WORDS[kind].format_map(context) if kind in _WORDS else error["msg"]


_WORDS = {
    "missing": "is missing",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "list_type": "must be a list in square brackets",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table such as {{ kind = ... }}",
}


def _syntax_fault(message: str, source: str) -> Fault:
    """Take the line from tomllib's message: before Python 3.14 it is nowhere else."""
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    line = source.rstrip().count("\n") + 1
    if place is None:
        return Fault(line, "", f"is not TOML: {message}")
    if place[1]:
        line = int(place[1])
    return Fault(line, "", f"is not TOML: {message[: place.start()]}")
