"""A scorecard as Markdown, for the summary page of a GitHub Actions run."""

from grader.formats import words
from grader.formats.escaping import link, markdown_text, one_line
from grader.model import Scorecard, State, Verdict

_REPLY_LIMIT = 120


def render(scorecard: Scorecard) -> str:
    """Write what `$GITHUB_STEP_SUMMARY` shows: the score, and a row for each question."""
    lines = [f"## Score: {words.score(scorecard)}", ""]
    url = link(scorecard.submission.url)
    if url:
        lines += [f"Deployment: {_code(url)}", ""]
    release = words.release(scorecard.release)
    if release:
        lines += [f"Release: {_code(release)}", ""]
    if scorecard.state is not State.GRADED:
        state = words.STATE_WORDS[scorecard.state]
        reason = markdown_text(scorecard.reason)
        lines += [f"**{state}**: {reason} {words.state_advice(scorecard)}", ""]
    lines += ["| | points | question | outcome | reply |", "|---|---:|---|---|---|"]
    lines += [_row(verdict) for verdict in scorecard.verdicts]
    return "\n".join(lines) + "\n"


def _row(verdict: Verdict) -> str:
    outcome = f"{words.outcome(verdict)}: {markdown_text(verdict.judgement.reason)}"
    advice = words.advice(verdict)
    if advice:
        outcome += f"<br>{markdown_text(advice)}"
    reply = _code(verdict.reply.text) if verdict.reply and verdict.reply.text else ""
    query = markdown_text(words.asked(verdict.question))
    mark = markdown_text(verdict.outcome.rule.mark)
    return f"| {mark} | {words.points(verdict)} | {query} | {outcome} | {reply} |"


def _code(text: str) -> str:
    return f"<code>{markdown_text(one_line(text, _REPLY_LIMIT))}</code>"
