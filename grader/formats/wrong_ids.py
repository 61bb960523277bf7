"""What an app says in place of its student's id: the placeholder, or somebody else's id."""

import re

from grader.model import IdKey, Scorecard, Verdict
from grader.outcomes import Outcome

PLACEHOLDER = "your-andrew-id"
"""What stands in our starter and in our guides where the student's own id belongs."""

# As ids are mostly written: neither "Prospero" nor "No Match" is one.
_LIKE_AN_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,30}[a-z0-9]")
_NO_IDS = frozenset({PLACEHOLDER, "none", "null", "undefined", "nan", "true", "false", "error"})


def said(verdict: Verdict) -> str:
    """The reply's text without blanks around it; empty if none came."""
    return verdict.reply.text.strip() if verdict.reply else ""


def holds_placeholder(verdict: Verdict) -> bool:
    """Whether an id was asked for, and the placeholder came."""
    return _is_wrong_id(verdict) and PLACEHOLDER in said(verdict).casefold()


def is_id(verdict: Verdict, other: str) -> bool:
    """Whether an id was asked for, and the `other` one came; False if that is empty."""
    return bool(other) and _is_wrong_id(verdict) and said(verdict) == other


def other_id(scorecard: Scorecard) -> str:
    """The other id that the app always gives in place of the student's; else empty."""
    student = scorecard.submission.andrew_id
    asked, others = set(), set()
    for verdict in scorecard.verdicts:
        key = verdict.question.key
        if not (isinstance(key, IdKey) and key.value == student):
            others.add(said(verdict))
        elif verdict.outcome.rule.earns:
            return ""
        else:
            asked.add(said(verdict))
    asked.discard("")
    word = asked.pop() if len(asked) == 1 else ""
    looks_so = _LIKE_AN_ID.fullmatch(word) is not None and word not in _NO_IDS
    # A word that also answers other queries is no id.
    return word if looks_so and word not in others else ""


def _is_wrong_id(verdict: Verdict) -> bool:
    return isinstance(verdict.question.key, IdKey) and verdict.outcome is Outcome.WRONG
