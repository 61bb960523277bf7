"""One scorecard in plain words, for whoever has checked a deployment."""

from grader.formats import transport, words
from grader.formats.advice import Advice
from grader.formats.escaping import link, visible
from grader.model import RunInfo, Scorecard, State


def render(_run: RunInfo, scorecard: Scorecard) -> str:
    """Sum up the score, how it was earned, and what to do next; `terminal.fitted` breaks lines."""
    advice = Advice(scorecard, by_option=True)
    if scorecard.state is not State.GRADED:
        state = words.STATE_WORDS[scorecard.state].capitalize()
        lines = [f"{state}: {visible(scorecard.reason)}", visible(advice.on_state)]
        if scorecard.state is State.NOT_GRADED and scorecard.seen:
            earned = words.decimal(scorecard.seen)
            so_far = f"Earned so far: {earned} of {words.decimal(scorecard.max_score)} points."
            lines.insert(1, so_far)
    else:
        lines = _next_steps(advice)
    answered = []
    if release := visible(words.release(scorecard.release)):
        answered.append(f"The release that answered: {release}.")
    if connection := transport.connection(scorecard):
        answered.append(f"Connection: {connection}.")
    if speed := transport.speed(scorecard):
        answered.append(f"Replies: {speed}.")
    return "\n".join([score(scorecard), *answered, *lines])


def score(scorecard: Scorecard) -> str:
    """Say the score in one line, as in "Score: 40 of 100 points (40 %)"."""
    percent = scorecard.percent
    share = "" if percent is None else f" ({words.percent(percent)})"
    return f"Score: {words.score(scorecard)} points{share}"


def _next_steps(advice: Advice) -> list[str]:
    scorecard = advice.scorecard
    if all(each.outcome.rule.earns for each in scorecard.verdicts):
        url = link(scorecard.submission.url)
        return [advice.on_all_right + ("" if advice.local else f" The link to hand in: {url}")]
    lines = ["What to do next:"]
    for task in advice.tasks:
        lines += [f"  {visible(', '.join(task.names))}", f"    {visible(task.advice)}"]
    return [*lines, *(f"  {visible(said)}" for said in advice.more)]
