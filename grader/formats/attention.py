"""Who needs an instructor's look before the grades are signed, and what for."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from urllib.parse import urlsplit

from grader.formats.advice import Advice
from grader.formats.words import STATE_WORDS, decimal, score
from grader.model import Scorecard, State
from grader.outcomes import Cause, Outcome

# From so many on, or where it is the whole class, students with one reason stand in one line.
_GROUP = 4
_ACCEPT = "With --accept-unreachable what was earned is the score."
_ALL_REFUSED = (
    "every usable link of the class leads into a private network. If such addresses are meant, run "
    "again with --allow-private; otherwise ask for public links"
)


class Rank(IntEnum):
    """What a look is for: what the instructor alone can decide comes first."""

    BLOCKED = auto()
    PARTLY_GRADED = auto()
    ONLY_FAILURES = auto()
    ALL_REFUSED = auto()
    NOT_GRADED = auto()
    SET_TOO_HIGH = auto()
    PROTECTED = auto()
    RATE_LIMITED = auto()
    UNREACHABLE = auto()
    REFUSED = auto()
    INVALID = auto()
    OTHER = auto()


_STATE_RANKS = {
    State.NOT_GRADED: Rank.NOT_GRADED,
    State.UNREACHABLE: Rank.UNREACHABLE,
    State.REFUSED: Rank.REFUSED,
    State.INVALID: Rank.INVALID,
}
_OUTCOME_RANKS = {
    Outcome.PROTECTED: Rank.PROTECTED,
    Outcome.RATE_LIMITED: Rank.RATE_LIMITED,
}


@dataclass(frozen=True, slots=True)
class Attention:
    """What an instructor should look at before signing.

    Attributes:
        words: what it is about, in a word or two.
        reason: what was seen, and where it is not plain, what to do.
        students: the ids and names of those concerned, in the order of the roster.
    """

    rank: Rank
    words: str
    reason: str
    students: tuple[tuple[str, str], ...]

    @property
    def andrew_ids(self) -> tuple[str, ...]:
        """The ids of those concerned."""
        return tuple(andrew_id for andrew_id, _ in self.students)


def look(scorecard: Scorecard) -> Attention | None:
    """What asks for a look at one scorecard; None where nothing does."""
    found = _found(scorecard)
    if found is None:
        return None
    rank, words, reason = found
    student = scorecard.submission
    return Attention(rank, words, reason, ((student.andrew_id, student.name),))


def _found(card: Scorecard) -> tuple[Rank, str, str] | None:
    if card.override is None and card.state is State.GRADED and _only_failures(card):
        first = next(each for each in card.verdicts if each.replies)
        # What follows the first clause are words to the student.
        came = first.judgement.reason.partition(": ")[0]
        return (
            Rank.ONLY_FAILURES,
            "only failures",
            f"nothing of its own came: {came}",
        )
    if not card.needs_a_look:
        return None
    if card.set_too_high:
        return Rank.SET_TOO_HIGH, "set by hand", f"more points than there are: {score(card)}"
    if card.state is State.NOT_GRADED and (card.seen or card.blocked):
        so_far = f"{decimal(card.seen)} of {decimal(card.max_score)} points earned so far"
        reason = f"{card.reason.rstrip('.')}; {so_far}"
        if not card.blocked:
            return Rank.PARTLY_GRADED, STATE_WORDS[card.state], reason
        return Rank.BLOCKED, "bot protection", f"{reason}. {Advice(card).of_the_mark} {_ACCEPT}"
    if card.state is not State.GRADED:
        return _STATE_RANKS[card.state], STATE_WORDS[card.state], card.reason
    verdict = next((each for each in card.verdicts if each.outcome.rule.needs_a_look), None)
    if verdict is None:
        old = next(each for each in card.verdicts if each.judgement.cause is Cause.CACHE)
        return Rank.OTHER, "from a cache", old.judgement.reason
    rank = _OUTCOME_RANKS.get(verdict.outcome, Rank.OTHER)
    return rank, verdict.outcome.value, verdict.judgement.reason


def _only_failures(card: Scorecard) -> bool:
    """Whether an app was asked and nothing that came was its own, for no other reason of a look."""
    otherwise = any(each.outcome.rule.needs_a_look for each in card.verdicts)
    return not (card.own or otherwise) and any(each.replies for each in card.verdicts)


def arranged(found: Sequence[tuple[Attention, str]], students: int) -> tuple[Attention, ...]:
    """Order what was found, the most pressing first, and put what many share into one line.

    Args:
        found: what was found of each student, with the link that was handed in.
        students: how many there are in the class.
    """
    refused = [each for each, _ in found if each.rank is Rank.REFUSED]
    usable = students - sum(each.rank is Rank.INVALID for each, _ in found)
    if len(refused) == usable > 1:
        found = [(each, link) for each, link in found if each.rank is not Rank.REFUSED]
        together = [_together(refused, Rank.ALL_REFUSED, _ALL_REFUSED)]
    else:
        together = []
    groups: dict[tuple[Rank, str, str], list[Attention]] = {}
    for each, link in found:
        shared = _without_host(each.reason, link)
        groups.setdefault((each.rank, each.words, shared), []).append(each)
    lines: list[Attention] = together
    for (rank, _, reason), members in groups.items():
        if len(members) < min(_GROUP, max(students, 2)):
            lines += members
        else:
            lines.append(_together(members, rank, reason))
    return tuple(sorted(lines, key=lambda line: line.rank))


def _together(members: Sequence[Attention], rank: Rank, reason: str) -> Attention:
    concerned = tuple(student for each in members for student in each.students)
    return Attention(rank, members[0].words, reason, concerned)


def at_the_top(lines: Collection[Attention], students: int) -> str:
    """What concerns the whole class through a fault of the grader's side; empty where nothing."""
    if len(lines) != 1:
        return ""
    [line] = lines
    if line.rank is not Rank.NOT_GRADED or len(line.students) < max(students, 2):
        return ""
    return (
        f"Nobody could be graded: {line.reason.rstrip('.')}. The fault is on the grader's side, "
        "and nobody gets a zero for it: mend it, and run the same command again."
    )


def _without_host(reason: str, link: str) -> str:
    """A reason as others would have it, whose app has another address."""
    try:
        host = urlsplit(link).hostname
    except ValueError:  # what a student handed in may be anything
        host = None
    if not host:
        return reason
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w.-]*\w)(?: port \d+)?", "…", reason)
