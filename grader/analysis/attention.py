"""Who needs an instructor's look before the grades are signed, and what for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, auto
from urllib.parse import urlsplit

from grader.model import Scorecard, State
from grader.outcomes import Cause, Outcome

# So many students with one reason, or the whole class, are named together.
_GROUP = 4


class Rank(IntEnum):
    """What a look is for. What the instructor alone can decide comes first."""

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
    CACHED = auto()


_OF_STATES = {
    State.NOT_GRADED: Rank.NOT_GRADED,
    State.UNREACHABLE: Rank.UNREACHABLE,
    State.REFUSED: Rank.REFUSED,
    State.INVALID: Rank.INVALID,
}
_OF_OUTCOMES = {Outcome.PROTECTED: Rank.PROTECTED, Outcome.RATE_LIMITED: Rank.RATE_LIMITED}
_DECIDING = {State.UNREACHABLE: Outcome.UNREACHABLE, State.NOT_GRADED: Outcome.NOT_CHECKED}


@dataclass(frozen=True, slots=True)
class Attention:
    """What an instructor should look at before signing.

    `seen` is empty if the rank says all. `students` are ids and names, in the order of the roster.
    `points` are those earned so far, or set by hand, and the maximum; None if they do not matter.
    `advice` helps against a platform's bot protection.
    """

    rank: Rank
    seen: str
    students: tuple[tuple[str, str], ...]
    points: tuple[float, float] | None = None
    advice: str = ""

    @property
    def andrew_ids(self) -> tuple[str, ...]:
        """The ids of those concerned."""
        return tuple(andrew_id for andrew_id, _ in self.students)


def look(card: Scorecard) -> Attention | None:
    """Why an instructor should look at a scorecard; None if nobody needs to."""
    students = ((card.submission.andrew_id, card.submission.name),)
    if card.override is None and card.state is State.GRADED and _only_failures(card):
        first = next(each for each in card.verdicts if each.replies)
        return Attention(Rank.ONLY_FAILURES, first.judgement.reason, students)
    if not card.needs_a_look:
        return None
    if card.override is not None:
        by_hand = card.override.score or 0.0
        return Attention(Rank.SET_TOO_HIGH, "", students, (by_hand, card.max_score))
    if card.state is State.NOT_GRADED and (card.seen or card.blocked):
        rank = Rank.BLOCKED if card.blocked else Rank.PARTLY_GRADED
        advice = advice_of_the_mark(card) if card.blocked else ""
        return Attention(rank, card.reason, students, (card.seen, card.max_score), advice)
    if card.state is not State.GRADED:
        return Attention(_OF_STATES[card.state], card.reason, students)
    verdict = next((each for each in card.verdicts if each.outcome.rule.needs_a_look), None)
    if verdict is not None:
        return Attention(_OF_OUTCOMES[verdict.outcome], verdict.judgement.reason, students)
    old = next(each for each in card.verdicts if each.judgement.cause is Cause.CACHE)
    return Attention(Rank.CACHED, old.judgement.reason, students)


def advice_of_the_mark(card: Scorecard) -> str:
    """What to do about a mark of the platform, if a mark decided the state; else empty."""
    told = (
        each.judgement.advice
        for each in card.verdicts
        if each.judgement.advice and each.outcome is _DECIDING.get(card.state)
    )
    return next(told, "")


def _only_failures(card: Scorecard) -> bool:
    """Whether the app was asked, no reply was the app's own, and nothing else needs a look."""
    if card.own:
        return False
    otherwise = any(each.outcome.rule.needs_a_look for each in card.verdicts)
    return not otherwise and any(each.replies for each in card.verdicts)


def arranged(found: Sequence[tuple[Attention, str]], students: int) -> tuple[Attention, ...]:
    """Group students who share a reason, and sort by rank; each text is the link of a student."""
    lines: list[Attention] = []
    refused = [each for each, _ in found if each.rank is Rank.REFUSED]
    usable = students - sum(each.rank is Rank.INVALID for each, _ in found)
    if len(refused) == usable > 1:
        found = [(each, link) for each, link in found if each.rank is not Rank.REFUSED]
        lines.append(Attention(Rank.ALL_REFUSED, "", _students(refused)))
    groups: dict[Attention, list[Attention]] = {}
    for each, link in found:
        shared = replace(each, seen=_without_host(each.seen, link), students=())
        groups.setdefault(shared, []).append(each)
    for shared, members in groups.items():
        if len(members) < min(_GROUP, max(students, 2)):
            lines += members
        else:
            lines.append(replace(shared, students=_students(members)))
    return tuple(sorted(lines, key=lambda line: line.rank))


def concerns_all(lines: Sequence[Attention], students: int) -> bool:
    """Whether nobody could be graded for one common reason: then the fault is the grader's."""
    return (
        len(lines) == 1
        and lines[0].rank is Rank.NOT_GRADED
        and len(lines[0].students) >= max(students, 2)
    )


def _students(members: Sequence[Attention]) -> tuple[tuple[str, str], ...]:
    return tuple(student for each in members for student in each.students)


def _without_host(seen: str, link: str) -> str:
    """What was seen, without the student's address: then students can share it."""
    try:
        host = urlsplit(link).hostname
    except ValueError:  # what a student handed in may be anything
        host = None
    if not host:
        return seen
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w.-]*\w)(?: port \d+)?", "…", seen)
