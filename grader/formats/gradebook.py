"""What every format for a gradebook is told besides the scores, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from grader.model import InputError


class GradebookError(InputError):
    """The gradebook cannot be filled; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Gradebook:
    """Where the grades go. A format reads of this what it needs.

    Attributes:
        downloaded: the bytes of the gradebook that the system gave.
        assignment: the title of the column to fill.
        id_column: what Moodle finds a user by; empty for the username.
        replace_excused: whether a grade is written over EX, too, which takes the excuse away.
    """

    downloaded: bytes = b""
    assignment: str = ""
    id_column: str = ""
    replace_excused: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """A file to upload.

    Attributes:
        content: the file's bytes.
        filled: how many students have a cell that was written.
        not_in_gradebook: ids of the run's students whom the gradebook does not have.
        not_in_run: the gradebook's users whom the run does not have.
        replaced: the users whose cell held another value.
        left_excused: the users whose cell holds EX and was left alone.
        left_out: why a student of the run is not in the file, by id.
    """

    content: bytes
    filled: int
    not_in_gradebook: tuple[str, ...] = ()
    not_in_run: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    left_excused: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
