"""A scorecard as Markdown, for the summary page of a GitHub Actions run."""

from grader.formats import words
from grader.formats.advice import Advice
from grader.formats.escaping import link, markdown_text, one_line
from grader.model import RunInfo, Scorecard, State, Verdict

_REPLY_LIMIT = 120


def render(_run: RunInfo, scorecard: Scorecard) -> str:
    """Write what `$GITHUB_STEP_SUMMARY` shows: the score, and a row for each question."""
    advice = Advice(scorecard)
    lines = [f"## Score: {words.score(scorecard)}", ""]
    if url := link(scorecard.submission.url):
        lines += [f"Deployment: {_code(url)}", ""]
    if release := words.release(scorecard.release):
        lines += [f"Release: {_code(release)}", ""]
    if scorecard.state is not State.GRADED:
        state = words.STATE_WORDS[scorecard.state]
        reason = markdown_text(scorecard.reason)
        lines += [f"**{state}**: {reason} {advice.on_state}", ""]
    lines += ["| | points | question | outcome | reply |", "|---|---:|---|---|---|"]
    lines += [_row(verdict, title) for title, verdict in words.titled(scorecard)]
    if scorecard.state is State.GRADED:
        lines += _next_steps(advice)
    return "\n".join(lines) + "\n"


def _next_steps(advice: Advice) -> list[str]:
    tasks = [
        f"- {markdown_text(', '.join(task.names))}: {markdown_text(task.advice)}"
        for task in advice.tasks
    ]
    more = [f"- {markdown_text(said)}" for said in advice.more]
    return ["", "### What to do next", "", *tasks, *more] if tasks else []


def _row(verdict: Verdict, title: str) -> str:
    outcome = f"{words.outcome(verdict)}: {markdown_text(verdict.judgement.reason)}"
    reply = _code(verdict.reply.text) if verdict.reply and verdict.reply.text else ""
    mark = markdown_text(verdict.outcome.rule.mark)
    return f"| {mark} | {words.points(verdict)} | {markdown_text(title)} | {outcome} | {reply} |"


def _code(text: str) -> str:
    return f"<code>{markdown_text(one_line(text, _REPLY_LIMIT))}</code>"
