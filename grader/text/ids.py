"""The ids that a reply may mean, and the form in which ids are compared."""

import re
from collections.abc import Iterator

from grader.text.replies import Part, head_of, introduced_by, normalize, tail_of, without_tags

_DOMAIN = re.compile(r"(?<=.)@[\w.-]++$")
# From the first letter, digit or underscore to the last one.
_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)


def bare_id(text: str) -> str:
    """An id as it is compared.

    Case, a domain and whatever is no letter, digit or underscore at both ends are off.
    """
    return _bare(normalize(text))


def ids_meant(text: str) -> Iterator[tuple[Part, str]]:
    """Each id that a normalized text may mean, bare, and the part of the text that it is.

    That is the whole text, its tail or its head. Simple tags do not matter. A person also
    introduces herself: "I'm hbovik".
    """
    # With its tags first: "<hbovik>" is none.
    yield from ids_as_written(text)
    yield from ids_as_written(without_tags(text))


def ids_as_written(text: str) -> Iterator[tuple[Part, str]]:
    """As `ids_meant`, but of the text with whatever tags are in it."""
    parts: tuple[tuple[Part, str], ...] = (
        ("whole", text),
        ("tail", tail_of(text)),
        ("tail", introduced_by(text)),
        ("head", head_of(text)),
    )
    for part, words in parts:
        if meant := _bare(words):
            yield part, meant


def _bare(words: str) -> str:
    return _core(_DOMAIN.sub("", _core(words)))


def _core(words: str) -> str:
    found = _CORE.search(words)
    return found[0] if found else ""
