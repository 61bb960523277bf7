"""What needs an instructor's look, in words."""

from grader.analysis.attention import Attention, Rank
from grader.formats.words import STATE_WORDS, decimal
from grader.model import State
from grader.outcomes import Outcome

WORDS: dict[Rank, str] = {
    Rank.BLOCKED: "bot protection",
    Rank.PARTLY_GRADED: STATE_WORDS[State.NOT_GRADED],
    Rank.ONLY_FAILURES: "only failures",
    Rank.ALL_REFUSED: STATE_WORDS[State.REFUSED],
    Rank.NOT_GRADED: STATE_WORDS[State.NOT_GRADED],
    Rank.SET_TOO_HIGH: "set by hand",
    Rank.PROTECTED: Outcome.PROTECTED.value,
    Rank.RATE_LIMITED: Outcome.RATE_LIMITED.value,
    Rank.UNREACHABLE: STATE_WORDS[State.UNREACHABLE],
    Rank.REFUSED: STATE_WORDS[State.REFUSED],
    Rank.INVALID: STATE_WORDS[State.INVALID],
    Rank.CACHED: "from a cache",
}
"""What a look is about, in a word or two."""

_ACCEPT = "With --accept-unreachable what was earned is the score."
_ALL_REFUSED = (
    "every usable link of the class leads into a private network. If such addresses are meant, run "
    "again with --allow-private; otherwise ask for public links"
)


def reason(found: Attention) -> str:
    """Say what was seen, and what to do if that is not plain."""
    points = " of ".join(map(decimal, found.points or ()))
    match found.rank:
        case Rank.ALL_REFUSED:
            return _ALL_REFUSED
        case Rank.ONLY_FAILURES:
            # After the first clause the words are for the student.
            return f"nothing of its own came: {found.seen.partition(': ')[0]}"
        case Rank.SET_TOO_HIGH:
            return f"more points than there are: {points}"
        case Rank.PARTLY_GRADED:
            return _so_far(found, points)
        case Rank.BLOCKED:
            return f"{_so_far(found, points)}. {found.advice} {_ACCEPT}"
        case _:
            return found.seen


def notice(found: Attention) -> str:
    """Say why nobody of the class could be graded."""
    return (
        f"Nobody could be graded: {found.seen.rstrip('.')}. The fault is on the grader's side, "
        "and nobody gets a zero for it: mend it, and run the same command again."
    )


def _so_far(found: Attention, points: str) -> str:
    return f"{found.seen.rstrip('.')}; {points} points earned so far"
