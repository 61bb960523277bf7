"""Captured queries: what people asked a web app, as it wrote that down under WEBAPP_CAPTURE.

Such a file may come from anybody: it is bounded in bytes, in the length of a line, and in queries.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from grader.model import InputError

_MAX_BYTES = 64 * 1024 * 1024
# More than the longest address that any server of ours takes, written in JSON: whoever sends such a
# query to a web app cannot make its capture useless.
_MAX_LINE = 256 * 1024
_MAX_DISTINCT = 100_000
_BOM = b"\xef\xbb\xbf"
_ADVICE = "Give the files that the web app wrote under WEBAPP_CAPTURE, whole and unchanged"


class CaptureError(InputError):
    """A capture that cannot be used; `line` counts from 1, and is None for the whole file."""

    def __init__(self, path: Path, line: int | None, words: str) -> None:
        place = f"{path}" if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {words}")
        self.path = path
        self.line = line


class _Line(BaseModel):
    """One captured query. Only its time and its words are used; the rest shows that it is one."""

    model_config = ConfigDict(strict=True)

    time: AwareDatetime
    query: str
    status: Annotated[int, Field(ge=100, le=999)]
    sha256: Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
    ms: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    release: str | None


def count_queries(*paths: Path) -> Mapping[str, int]:
    """How often each query was asked, in the order in which they were first asked.

    A capture has a file for each worker of the web app.

    Raises:
        CaptureError: if a file is no capture, or larger than anybody can replay.
    """
    counts: dict[str, int] = {}
    first: dict[str, float] = {}
    for path in paths:
        for line, number in _lines(path):
            asked_at = line.time.timestamp()
            counts[line.query] = counts.get(line.query, 0) + 1
            first[line.query] = min(asked_at, first.get(line.query, asked_at))
            if len(counts) > _MAX_DISTINCT:
                words = f"more than {_MAX_DISTINCT:,} different queries. Replay fewer files at once"
                raise CaptureError(path, number, words)
    if not counts:
        raise CaptureError(paths[0], None, f"no query was captured. {_ADVICE}")
    return {query: counts[query] for query in sorted(counts, key=first.__getitem__)}


def most_asked(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The queries, those that were asked most often first; else they keep their order."""
    return tuple(sorted(counts, key=counts.__getitem__, reverse=True))


def _lines(path: Path) -> Iterator[tuple[_Line, int]]:
    """The lines of a file, each with its number. Blank lines are passed over."""
    with path.open("rb") as file:
        for number, raw in enumerate(_pieces(path, file), 1):
            text = raw.removeprefix(_BOM) if number == 1 else raw
            if not text.strip():
                continue
            try:
                yield _Line.model_validate_json(text), number
            except ValidationError as error:
                if not raw.endswith(b"\n"):
                    return  # the web app is still writing its last line, or was killed meanwhile
                raise CaptureError(path, number, _said(error)) from None


def _pieces(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file as bytes, as long as they are within the bounds."""
    size, number = 0, 0
    # One byte more than allowed tells that a line is too long.
    while raw := file.readline(_MAX_LINE + 1):
        size, number = size + len(raw), number + 1
        if len(raw) > _MAX_LINE:
            words = f"a line of more than {_MAX_LINE // 1024} KiB, which is no captured query"
            raise CaptureError(path, number, f"{words}. {_ADVICE}")
        if size > _MAX_BYTES:
            words = f"more than {_MAX_BYTES // 1024**2} MiB. Replay a part of it"
            raise CaptureError(path, number, words)
        yield raw


def _said(error: ValidationError) -> str:
    """The first thing that is wrong with a line, in words that quote nothing of it."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return f"this is no JSON object on one line. {_ADVICE}"
    key = ".".join(map(str, first["loc"]))
    return f"{f'{key}: ' if key else ''}{first['msg']}. {_ADVICE}"
