"""Which of a student's attempts counts, and why, in words."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from grader.formats.escaping import visible
from grader.formats.words import moment
from grader.model import Keep, StoredScorecard
from grader.text.cutting import some_of

_NAMED = 20


def rule(keep: Keep) -> str:
    """Say which attempt a rule lets count."""
    if keep.before is not None:
        return f"the last one asked before {_exactly(keep.before)}"
    return f"the {keep.rule} one"


def _exactly(when: datetime) -> str:
    """Write a moment with its seconds, if it has any."""
    if not (when.second or when.microsecond):
        return moment(when)
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(' ')} UTC"


def notes(keep: Keep, late: Collection[str]) -> tuple[str, ...]:
    """Say which attempt counts, if it is not simply the last one.

    The attempts of the students in `late` count, though they were asked after the rule's moment.
    """
    if keep.rule == "last":
        return ()
    said = f"Of several attempts of a student {rule(keep)} counts."
    if not late:
        return (said,)
    named = some_of([visible(student) for student in late], _NAMED)
    return (said, f"Not graded before then, so that their first one after it counts: {named}")


def standing(stored: StoredScorecard, scorecards: Sequence[StoredScorecard], keep: Keep) -> str:
    """Say whether a student's attempt counts, and if there are several, why."""
    if stored.superseded:
        return "superseded"
    if not stored.current:
        return "does not count"
    if keep.before is not None:
        if stored.asked_at < keep.before:
            return f"counts, {rule(keep)}"
        return f"counts, the first one: none was graded before {_exactly(keep.before)}"
    several = len({each.number for each in scorecards}) > 1
    return f"counts, {rule(keep)}" if several else "counts"
