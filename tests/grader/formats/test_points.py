"""Points are exact decimals wherever they leave us: `0.30000000000000004` is in no file."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.formats import (
    blackboard_csv,
    classroom_result,
    grades_csv,
    gradescope_json,
    junit_xml,
    moodle_csv,
    questions_json,
    questions_table,
    report_html,
    results_json,
    scorecard_json,
    step_summary,
    terminal,
)
from grader.formats.gradebook import Gradebook
from grader.model import Battery, Entry
from grader.outcomes import Outcome
from tests.grader.formats.classes import QUESTIONS, RUN, scorecard
from tests.grader.formats.test_goldens import DOWNLOADED

# A careless sum of the three 0.1 is 0.30000000000000004, of all 0.8999999999999999.
POINTS = (0.1, 0.1, 0.1, 0.1, 0.5)
TENTHS = tuple(
    replace(question, points=points) for question, points in zip(QUESTIONS, POINTS, strict=True)
)
OUTCOMES = (Outcome.RIGHT, Outcome.RIGHT, Outcome.RIGHT, Outcome.WRONG, Outcome.WRONG)
CARD = scorecard("abc123", OUTCOMES, questions=TENTHS)
BATTERY = Battery("tenths", "Tenths", (Entry(0.1, "sum", family="addition", count=3),), "")
TENTHS_RUN = replace(RUN, battery=BATTERY)
LONG = re.compile(r"\d\.\d{5}")


def numbers(value: object) -> Iterator[float]:
    """Every number in parsed JSON, times and durations aside."""
    if isinstance(value, dict):
        for key, each in value.items():
            if not key.endswith("_ms"):
                yield from numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, float):
        yield value


RENDERED = {
    "grades.csv": "".join(grades_csv.render(RUN, [CARD])),
    "results.json": "".join(results_json.render(TENTHS_RUN, [CARD])),
    "check.json": scorecard_json.render(TENTHS_RUN, CARD),
    "gradescope.json": gradescope_json.render(TENTHS_RUN, CARD),
    "classroom": base64.b64decode(classroom_result.render(RUN, CARD)).decode(),
    "junit.xml": junit_xml.render(RUN, CARD),
    "summary.md": step_summary.render(RUN, CARD),
    "terminal": terminal.summary_table([CARD]),
    "questions.json": questions_json.render(TENTHS, 1),
    "questions.txt": questions_table.render(TENTHS[:3], 1),
    "blackboard.csv": blackboard_csv.render(
        RUN, [CARD], Gradebook(DOWNLOADED, "Deploy, then check")
    ).content.decode(),
    "moodle.csv": moodle_csv.render(RUN, [CARD], Gradebook(assignment="Deploy")).content.decode(),
    "report.html": "".join(report_html.render(TENTHS_RUN, [CARD])),
}


@pytest.mark.parametrize("name", RENDERED)
def test_no_file_holds_more_digits_than_the_points_have(name: str) -> None:
    text = RENDERED[name]
    if text.startswith(("{", "[")):
        assert [each for each in numbers(json.loads(text)) if round(each, 4) != each] == []
    else:
        assert not LONG.search(text)


def test_the_score_is_what_a_person_adds_up() -> None:
    assert (CARD.score, CARD.max_score) == (0.3, 0.9)
    assert json.loads(RENDERED["check.json"])["percent"] == 33.33
    assert json.loads(RENDERED["gradescope.json"])["score"] == 0.3
    assert "3 questions, 0.3 points" in RENDERED["questions.txt"]


@pytest.mark.parametrize(("points", "percent"), [((0.07, 0.03), 70.0), ((1.1, 2.2), 100 / 3)])
def test_a_percentage_is_that_of_the_decimals(points: tuple[float, float], percent: float) -> None:
    both = tuple(
        replace(question, points=each) for question, each in zip(QUESTIONS[:2], points, strict=True)
    )
    assert scorecard("a", (Outcome.RIGHT, Outcome.WRONG), questions=both).percent == percent
