"""`report.html`: a class on one page, for its instructor."""

from collections.abc import Collection, Iterator

from grader.analysis.attention import look
from grader.analysis.summary import summarize
from grader.formats.pages import stream
from grader.model import RunInfo, Scorecard

# A browser stays quick with this many; the replies of a larger class are in the students' pages.
MOST_STUDENTS_WITH_REPLIES = 1_000


def render(run: RunInfo, scorecards: Collection[Scorecard]) -> Iterator[str]:
    """Write the report of a class as one self-contained file.

    Its links to the students' own pages are relative: `students/<name>` as `files` names them.
    """
    summary = summarize(scorecards)
    numbers = {question.entry: number for number, question in enumerate(summary.questions)}

    def lost(scorecard: Scorecard) -> list[int]:
        """Which questions of the summary a student did not get right, by their numbers."""
        names = {
            verdict.question.name or verdict.question.family
            for verdict in scorecard.verdicts
            if not verdict.outcome.rule.earns
        }
        # Whom the roster no longer has is no part of the summary.
        return sorted(numbers[name] for name in names if name in numbers)

    context = {
        "run": run,
        "scorecards": scorecards,
        "summary": summary,
        "points": run.battery.points,
        "lost": lost,
        "look": look,
        "with_replies": summary.students <= MOST_STUDENTS_WITH_REPLIES,
    }
    return stream("report.html", context, script="report.js")
