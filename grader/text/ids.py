"""The ids that a reply may name, and the form in which they are compared with the key."""

import re
from collections.abc import Callable, Iterator

from grader.text.replies import Part, head_of, introduced_by, normalize, tail_of, without_tags

_DOMAIN = re.compile(r"(?<=.)@[\w.-]++$")
# From the first letter, digit or underscore to the last one.
_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_PARTS: tuple[tuple[Part, Callable[[str], str]], ...] = (
    ("whole", str),
    ("tail", tail_of),
    ("tail", introduced_by),
    ("head", head_of),
)


def bare_id(text: str) -> str:
    """An id in small letters, without its domain, and with a letter, digit or _ at both ends."""
    return _bare(normalize(text))


def ids_meant(text: str) -> Iterator[tuple[Part, str]]:
    """Find each id that a normalized text may name, without simple tags, and the part it is in."""
    # With tags first: "<hbovik>" looks like a tag, but is none.
    yield from ids_as_written(text)
    if (untagged := without_tags(text)) != text:
        yield from ids_as_written(untagged)


def ids_as_written(text: str) -> Iterator[tuple[Part, str]]:
    """As `ids_meant`, but tags stay in the text."""
    for part, cut_out in _PARTS:
        if meant := _bare(cut_out(text)):
            yield part, meant


def _bare(words: str) -> str:
    return _core(_DOMAIN.sub("", _core(words)))


def _core(words: str) -> str:
    found = _CORE.search(words)
    return found[0] if found else ""
