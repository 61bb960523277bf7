"""The bytes of a CSV file become a header and records, each with the line it starts on."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from grader.model import InputError

MAX_CELL = 16 * 1024
_PIECE = 64 * 1024
_SHOWN = 20
_NAMED = 5
_SAVE = 'Open it in a spreadsheet and save it as "CSV UTF-8 (comma delimited)".'
_OTHER_FORMATS = {
    b"PK\x03\x04": "This is a spreadsheet (or another zip file) and not a CSV file.",
    b"\xd0\xcf\x11\xe0": "This is an old Excel file and not a CSV file.",
    b"%PDF": "This is a PDF and not a CSV file.",
}


def first_of(students: Sequence[str]) -> str:
    """List the first of them, and how many more there are."""
    rest = len(students) - _NAMED
    return ", ".join(students[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that keeps a roster from being used.

    Attributes:
        line: counted from 1; 0 where the file as a whole is meant.
        column: the header of the column; empty where the whole line is meant.
    """

    line: int
    column: str
    message: str


class RosterError(InputError):
    """A roster that cannot be used. `str()` lists its faults, one a line.

    Attributes:
        where: what the roster is called in messages.
        faults: all of them, in the order of the lines.
    """

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


@dataclass(frozen=True, slots=True)
class Record:
    """One record; it has as many cells as the header, all stripped."""

    line: int
    cells: tuple[str, ...]


class Table:
    """A CSV file: its bytes, read anew for each look at its records, so that few are in memory.

    Attributes:
        headers: stripped; some may be empty or equal.
        header_line: the line of the header.
        first_line: records that start before this line are passed over.
    """

    def __init__(self, data: bytes, where: str) -> None:
        self.notes: list[str] = []
        self.faults: list[Fault] = []
        self._data = data
        self._encoding = _encoding(data, where, self.notes)
        self._delimiter = max(",;\t", key=self._fit)
        self.header_line, cells = next(self._cells())
        self.headers = tuple(" ".join(cell.split()) for cell in cells)
        self.first_line = self.header_line + 1

    def records(self) -> Iterator[Record]:
        """Those that are not wholly empty and fit the header."""
        return (found for found in self.read() if isinstance(found, Record))

    def read(self) -> Iterator[Record | Fault]:
        """The records, and everything that is wrong with one of them."""
        try:
            for line, cells in islice(self._cells(), 1, None):
                if line >= self.first_line:
                    yield from _checked(self.headers, line, cells)
        except _UnreadableError as error:
            yield error.fault

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        return _records(_decoded(self._data, self._encoding), self._delimiter)

    def _fit(self, delimiter: str) -> tuple[int, int]:
        """How well a delimiter cuts the first records into as many cells as the header."""
        widths = []
        with suppress(_UnreadableError):  # what was read until there still tells
            text = _decoded(self._data, self._encoding)
            for _, cells in islice(_records(text, delimiter), 20):
                widths.append(len(cells))
        if not widths or widths[0] == 1:
            return 0, 0
        return widths.count(widths[0]), widths[0]


def read_table(data: bytes, where: str) -> Table:
    """Read a CSV file: comma, semicolon or tab; UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises:
        RosterError: it holds no header or is no CSV at all. Faults of records are collected.
    """
    try:
        table = Table(data, where)
    except StopIteration:
        raise RosterError(where, (Fault(0, "", "The file is empty."),)) from None
    except _UnreadableError as error:
        raise RosterError(where, (error.fault,)) from None
    holds_any = False
    for found in table.read():
        holds_any = True
        if isinstance(found, Fault):
            table.faults.append(found)
    if not holds_any:
        message = "There is a header, but no row below it."
        raise RosterError(where, (Fault(table.header_line, "", message),))
    return table


def _encoding(data: bytes, where: str, notes: list[str]) -> str:
    for magic, words in _OTHER_FORMATS.items():
        if data.startswith(magic):
            raise RosterError(where, (Fault(0, "", f"{words} {_SAVE}"),))
    utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf_16 else ("utf-8-sig", "cp1252"):
        text = _decoded(data, encoding)
        try:
            while text.read(_PIECE):
                pass
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            notes.append(
                "The file is not UTF-8 and was read as Windows-1252: look at letters with accents."
            )
        return encoding
    raise RosterError(where, (Fault(0, "", f"The file's encoding is not known. {_SAVE}"),))


def _decoded(data: bytes, encoding: str) -> TextIO:
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")


class _UnreadableError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _records(text: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not wholly empty, with the line each starts on."""
    # Strict, since a lenient reader takes everything after an open quotation mark as one cell.
    reader = csv.reader(text, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            message = (
                f"From here on this is no CSV ({error}): look for a quotation mark that is not "
                "closed or not doubled, or for a very long cell."
            )
            raise _UnreadableError(Fault(line, "", message)) from None
        if any(cells):
            yield line, cells


def _checked(headers: tuple[str, ...], line: int, cells: list[str]) -> Iterator[Record | Fault]:
    width = len(headers)
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
            yield Fault(line, header, f"The cell holds a NUL character. {_SAVE}")
    yield Record(line, tuple(cells[:width] + [""] * (width - len(cells))))
