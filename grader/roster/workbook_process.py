"""Reads a stranger's workbook in a process of its own, with little memory.

The workbook comes from the standard input. For each sheet that is not hidden a line
`{"sheet": its name}` goes to the standard output, then a line `[line, cells]` for each row that
holds anything, all of them JSON. A cell is its text, or a pair of its text and the number format
that could not be applied.
"""

import contextlib
import io
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator

from grader.roster.cells import as_shown
from grader.roster.table import SAVE_AS_CSV

MEGABYTE = 1024 * 1024
MAX_MEMORY = 768 * MEGABYTE
MAX_UNPACKED = 50 * MEGABYTE
MAX_ROWS = 1_048_576
REFUSED = 65
"""This exit code means that the last line of the output says why the workbook is not read."""


_TOO_MUCH = f"The workbook holds more than {MAX_UNPACKED // MEGABYTE} MB of text. {SAVE_AS_CSV}"


class RefusedError(Exception):
    """The workbook is not read; the text says why."""


def main() -> None:
    """Read the workbook, and end this process."""
    _limit_memory()
    # If numpy is installed, openpyxl loads it, which may take more memory than that.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    out = sys.stdout.buffer
    try:
        for piece in unpacked(sys.stdin.buffer.read()):
            out.write(piece)
        out.flush()
    except RefusedError as error:
        # The reason stands on the last line. What was written before counts no more.
        out.write(f"\n{error}".encode())
        out.flush()
        sys.exit(REFUSED)


def unpacked(data: bytes) -> Iterator[bytes]:
    """The lines of all sheets that are not hidden.

    Raises:
        RefusedError: the file is no workbook, or more than a roster can be.
    """
    written = 0
    for line in _lines(data):
        piece = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        written += len(piece)
        if written > MAX_UNPACKED:
            raise RefusedError(_TOO_MUCH)
        yield piece


def _lines(data: bytes) -> Iterator[object]:
    _check_size(data)
    from openpyxl import load_workbook

    workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":  # what nobody sees may be old, or another's
            continue
        yield {"sheet": sheet.title}
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        for line, row in enumerate(sheet.iter_rows(min_row=1, min_col=1), 1):
            if line > MAX_ROWS:
                raise RefusedError(f"The sheet {sheet.title!r:.50} has over {MAX_ROWS:,} rows.")
            if cells := _cells(row):
                yield line, cells


def _cells(row: Iterable[object]) -> list[str | tuple[str, str]]:
    """What each cell shows, without the empty ones at the end.

    Raises:
        RefusedError: the row holds too much. (In a small file, many cells can share a long text.)
    """
    cells: list[str | tuple[str, str]] = []
    filled = held = 0
    for cell in row:
        text, odd = as_shown(getattr(cell, "value", None), getattr(cell, "number_format", "") or "")
        held += len(text)
        if held > MAX_UNPACKED:
            raise RefusedError(_TOO_MUCH)
        cells.append((text.strip(), odd) if odd else text.strip())
        if text.strip():
            filled = len(cells)
    return cells[:filled]


def _check_size(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise RefusedError(f"The workbook is damaged. {SAVE_AS_CSV}") from None
    if "[Content_Types].xml" not in {file.filename for file in files}:
        raise RefusedError("This is a zip file and no workbook (.xlsx): unpack it first.")
    size = sum(file.file_size for file in files)
    if size > MAX_UNPACKED:
        raise RefusedError(
            f"The workbook unpacks to {_megabytes(size)}, and {_megabytes(MAX_UNPACKED)} are read "
            f"at most. {SAVE_AS_CSV}"
        )


def _megabytes(size: int) -> str:
    return f"{-(-size // MEGABYTE):,} MB"


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows; macOS has no such limit
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
