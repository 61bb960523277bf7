"""One hostile text wherever a stranger can put it, through every format."""

import base64
import csv
import io
import json
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

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
    step_summary,
    student_html,
    terminal,
)
from grader.formats.gradebook import Gradebook
from grader.model import Judged, Submission, WakingUp
from tests.grader.formats.classes import ATTACKS, RUN, finished, hostile

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}

attacks = pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))


def assert_harmless(text: str) -> None:
    assert not {unicodedata.category(char) for char in text.replace("\n", "")} & HIDDEN


@attacks
def test_terminal(attack: str) -> None:
    card = hostile(attack)
    assert_harmless(terminal.waking_up(WakingUp(card.submission, 90)))
    assert_harmless(finished(card))
    assert_harmless(terminal.summary_table([card]))
    for verdict in card.verdicts:
        words = terminal.told(Judged(verdict, 1, 2), card.submission, width=20_000)
        assert_harmless(words)
        assert "Open:   javascript" not in words
        assert len(words.split("\n")) <= 5


@attacks
def test_csv(attack: str) -> None:
    text = "".join(grades_csv.render(RUN, [hostile(attack)]))
    assert_harmless(text.replace("\r\n", ""))
    header, row = csv.reader(text.splitlines(keepends=True))
    assert len(row) == len(header)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@attacks
def test_json(attack: str) -> None:
    text = "".join(results_json.render(RUN, [hostile(attack)]))
    assert text.isascii()
    assert_harmless(text)
    [student] = json.loads(text)["students"]
    assert student["items"][0]["reply"] == attack


@attacks
def test_junit(attack: str) -> None:
    text = junit_xml.render(RUN, hostile(attack))
    assert_harmless(text)
    suite = ET.fromstring(text.encode())  # noqa: S314 - our own
    assert {element.tag for element in suite.iter()} == {"testsuite", "testcase", "failure"}
    assert suite.get("failures") == "2"


@attacks
def test_junit_of_a_class(attack: str) -> None:
    card = hostile(attack)
    odd_id = replace(card, submission=replace(card.submission, andrew_id=attack))
    text = "".join(junit_class_xml.render(RUN, [card, odd_id]))
    assert_harmless(text)
    suites = ET.fromstring(text.encode())  # noqa: S314 - our own
    assert {element.tag for element in suites.iter()} == {
        "testsuites", "testsuite", "testcase", "failure",
    }  # fmt: skip
    cases = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
    assert len(cases) == len(set(cases)) == 4


@attacks
def test_gradescope(attack: str) -> None:
    result = json.loads(gradescope_json.render(RUN, hostile(attack)))
    shown = [result["output"], *(test["output"] for test in result["tests"])]
    for text in (*shown, *(test["name"] for test in result["tests"])):
        assert_harmless(text)
    assert len(result["tests"][0]["output"].splitlines()) <= 5
    assert {test["output_format"] for test in result["tests"]} == {"text"}
    assert result["output_format"] == result["test_name_format"] == "text"
    assert_harmless(json.loads(gradescope_json.render_message(attack, 0.0))["output"])


@attacks
def test_classroom(attack: str) -> None:
    encoded = classroom_result.render(RUN, hostile(attack))
    assert encoded.isascii()
    assert encoded.isprintable()
    for test in json.loads(base64.b64decode(encoded))["tests"]:
        assert_harmless(test["message"] + test["name"] + test["test_code"])
        assert not any(line.startswith(("::", "##")) for line in test["message"].splitlines())


@attacks
@pytest.mark.parametrize("column", moodle_csv.IdColumn)
def test_moodle(attack: str, column: moodle_csv.IdColumn) -> None:
    honest = replace(hostile("x"), verdicts=())
    text = moodle_csv.render(
        RUN, [hostile(attack), honest], Gradebook(assignment=attack, id_column=column)
    ).content.decode()
    assert_harmless(text.replace("\r\n", ""))
    for row in csv.reader(text.splitlines(keepends=True)):
        assert len(row) == 2
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@attacks
def test_blackboard(attack: str) -> None:
    column = "Lab [Total Pts: 10 Score] |12345"
    users = ["abc123", attack.replace("\ud800", ""), "=abc123"]
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
        [
            ("Last Name", "Username", column),
            *((attack[:5].strip("\ud800"), user, "") for user in users),
        ]
    )
    ours = [hostile(attack), replace(hostile(attack), submission=Submission(attack, ""))]
    content = blackboard_csv.render(
        RUN, ours, Gradebook(file.getvalue().encode(), "Lab")
    ).content.decode()
    assert_harmless(content.replace("\r\n", ""))
    header, *rows = csv.reader(content.splitlines(keepends=True))
    assert header == ["Username", column]
    assert rows[0] == ["abc123", "0"]
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row
    )


@attacks
def test_step_summary(attack: str) -> None:
    text = step_summary.render(RUN, hostile(attack))
    assert_harmless(text)
    assert {element.name for element in BeautifulSoup(text, "html.parser").find_all()} <= {
        "code",
        "br",
    }
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [line.count("|") for line in rows] == [6] * 4


@attacks
@pytest.mark.parametrize("page", ["report", "student"])
def test_html(attack: str, page: str) -> None:
    card = hostile(attack)
    if page == "report":
        text = "".join(report_html.render(RUN, [card]))
    else:
        text = student_html.render(RUN, card)
    soup = BeautifulSoup(text, "html.parser")
    assert len(soup.find_all("script")) == (1 if page == "report" else 0)
    assert len(soup.find_all("style")) == 1
    assert not soup.find_all(["img", "iframe", "evil", "form"])
    for element in soup.find_all():
        assert not [name for name in element.attrs if name.startswith("on") or name == "style"]
        href = str(element.get("href", "#"))
        assert href.startswith(("https://", "#", "students/"))
    for style in soup.find_all(["script", "style"]):
        style.decompose()
    assert_harmless(soup.get_text().replace("\t", ""))


def test_junit_names_are_unique() -> None:
    card = hostile("x")
    text = junit_xml.render(RUN, replace(card, verdicts=card.verdicts * 3))
    cases = ET.fromstring(text.encode()).iter("testcase")  # noqa: S314 - our own
    names = [case.get("name") for case in cases]
    assert len(names) == len(set(names)) == 6
