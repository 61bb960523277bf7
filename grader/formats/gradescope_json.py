"""`results.json` of a Gradescope autograder: one submission, as its student may see it.

Source of the shape: Gradescope's autograder specification. Every text is declared to be plain
text, since parts of it come from strangers.
"""

import json
from typing import Any

from grader.formats import words
from grader.formats.advice import Advice, explanation
from grader.formats.escaping import visible
from grader.model import RunInfo, Scorecard, State, Verdict
from grader.outcomes import Outcome

_FORMATS = ("output_format", "test_output_format", "test_name_format")
_SHOWN = {"visibility": "visible"} | dict.fromkeys(_FORMATS, "text")


def render(run: RunInfo, scorecard: Scorecard) -> str:
    """Write a scorecard; one that is not graded has no score at all, which is no zero."""
    advice = Advice(scorecard)
    graded = scorecard.score is not None
    seconds = (scorecard.finished_at - scorecard.started_at).total_seconds()
    return _dump(
        ({"score": scorecard.score} if graded else {})
        | {"execution_time": round(seconds, 3), "output": _output(run, advice)}
        | _SHOWN
        | {
            "tests": [
                {"name": visible(title), "number": str(number)}
                | _test(advice, verdict, graded=graded)
                for number, (title, verdict) in enumerate(words.titled(scorecard), start=1)
            ],
            "extra_data": {
                "andrew_id": scorecard.submission.andrew_id,
                "url": scorecard.submission.url,
                "state": scorecard.state.value,
                "battery": run.battery.name,
                "seed": run.seed,
            },
        }
    )


def render_message(message: str, score: float | None) -> str:
    """Write a result without tests: words for the student, and a score unless there is none."""
    head = {} if score is None else {"score": score}
    return _dump(head | {"output": visible(message, lines=True)} | _SHOWN)


def _dump(result: dict[str, Any]) -> str:
    return json.dumps(result, indent=2, allow_nan=False) + "\n"


def _output(run: RunInfo, advice: Advice) -> str:
    scorecard = advice.scorecard
    lines = [f"Score: {words.score(scorecard)} points"]
    if scorecard.state is not State.GRADED:
        state = words.STATE_WORDS[scorecard.state].capitalize()
        lines += [f"{state}: {scorecard.reason}", advice.on_state]
    lines.append(f"Deployment: {scorecard.submission.url}")
    lines += [f"Note: {note}" for note in scorecard.submission.notes]
    if release := words.release(scorecard.release):
        lines.append(f"Release: {release}")
    lines.append(f"The questions were drawn with seed {run.seed}.")
    return _text(lines)


def _test(advice: Advice, verdict: Verdict, *, graded: bool) -> dict[str, Any]:
    right = verdict.outcome is Outcome.RIGHT
    test: dict[str, Any] = {
        "max_score": verdict.question.points,
        "output": _text(_explanation(advice, verdict)),
        "output_format": "text",
        "visibility": "visible",
    }
    if verdict.outcome.rule.scored:
        test["status"] = "passed" if right else "failed"
    if graded:
        test["score"] = verdict.points
    return test


def _explanation(advice: Advice, verdict: Verdict) -> list[str]:
    lines = explanation(advice, verdict)
    return [f"{words.outcome(verdict)}: {lines[0]}", *lines[1:]] if lines else [verdict.outcome]


def _text(lines: list[str]) -> str:
    return "\n".join(visible(line) for line in lines if line)
