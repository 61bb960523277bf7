"""Which formats there are, by name. The command line and the documentation read them here.

Each format is a module of this room with a function `render`. All formats of one kind of thing take
the same arguments, and a module is imported when it is asked for: most commands need none.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from grader.formats.gradebook import Filled, Gradebook
    from grader.model import Question, RunInfo, Scorecard, Transcript

SCORECARD = {
    "text": "scorecard_text",
    "json": "scorecard_json",
    "junit": "junit_xml",
    "gradescope": "gradescope_json",
    "classroom": "classroom_result",
    "html": "student_html",
}
"""How one scorecard is shown."""

QUESTIONS = {"table": "questions_table", "json": "questions_json"}
"""How a student's questions are shown."""

TRANSCRIPT = {"text": "transcript_text", "json": "transcript_json"}
"""How all that a run knows of one student is shown."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file for another system, and its name in a run's folder.

    It needs some fields of `Gradebook` and takes others. A format that needs none is no gradebook.
    """

    module: str
    file: str
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


_COLUMN = frozenset({"downloaded", "assignment"})
EXPORTS = {
    "blackboard": Export("blackboard_csv", "blackboard.csv", _COLUMN),
    "canvas": Export("canvas_csv", "canvas.csv", _COLUMN, frozenset({"replace_excused"})),
    "csv": Export("grades_csv", "grades.csv"),
    "json": Export("results_json", "results.json"),
    "junit": Export("junit_class_xml", "junit.xml"),
    "moodle": Export(
        "moodle_csv", "moodle.csv", frozenset({"assignment"}), frozenset({"id_column"})
    ),
}
"""How a run is given to other systems."""


def of_scorecard(name: str) -> Callable[[RunInfo, Scorecard], str]:
    """The function that shows one scorecard in the format `name`."""
    return _render(SCORECARD[name])


def of_questions(name: str) -> Callable[[tuple[Question, ...], int], str]:
    """The function that shows questions, drawn with a seed, in the format `name`."""
    return _render(QUESTIONS[name])


def of_transcript(name: str) -> Callable[[RunInfo, Transcript], str]:
    """The function that shows a transcript in the format `name`."""
    return _render(TRANSCRIPT[name])


def of_run(name: str) -> Callable[[RunInfo, Collection[Scorecard]], Iterator[str]]:
    """The function that writes a run in the format `name`, which is no gradebook."""
    return _render(EXPORTS[name].module)


def of_gradebook(name: str) -> Callable[[RunInfo, Iterable[Scorecard], Gradebook], Filled]:
    """The function that writes a run into a gradebook of the kind `name`."""
    return _render(EXPORTS[name].module)


def _render(module: str) -> Callable[..., Any]:
    render: Callable[..., Any] = import_module(f"grader.formats.{module}").render
    return render
