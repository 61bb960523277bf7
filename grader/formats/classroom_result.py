"""GitHub Classroom's result of an autograding step: JSON in base64.

Source of the shape: the step output `result` that Classroom's own autograding actions hand to
their reporter.
"""

import base64
import json
from typing import Any

from grader.formats import words
from grader.formats.advice import STARTER_FILE, Advice, explanation
from grader.formats.escaping import visible
from grader.model import RunInfo, Scorecard, State, Verdict
from grader.outcomes import Outcome

_VERSION = 1


def render(_run: RunInfo, scorecard: Scorecard) -> str:
    """Write a scorecard as the value of the step output `result`, in one line.

    If it is not graded the maximum is 0: the reporter then fails the step and records no points,
    instead of a zero.
    """
    advice = Advice(scorecard)
    ungraded = scorecard.state is State.NOT_GRADED
    result = {
        "version": _VERSION,
        "status": "error" if ungraded else _status(scorecard),
        "max_score": 0 if ungraded else scorecard.max_score,
        "tests": [
            *([_state(advice)] if scorecard.state is not State.GRADED else []),
            *(_test(advice, verdict, title) for title, verdict in words.titled(scorecard)),
        ],
    }
    return base64.b64encode(json.dumps(result, allow_nan=False).encode()).decode("ascii")


def _status(scorecard: Scorecard) -> str:
    right = all(verdict.outcome is Outcome.RIGHT for verdict in scorecard.verdicts)
    return "pass" if right and scorecard.state is State.GRADED else "fail"


def _state(advice: Advice) -> dict[str, Any]:
    """The reason for the state, as a test without points."""
    scorecard = advice.scorecard
    state = words.STATE_WORDS[scorecard.state]
    return _entry(
        "the deployment can be graded",
        "error" if scorecard.state is State.NOT_GRADED else "fail",
        0.0,
        [f"{state}: {scorecard.reason}", advice.on_state],
    )


def _test(advice: Advice, verdict: Verdict, title: str) -> dict[str, Any]:
    scorecard = advice.scorecard
    status = {Outcome.RIGHT: "pass", Outcome.NOT_CHECKED: "error"}.get(verdict.outcome, "fail")
    counts = scorecard.state is State.GRADED
    return _entry(
        title,
        status,
        (verdict.points or 0.0) if counts else 0.0,
        _message(advice, verdict),
        code=words.repeat_command(scorecard.submission, verdict),
        duration=words.elapsed(verdict),
    )


def _message(advice: Advice, verdict: Verdict) -> list[str]:
    if verdict.outcome is Outcome.RIGHT:
        return []
    reason, *others = explanation(advice, verdict) or [""]
    # The reporter logs the message, and a line of a log that begins with :: is a command.
    return [f"{verdict.outcome.value}: {reason}", *(f"- {line}" for line in others)]


def _entry(
    name: str, status: str, score: float, message: list[str], code: str = "", duration: float = 0.0
) -> dict[str, Any]:
    return {
        "name": visible(name),
        "status": status,
        "score": score,
        "message": "\n".join(visible(line) for line in message),
        "test_code": visible(code),
        "filename": STARTER_FILE,
        "line_no": 0,
        "duration": round(duration, 3),
    }
