"""Long texts and long lists, cut to what a message has room for."""

from collections.abc import Sequence

MAX_EXCERPT = 80


def cut(text: str, limit: int) -> str:
    """Shorten to at most `limit` characters; an ellipsis, counted among them, marks the cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def excerpt(text: str) -> str:
    """At most `MAX_EXCERPT` characters of a text, on one line.

    What could move a terminal's cursor or turn the direction of writing is replaced.
    """
    line = " ".join(text.split())[: MAX_EXCERPT + 1]
    if not line.isprintable():
        line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)
    return cut(line, MAX_EXCERPT)


def quoted(text: str) -> str:
    """An excerpt in quotation marks."""
    return f"“{excerpt(text)}”"


def some_of(names: Sequence[str], most: int = 10) -> str:
    """List the first of them, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
