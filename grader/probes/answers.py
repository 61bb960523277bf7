"""The rules for the answer on a page, which the page probe and the browser probe share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LIVE_REGIONS = (
    "output, [role=status], [role=alert], [role=log], [aria-live=polite], [aria-live=assertive]"
)
# Fields that a person fills in to log in, not to ask something.
LOGIN_FIELDS = "input[type=password i], input[autocomplete~=username i]"
MOST_REGIONS = 100
TEXT_CAP = 64 * 1024
# For all regions together: a region may lie in another one, which has its text, too.
REGIONS_CAP = 4 * TEXT_CAP
_NO_ANSWER = "no match"


@dataclass(frozen=True, slots=True)
class PageText:
    """The visible text: of each live region, and of all of the page in pieces in their order."""

    regions: Sequence[str]
    pieces: Sequence[str]


def appeared(before: PageText, after: PageText, query: str) -> str:
    """The text that came with `query`: of live regions that changed; if none did, all new text."""
    for old, new in ((before.regions, after.regions), (before.pieces, after.pieces)):
        brought = Counter(new) - Counter(old)
        pieces = [piece for piece in dict.fromkeys(new) if piece in brought and piece != query]
        if text := " ".join(pieces).strip():
            return text
    return ""


def answer_in(text: str) -> str:
    """The answer in the text that appeared. A page that says "No Match" has no answer."""
    return "" if text.casefold() == _NO_ANSWER else text
