"""The bytes of a CSV file become records: its encoding and its delimiter are found out."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import TextIO

from grader.roster.table import SAVE_AS_CSV, Fault, Record, RosterError, Table, UnreadableError

_PIECE = 64 * 1024
_BEGINNING = 4096
_OTHER_FORMATS = {
    b"\xd0\xcf\x11\xe0": "This is an old Excel file, or one with a password, and not a CSV file.",
    b"%PDF": "This is a PDF and not a CSV file.",
}
# Excel writes and obeys such a first line.
_SEP = re.compile(r'\s*"?sep=([^\w" \r\n])"?\s*', re.IGNORECASE)


def read_csv(data: bytes, where: str) -> Table:
    """Read a CSV file: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252.

    Raises:
        RosterError: it holds no header or is no CSV at all. Faults of records are collected.
    """
    encoding = _encoding(data, where)
    with _decoded(data, encoding) as text:
        said = _SEP.fullmatch(text.readline(_BEGINNING))
    lines = 1 if said else 0
    delimiter = said[1] if said else _delimiter(data, encoding)
    table = Table(where, lambda: _records(_decoded(data, encoding), delimiter, lines))
    if encoding == "cp1252":
        table.notes.append(
            "The file is not UTF-8 and was read as Windows-1252: check the letters with accents."
        )
    return table


def _encoding(data: bytes, where: str) -> str:
    for magic, words in _OTHER_FORMATS.items():
        if data.startswith(magic):
            raise RosterError(where, (Fault(0, "", f"{words} {SAVE_AS_CSV}"),))
    for encoding in _candidates(data):
        text = _decoded(data, encoding)
        try:
            while text.read(_PIECE):
                pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise RosterError(where, (Fault(0, "", f"The file's encoding is not known. {SAVE_AS_CSV}"),))


def _candidates(data: bytes) -> tuple[str, ...]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    # In UTF-16 every other byte of Latin letters, digits and delimiters is 0; elsewhere none is.
    beginning = data[:_BEGINNING]
    even, odd = beginning[::2].count(0), beginning[1::2].count(0)
    unmarked = "utf-16-le" if odd > even else "utf-16-be"
    likely = 8 * max(even, odd) > len(beginning) and min(even, odd) * 4 < max(even, odd)
    return (*((unmarked,) if likely else ()), "utf-8-sig", "cp1252")


def _decoded(data: bytes, encoding: str) -> TextIO:
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")


def _delimiter(data: bytes, encoding: str) -> str:
    def fit(delimiter: str) -> tuple[int, int]:
        """How well it cuts the first records into as many cells as the header."""
        widths: list[int] = []
        with suppress(UnreadableError):  # what was read until there still tells
            records = islice(_records(_decoded(data, encoding), delimiter), 20)
            widths.extend(len(record.cells) for record in records)
        if not widths or widths[0] == 1:
            return 0, 0
        return widths.count(widths[0]), widths[0]

    return max(",;\t", key=fit)


def _records(text: TextIO, delimiter: str, lines: int = 0) -> Iterator[Record]:
    """Records that are not wholly empty, below the first `lines`."""
    for _ in range(lines):
        text.readline()
    # Strict, since a lenient reader takes everything after an open quotation mark as one cell.
    reader = csv.reader(text, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = lines + reader.line_num + 1
        try:
            cells = tuple(cell.strip() for cell in next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            message = (
                f"From here on this is no CSV ({error}): look for a quotation mark that is not "
                "closed or not doubled, or for a very long cell."
            )
            raise UnreadableError(Fault(line, "", message)) from None
        if any(cells):
            yield Record(line, cells)
