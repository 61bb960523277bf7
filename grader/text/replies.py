"""A reply as judging reads it: its normal form, its parts and its words."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Part = Literal["whole", "tail", "head"]

# So many combining marks may follow each other (Unicode UAX 15, Stream-Safe Text Format).
_MARKS_IN_A_ROW = 30
_QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e«»"
# What a sentence puts before its answer: "75 plus 8 makes 83", "75 + 8 → 83".
VERBS = "is|are|was|were|equals?|makes?|gives?|yields?"
ARROWS = "→⇒⟶➜➡"
_IS = re.compile(r" is ")
# A colon between digits belongs to a time or a ratio: "12:30" does not end in the answer 30.
_MARK = re.compile(rf"(?<= )(?:{VERBS})(?= )|=|->|[{ARROWS}]|(?<!\d):|:(?!\d)")
_INTRODUCTION = re.compile(r"(?:(?<= )am|['\u2019](?:m|s))(?= )")
_TAG = re.compile(r"<[/!]?[a-z][\w:-]*+(?>(?: [^<>]*+)?)/?>")
_WORD = re.compile(r"\w+")
_TO_LAST_LETTER = re.compile(r".*\w", re.DOTALL)
_TO_LAST_DIGIT = re.compile(r".*\d", re.DOTALL)
# What ends a query, or stands between it and the answer; no decimal point and no sign of a number.
_AFTER_QUERY = re.compile(rf"(?:[?!;:)\]{_QUOTES}]|[.,](?!\d))*")
# "8.5" and "8-3" do not repeat the 8 of a query.
_MORE_OF_A_NUMBER = re.compile(r"[.,:/-]\d")


def normalize(text: str) -> str:
    """Bring a reply or a key into the form in which they are compared.

    Invisible characters go, Unicode becomes NFKC, case is folded, white space becomes one blank,
    quotation marks around the text and full stops at its end go. Twice changes nothing more.
    """
    folded = text.lower() if text.isascii() else _fold_unicode(text)
    return _trimmed(" ".join(folded.split()))


def _fold_unicode(text: str) -> str:
    # A byte order mark or a zero-width space: a reader of the reply cannot see it.
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    folded = unicodedata.normalize("NFKC", _limit_marks(visible)).casefold()
    # Folding and decomposing can leave what NFKC would compose, and more marks in a row.
    return _limit_marks(unicodedata.normalize("NFKC", folded))


def _trimmed(text: str) -> str:
    """Give a part of a normalized text the normal form, too."""
    return text.lstrip(_QUOTES + " ").rstrip(_QUOTES + " .")


def _limit_marks(text: str) -> str:
    """Drop combining marks beyond the limit: sorting them takes time quadratic in their number."""
    if not any(map(unicodedata.combining, text)):
        return text
    limited = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS_IN_A_ROW:
            limited.append(character)
    return "".join(limited)


def without_query(text: str, query: str) -> str:
    """What follows the query, if a normalized text begins with the query's words; else empty."""
    words = _WORD.finditer(text)
    end = 0
    for wanted in _words_of(query):
        found = next(words, None)
        if found is None or found[0] != wanted:
            return ""
        end = found.end()
    if _MORE_OF_A_NUMBER.match(text, end):
        return ""
    return _trimmed(_AFTER_QUERY.sub("", text[end:], count=1))


@lru_cache(1024)
def _words_of(query: str) -> list[str]:
    return _WORD.findall(normalize(query))


def without_tags(text: str) -> str:
    """A normalized text with a blank in place of each simple tag, such as <b> or <br/>."""
    return _trimmed(" ".join(_TAG.sub(" ", text).split()))


def tail_of(text: str) -> str:
    """What follows the last mark of a normalized text that has a letter or digit behind it.

    Marks are " is " and similar verbs, "=", ":" and arrows: docs/architecture.md, "Judging". Empty
    if there is no mark; a smile such as ":)" is none.
    """
    return _after_last(_MARK, text, _TO_LAST_LETTER)


def number_tail_of(text: str) -> str:
    """What follows the last mark that has a digit behind it; empty if there is none.

    In "76 + 92 = 168, which was easy" the last mark is "was", and no number follows it.
    """
    return _after_last(_MARK, text, _TO_LAST_DIGIT)


def introduced_by(text: str) -> str:
    """What follows the last " am ", "'m " or "'s " of a normalized text; else empty."""
    return _after_last(_INTRODUCTION, text, _TO_LAST_LETTER)


def _after_last(mark: re.Pattern[str], text: str, part: re.Pattern[str]) -> str:
    """What follows the last mark within the beginning of a text that `part` matches."""
    end = None
    if within := part.match(text):
        for found in mark.finditer(text, 0, within.end()):
            end = found.end()
    return "" if end is None else _trimmed(text[end:])


def head_of(text: str) -> str:
    """What precedes the first " is " of a normalized text; empty if there is none."""
    found = _IS.search(text)
    return "" if found is None else _trimmed(text[: found.start()])


def holds_words(text: str, words: str) -> bool:
    """Whether a normalized text holds a word or phrase, not merely as a part of longer words."""
    wanted = normalize(words)
    return bool(wanted) and wanted in text and bool(_phrase(wanted).search(text))


def without_words(text: str, words: str) -> str:
    """A normalized text with a word or phrase blanked out wherever it holds it."""
    return _phrase(normalize(words)).sub(" ", text)


@lru_cache(1024)
def _phrase(wanted: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
