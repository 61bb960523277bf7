"""JUnit XML, as the test reports of CI systems read it."""

import xml.etree.ElementTree as ET
from collections import Counter

from grader.formats.advice import STARTER_FILE, Advice, explanation
from grader.formats.escaping import visible, xml_text
from grader.formats.words import STATE_WORDS, elapsed, titled
from grader.formats.words import timestamp as rfc3339
from grader.model import RunInfo, Scorecard, State, Verdict
from grader.outcomes import Outcome

DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"
"""How each file begins."""


def render(_run: RunInfo, scorecard: Scorecard) -> str:
    """Write one student's scorecard as a test suite with a test case for each question.

    A submission that could not be graded as a whole gets a failing case of its own, so that a
    report of nothing but skipped cases never looks green.
    """
    return DECLARATION + suite(scorecard, "grader") + "\n"


def suite(scorecard: Scorecard, name: str) -> str:
    """Write one test suite, which is called `name`."""
    suite = ET.Element("testsuite", name=_clean(name))
    advice = Advice(scorecard)
    if scorecard.state is not State.GRADED:
        _add_state(suite, advice)
    seen: Counter[str] = Counter()
    for name, verdict in titled(scorecard):
        seen[name] += 1
        # Readers drop all but one of the cases that share a name.
        unique = f"{name} ({seen[name]})" if seen[name] > 1 else name
        _add_case(suite, advice, verdict, unique)
    for attribute, path in (
        ("tests", "testcase"),
        ("failures", "testcase/failure"),
        ("errors", "testcase/error"),
        ("skipped", "testcase/skipped"),
    ):
        suite.set(attribute, str(len(suite.findall(path))))
    seconds = (scorecard.finished_at - scorecard.started_at).total_seconds()
    suite.set("time", f"{seconds:.3f}")
    suite.set("timestamp", rfc3339(scorecard.started_at))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode")


def _add_state(suite: ET.Element, advice: Advice) -> None:
    scorecard = advice.scorecard
    case = _case(suite, "deployment", "the deployment can be graded", 0.0)
    tag = "error" if scorecard.state is State.NOT_GRADED else "failure"
    words = [scorecard.reason, advice.on_state]
    _explain(case, tag, STATE_WORDS[scorecard.state], scorecard.reason, words)


def _add_case(suite: ET.Element, advice: Advice, verdict: Verdict, name: str) -> None:
    question = verdict.question
    case = _case(suite, question.section or question.family, name, elapsed(verdict))
    if verdict.outcome is Outcome.RIGHT:
        return
    tag = {Outcome.SKIPPED: "skipped", Outcome.NOT_CHECKED: "error"}.get(verdict.outcome, "failure")
    reason = verdict.judgement.reason
    _explain(case, tag, verdict.outcome.value, reason, explanation(advice, verdict))


def _case(suite: ET.Element, classname: str, name: str, time: float) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        classname=_clean(f"{suite.get('name')}.{classname}"),
        name=_clean(name),
        file=STARTER_FILE,
        time=f"{time:.3f}",
    )


def _explain(case: ET.Element, tag: str, kind: str, message: str, lines: list[str]) -> None:
    element = ET.SubElement(case, tag, type=kind, message=_clean(message))
    element.text = "\n".join(_clean(line) for line in lines if line)


def _clean(text: str) -> str:
    return xml_text(visible(text))
