"""`students/<andrew_id>.html`: one student's scorecard, to hand back."""

from grader.formats.advice import Advice
from grader.formats.pages import page
from grader.model import RunInfo, Scorecard


def render(run: RunInfo, scorecard: Scorecard) -> str:
    """Write one student's page as one self-contained file that holds nothing of other students."""
    return page("student.html", {"run": run, "scorecard": scorecard, "advice": Advice(scorecard)})
