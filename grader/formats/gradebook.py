"""What a format for a gradebook takes besides the scores, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from grader.model import InputError


class GradebookError(InputError):
    """The gradebook cannot be filled; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Gradebook:
    """Where the grades go. A format reads of this what it needs.

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

    Attributes:
        filled: how many students have a cell that was written.
        replaced: the users whose cell held another value.
        left_excused: the users whose cell holds EX and stays.
        left_out: why a student of the run is not in the file, by id.
    """

    content: bytes
    filled: int
    not_in_gradebook: tuple[str, ...] = ()
    not_in_run: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    left_excused: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
