"""A class as JUnit XML: a test suite for each student."""

from collections.abc import Collection, Iterator

from grader.formats.junit_xml import DECLARATION, suite
from grader.model import RunInfo, Scorecard


def render(_run: RunInfo, scorecards: Collection[Scorecard]) -> Iterator[str]:
    """Write a class, a student at a time.

    The student's id stands in the class names of the cases, too: readers that merge the suites
    drop all but one of the cases that share class and name.
    """
    yield DECLARATION + '<testsuites name="grader">\n'
    for scorecard in scorecards:
        yield suite(scorecard, f"grader.{scorecard.submission.andrew_id}") + "\n"
    yield "</testsuites>\n"
