"""Finds the lines of keys in a TOML text: `tomllib` has lines for syntax errors only."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

# Comments and strings of one line are matched only to be skipped: they may hold quotes.
_TOKEN = re.compile(
    r"""
    (?P<multiline> \"{3} (?: \\. | [^\\] )*? \"{3,5} | '{3} .*? '{3,5} )
    | \"(?: \\. | [^"\\\n] )*\"
    | '[^'\n]*'
    | \#[^\n]*
    """,
    re.VERBOSE | re.DOTALL,
)


class TomlLines:
    """Finds lines, counted from 1, in a text that parses. `table` is what `[[...]]` begins."""

    def __init__(self, source: str, table: str) -> None:
        # A line of a multi-line string may look like a key.
        self._lines = _TOKEN.sub(_blank_multiline, source).split("\n")
        self._table = table
        header = re.compile(rf"""\s*\[\[\s*(["']?){table}\1\s*\]\]""")
        headers = self._matches(header, range(len(self._lines)))
        bounds = [*headers, len(self._lines)]
        self._preamble = range(bounds[0])
        self._tables = [range(start, end) for start, end in pairwise(bounds)]

    def of_table(self, index: int, keys: Sequence[str] = ()) -> int:
        """Find the line of the innermost of `keys` in a table (from 0) that has its own line."""
        if index >= len(self._tables):  # written as an inline array
            return self.of_top(self._table)
        span = self._tables[index]
        found = (self._key(key, span) for key in reversed(keys))
        return next((line for line in found if line), span.start + 1)

    def of_top(self, key: str) -> int:
        """Find the line of a key at the top level; 1 if there is none."""
        return self._key(key, self._preamble) or 1

    def _key(self, key: str, span: range) -> int | None:
        # key = ..., [table.key], key.value = ...
        pattern = re.compile(
            rf"""\s*\[{{0,2}}\s*(?:[^\s=\[\]]+\s*\.\s*)?(["']?){re.escape(key)}\1\s*[=.\]]"""
        )
        return next((line + 1 for line in self._matches(pattern, span)), None)

    def _matches(self, pattern: re.Pattern[str], span: range) -> Iterator[int]:
        return (line for line in span if pattern.match(self._lines[line]))


def _blank_multiline(token: re.Match[str]) -> str:
    return "\n" * token[0].count("\n") if token["multiline"] else token[0]
