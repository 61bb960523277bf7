"""Text as judging sees it: one normal form, its parts, its words, and safe quotations of it."""

import re
import unicodedata
from typing import Literal

Part = Literal["whole", "tail", "head"]

QUOTED_LENGTH = 80

# The longest run of combining marks that a text keeps (Unicode UAX 15, Stream-Safe Text Format).
_MARKS_IN_A_ROW = 30
_QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e«»"
_IS = re.compile(r" is ")
# A colon between digits belongs to a time or a ratio: "12:30" does not end in the answer 30.
_SEPARATOR = re.compile(r"(?<= )(?:is|are)(?= )|=|(?<!\d):|:(?!\d)")
_INTRODUCTION = re.compile(r"(?:(?<= )am|['\u2019](?:m|s))(?= )")


def normalize(text: str) -> str:
    """The form in which replies and keys are compared.

    Invisible characters off, Unicode NFKC, case folded, white space collapsed, quotes around it and
    final full stops off. Doing it twice changes nothing.
    """
    if not text.isascii():
        # A byte order mark or a zero-width space: who reads the reply cannot see it.
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    folded = unicodedata.normalize("NFKC", _limit_marks(text)).casefold()
    # Folding and decomposing can leave what NFKC would compose, and longer runs of marks.
    folded = _limit_marks(unicodedata.normalize("NFKC", folded))
    return " ".join(folded.split()).lstrip(_QUOTES + " ").rstrip(_QUOTES + " .")


def _limit_marks(text: str) -> str:
    """Cut long runs of combining marks: sorting them takes time quadratic in their number."""
    if not any(map(unicodedata.combining, text)):
        return text
    kept = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def tail_of(text: str) -> str:
    """What follows the last " is ", " are ", "=" or ":" of a normalized text, or nothing."""
    return _after_last(_SEPARATOR, text)


def introduced_by(text: str) -> str:
    """What follows the last " am ", "'m " or "'s " of a normalized text, or nothing."""
    return _after_last(_INTRODUCTION, text)


def _after_last(separator: re.Pattern[str], text: str) -> str:
    end = None
    for found in separator.finditer(text):
        end = found.end()
    return "" if end is None else normalize(text[end:])


def head_of(text: str) -> str:
    """What precedes the first " is " of a normalized text, or nothing."""
    found = _IS.search(text)
    return "" if found is None else normalize(text[: found.start()])


def holds_words(text: str, words: str) -> bool:
    """Whether a normalized text holds a word or phrase, not merely as a part of longer words."""
    wanted = normalize(words)
    return bool(wanted) and bool(_phrase(wanted).search(text))


def without_words(text: str, words: str) -> str:
    """A normalized text with a word or phrase blanked out wherever it holds it."""
    return _phrase(normalize(words)).sub(" ", text)


def _phrase(wanted: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")


def cut(text: str) -> str:
    """At most `QUOTED_LENGTH` characters of a text, on one line.

    What could move a terminal's cursor or turn the direction of writing is replaced.
    """
    line = " ".join(text.split())
    safe = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in line[: QUOTED_LENGTH + 1]
    )
    return safe if len(safe) <= QUOTED_LENGTH else safe[: QUOTED_LENGTH - 1] + "…"


def quoted(text: str) -> str:
    """A text cut and put into quotation marks."""
    return f"“{cut(text)}”"
