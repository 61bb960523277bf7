"""A header and records, each with the line it starts on, from whatever file they were read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from grader.model import InputError

MAX_CELL = 16 * 1024
SAVE_AS_CSV = 'Open it in a spreadsheet and save it as "CSV UTF-8 (comma delimited)".'
_SHOWN = 20
NAMED = 5
"""How many students, sheets or lines a note names."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that keeps a roster from being used.

    Attributes:
        line: counted from 1; 0 for the file as a whole.
        column: its header; empty for the whole line.
    """

    line: int
    column: str
    message: str


class RosterError(InputError):
    """A roster that cannot be used. `str()` lists its faults in the order of the lines."""

    def __init__(self, where: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(where, faults)
        self.where = where
        self.faults = faults

    def __str__(self) -> str:
        lines = []
        for fault in self.faults[:_SHOWN]:
            line = f":{fault.line}" if fault.line else ""
            column = f' column "{fault.column}":' if fault.column else ""
            lines.append(f"{self.where}{line}:{column} {fault.message}")
        if len(self.faults) > _SHOWN:
            lines.append(f"... and {len(self.faults) - _SHOWN} more.")
        return "\n".join(lines)


class UnreadableError(Exception):
    """From here on the file cannot be read."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Record:
    """One record, its cells stripped. In a table it has as many cells as the header.

    `odd`: index of a cell -> its number format, if that could not be applied.
    """

    line: int
    cells: tuple[str, ...]
    odd: Mapping[int, str] = field(default_factory=dict)


class Table:
    """Records below a header, read anew each time, so that few of them are in memory.

    Attributes:
        notes: what the instructor should know; grows while the file is read.
        faults: what is wrong with it; grows likewise.
        headers: stripped; some may be empty or equal.
        first_line: records that start before this line are passed over.
    """

    def __init__(self, where: str, read: Callable[[], Iterator[Record]]) -> None:
        """Read the header, and look through all records for faults.

        Messages call the file `where`. `read` gives the records, header included, none of them
        wholly empty; it may raise UnreadableError.

        Raises:
            RosterError: there is no header, or nothing below it. Other faults are collected.
        """
        self.where = where
        self.notes: list[str] = []
        self.faults: list[Fault] = []
        self._read = read
        try:
            header = next(read())
        except StopIteration:
            raise RosterError(where, (Fault(0, "", "The file is empty."),)) from None
        except UnreadableError as error:
            raise RosterError(where, (error.fault,)) from None
        self.header_line = header.line
        self.headers = tuple(" ".join(cell.split()) for cell in header.cells)
        self.first_line = self.header_line + 1
        self._look_through()

    def records(self) -> Iterator[Record]:
        """The records that are not empty and fit the header."""
        return (found for found in self._checked() if isinstance(found, Record))

    def _look_through(self) -> None:
        holds_any = False
        for found in self._checked():
            holds_any = True
            if isinstance(found, Fault):
                self.faults.append(found)
        if not holds_any:
            message = "There is a header, but no row below it."
            raise RosterError(self.where, (Fault(self.header_line, "", message),))

    def _checked(self) -> Iterator[Record | Fault]:
        """The records, and everything that is wrong with one of them."""
        try:
            for record in islice(self._read(), 1, None):
                if record.line >= self.first_line:
                    yield from _fitted(self.headers, record)
        except UnreadableError as error:
            yield error.fault


def _fitted(headers: tuple[str, ...], record: Record) -> Iterator[Record | Fault]:
    line, cells, width = record.line, record.cells, len(headers)
    if any(cells[width:]):
        message = (
            f"The row has {len(cells)} cells and the header {width}: "
            "put cells that hold the delimiter into quotation marks."
        )
        yield Fault(line, "", message)
        return
    for header, cell in zip(headers, cells, strict=False):
        if len(cell) > MAX_CELL:
            yield Fault(line, header, f"The cell has over {MAX_CELL:,} characters.")
        elif "\0" in cell:
            yield Fault(line, header, f"The cell holds a NUL character. {SAVE_AS_CSV}")
    yield Record(line, cells[:width] + ("",) * (width - len(cells)), record.odd)
