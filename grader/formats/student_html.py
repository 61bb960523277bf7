"""`students/<andrew_id>.html`: one student's scorecard, to hand back."""

from collections.abc import Iterable

from grader.formats import words
from grader.formats.advice import Advice, is_consequence
from grader.formats.pages import page
from grader.model import RunInfo, Scorecard, State, Verdict


def render(run: RunInfo, scorecard: Scorecard) -> str:
    """Write one student's page as one self-contained file that holds nothing of other students."""
    advice = Advice(scorecard)
    graded = scorecard.state is State.GRADED
    several = words.several_ways(scorecard)
    right, asked, others = [], [], []
    for verdict in scorecard.verdicts:
        if verdict.outcome.rule.earns:
            right.append(verdict)
        elif is_consequence(verdict) if graded else not verdict.replies:
            others.append(verdict)
        else:
            asked.append(verdict)
    context = {
        "run": run,
        "scorecard": scorecard,
        "percent": scorecard.percent,
        "advice": advice,
        "tasks": advice.tasks,
        "asked": _by_name(asked, several),
        "others": _by_name(others, several),
        "right": _by_name(right, several),
        "counts": (len(asked), len(others), len(right)),
    }
    return page("student.html", context)


def _by_name(verdicts: Iterable[Verdict], several: bool) -> dict[str, list[Verdict]]:
    """Verdicts by the names of their questions, in the order of the first of each."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(words.name(verdict.question, several=several), []).append(verdict)
    return groups
