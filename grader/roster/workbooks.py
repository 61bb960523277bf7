"""The sheets of a workbook (.xlsx), read by a process of its own: `workbook_process`."""

import importlib.util
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

from grader.roster.table import NAMED, SAVE_AS_CSV, Fault, Record, RosterError, Table
from grader.roster.workbook_process import MAX_MEMORY, MAX_UNPACKED, MEGABYTE, REFUSED
from grader.text.cutting import some_of

SECONDS = 180
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from grader.roster.workbook_process import main; main()"
)


def is_workbook(data: bytes) -> bool:
    """Whether a file is a workbook, or another zip file."""
    return data.startswith(b"PK\x03\x04")


def read_workbook(data: bytes, where: str) -> list[Table]:
    """Read the visible sheets that have rows below a header.

    Raises:
        RosterError: it is no workbook that can be read, or all of its sheets are empty.
        ModuleNotFoundError: openpyxl is not installed.
    """
    # Without it, the other process would end as it does for a damaged workbook.
    if importlib.util.find_spec("openpyxl") is None:
        raise ModuleNotFoundError("No module named 'openpyxl'", name="openpyxl")
    if len(data) > MAX_UNPACKED:
        raise _refused(
            where, f"The file is larger than {MAX_UNPACKED // MEGABYTE} MB. {SAVE_AS_CSV}"
        )
    tables = []
    empty: RosterError | None = None
    sheets = list(_sheets(_unpacked(data, where)))
    for name, lines in sheets:
        try:
            tables.append(_table(where if len(sheets) == 1 else f"{where}, sheet {name!r}", lines))
        except RosterError as error:
            empty = empty or error
    if not tables:
        raise empty or _refused(where, "The workbook has no sheet that is not hidden.")
    return tables


def _table(where: str, lines: bytes) -> Table:
    """A sheet as a table; what stands in a row beyond the header's last cell is left out."""

    def read() -> Iterator[Record]:
        width = 0
        for record in _records(lines):
            width = width or len(record.cells)
            if any(record.cells[:width]):
                yield replace(record, cells=record.cells[:width])

    table = Table(where, read)
    width = len(table.headers)
    if beside := [str(each.line) for each in _records(lines) if len(each.cells) > width]:
        table.notes.append(
            "Left out what stands beside the table, in columns without a header: line "
            f"{some_of(beside, NAMED)}."
        )
    return table


def _records(lines: bytes) -> Iterator[Record]:
    """All rows that hold anything, without the empty cells at their ends."""
    for line in io.BytesIO(lines):
        number, cells = json.loads(line)
        odd = {at: cell[1] for at, cell in enumerate(cells) if isinstance(cell, list)}
        texts = tuple(cell[0] if isinstance(cell, list) else cell for cell in cells)
        yield Record(number, texts, odd)


def _sheets(unpacked: bytes) -> Iterator[tuple[str, bytes]]:
    for sheet in re.split(rb"^(?=\{)", unpacked, flags=re.MULTILINE)[1:]:
        head, _, lines = sheet.partition(b"\n")
        yield json.loads(head)["sheet"], lines


def _unpacked(data: bytes, where: str) -> bytes:
    """What the other process wrote about the workbook."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-c", _START, json.dumps(sys.path)],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(
            where, f"The workbook is not read after {SECONDS} seconds. {SAVE_AS_CSV}"
        ) from None
    if done.returncode == REFUSED:
        raise _refused(where, done.stdout.rpartition(b"\n")[2].decode())
    if done.returncode:
        raise _refused(
            where,
            "The workbook cannot be read: it is damaged or unusual, or takes more than "
            f"{MAX_MEMORY // MEGABYTE} MB of memory. {SAVE_AS_CSV}",
        )
    return done.stdout


def _refused(where: str, words: str) -> RosterError:
    return RosterError(where, (Fault(0, "", words),))
