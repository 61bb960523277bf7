"""`report.html`: a class on one page, for its instructor."""

from collections.abc import Collection, Iterator

from markupsafe import Markup

from grader.analysis.attention import look
from grader.analysis.summary import ClassSummary, summarize
from grader.formats import words
from grader.formats.escaping import one_line
from grader.formats.markup import escaped, html, tone
from grader.formats.pages import stream
from grader.model import RunInfo, Scorecard, Verdict

# A browser stays quick with this many; the replies of a larger class are in the students' pages.
MOST_STUDENTS_WITH_REPLIES = 1_000


def render(
    run: RunInfo, scorecards: Collection[Scorecard], summary: ClassSummary | None = None
) -> Iterator[str]:
    """Write the report of a class as one self-contained file; `summary` saves to count it again.

    Its links to the students' own pages are relative: `students/<name>` as `files` names them.
    """
    summary = summary or summarize(scorecards)
    numbers = {question.entry: number for number, question in enumerate(summary.questions)}

    def lost(scorecard: Scorecard) -> list[int]:
        """Which questions of the summary a student did not get right, by their numbers."""
        names = {
            verdict.question.name or verdict.question.family
            for verdict in scorecard.verdicts
            if not verdict.outcome.rule.earns
        }
        # The summary leaves out students whom the roster no longer has.
        return sorted(numbers[name] for name in names if name in numbers)

    context = {
        "run": run,
        "scorecards": scorecards,
        "summary": summary,
        "points": run.battery.points,
        "lost": lost,
        "rows": _rows,
        "look": look,
        "with_replies": summary.students <= MOST_STUDENTS_WITH_REPLIES,
    }
    return stream("report.html", context, script="report.js")


def _rows(scorecard: Scorecard) -> Markup:
    """The checks of a student. In a template, one expression takes as long as a whole row here."""
    several = words.several_ways(scorecard)
    rows, before = [], None
    for verdict in scorecard.verdicts:
        question = verdict.question
        entry = (question.name, question.probe)
        named = words.title(question, several=several) if entry != before else question.query
        rows.append(_row(verdict, named))
        before = entry
    return html("".join(rows))


def _row(verdict: Verdict, named: str) -> str:
    text = verdict.reply.text if verdict.reply else ""
    slow = " <b class=look>but slow</b>" if verdict.degraded else ""
    reason = ""
    if not verdict.outcome.rule.earns:
        why = one_line(verdict.judgement.reason, 80 if text else 160)
        reason = f"<small>{escaped(why)}</small>"
    return (
        f"<tr><td><b class={tone(verdict.outcome)}>{verdict.outcome}</b>{slow}"
        f"<td>{words.points(verdict)}<td>{escaped(one_line(named, 100))}"
        f"<td>{escaped(one_line(str(verdict.question.key), 60))}"
        f"<td>{escaped(one_line(text, 120))}{reason}\n"
    )
