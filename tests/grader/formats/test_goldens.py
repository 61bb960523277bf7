"""Formats that programs read, compared byte by byte with files that were checked by eye."""

import base64
import json
from pathlib import Path

import pytest

from grader.formats import (
    blackboard_csv,
    classroom_result,
    grades_csv,
    gradescope_json,
    junit_class_xml,
    junit_xml,
    moodle_csv,
    report_html,
    results_json,
    scorecard_json,
    step_summary,
    student_html,
    terminal,
)
from grader.formats.gradebook import Gradebook
from tests.grader.formats.classes import RUN, small_class

GOLDEN = Path(__file__).parent / "golden"
DOWNLOADED = (GOLDEN.parent / "data" / "blackboard_downloaded.csv").read_bytes()
CLASS = small_class()
PARTIAL, UNREACHABLE, UNKNOWN = CLASS[1], CLASS[5], CLASS[8]


def decoded(result: str) -> str:
    return json.dumps(json.loads(base64.b64decode(result, validate=True)), indent=1) + "\n"


def shown(page: str) -> str:
    """What a page shows, without its style and its script."""
    return page[page.index("<header") : page.index("</footer>")]


RENDERED = {
    "grades.csv": "".join(grades_csv.render(RUN, CLASS)),
    "results.json": "".join(results_json.render(RUN, CLASS)),
    "check.json": scorecard_json.render(RUN, PARTIAL),
    "partial.xml": junit_xml.render(RUN, PARTIAL),
    "unreachable.xml": junit_xml.render(RUN, UNREACHABLE),
    "not_graded.xml": junit_xml.render(RUN, UNKNOWN),
    "partial.md": step_summary.render(RUN, PARTIAL),
    "unreachable.md": step_summary.render(RUN, UNREACHABLE),
    "class.xml": "".join(junit_class_xml.render(RUN, CLASS)),
    "gradescope_partial.json": gradescope_json.render(RUN, PARTIAL),
    "gradescope_unreachable.json": gradescope_json.render(RUN, UNREACHABLE),
    "gradescope_not_graded.json": gradescope_json.render(RUN, UNKNOWN),
    "classroom_partial.json": decoded(classroom_result.render(RUN, PARTIAL)),
    "classroom_unreachable.json": decoded(classroom_result.render(RUN, UNREACHABLE)),
    "classroom_not_graded.json": decoded(classroom_result.render(RUN, UNKNOWN)),
    "blackboard.csv": blackboard_csv.render(
        RUN, CLASS, Gradebook(DOWNLOADED, "Deploy, then check")
    ).content.decode(),
    "moodle.csv": moodle_csv.render(
        RUN, CLASS, Gradebook(assignment="Deploy, then check")
    ).content.decode(),
    "partial.html": shown(student_html.render(RUN, PARTIAL)),
    "not_graded.html": shown(student_html.render(RUN, UNKNOWN)),
    "report.html": shown("".join(report_html.render(RUN, CLASS))),
    "summary.txt": terminal.summary_table(CLASS) + "\n",
}


@pytest.mark.parametrize("name", RENDERED)
def test_as_it_was_agreed(name: str) -> None:
    assert RENDERED[name].encode() == (GOLDEN / name).read_bytes()


def test_json_of_nobody_is_json() -> None:
    assert json.loads("".join(results_json.render(RUN, [])))["students"] == []


def test_json_holds_every_student_and_no_secret() -> None:
    text = RENDERED["results.json"]
    assert [each["andrew_id"] for each in json.loads(text)["students"]] == [
        each.submission.andrew_id for each in CLASS
    ]
    assert "s3cret-bypass" not in text
    assert "555-0100" not in text
