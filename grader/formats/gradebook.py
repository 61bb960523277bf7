"""What a format for a gradebook takes besides the scores, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from grader.model import InputError


class GradebookError(InputError):
    """The gradebook cannot be filled; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Gradebook:
    """The target of the grades. Each format reads the fields that it needs.

    Moodle finds a user by `id_column`; empty for the username. With `replace_excused` a grade is
    written over Canvas's EX, too, which takes the excuse away.
    """

    downloaded: bytes = b""
    assignment: str = ""
    id_column: str = ""
    replace_excused: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """A file to upload.

    `filled` counts the cells that were written. `replaced` are users whose cell held another value,
    `left_excused` users whose cell keeps EX. `left_out` says, by id, why a student is not in it.
    """

    content: bytes
    filled: int
    not_in_gradebook: tuple[str, ...] = ()
    not_in_run: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    left_excused: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
