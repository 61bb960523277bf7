"""Plain words for a terminal: readable without color, safe whatever a deployment answered."""

import math
from collections.abc import Collection

from grader.formats import delivery, words
from grader.formats.escaping import link, one_line, visible
from grader.formats.summary import ClassSummary, QuestionSummary, summarize
from grader.model import (
    AskingAgain,
    Awake,
    Event,
    Finished,
    Judged,
    LookingAgain,
    Reply,
    Scorecard,
    State,
    Submission,
    Verdict,
    WakingUp,
)
from grader.outcomes import Outcome

_REPLY_LIMIT = 200
_BAR = 20
_SHOWN_FOR_A_LOOK = 10


def told(event: Event, submission: Submission) -> str:
    """Say what just happened; empty for the end, which `finished` sums up."""
    match event:
        case WakingUp():
            return waking_up(event)
        case Awake():
            return awake(event)
        case Judged():
            return judged(event, submission)
        case LookingAgain():
            return looking_again(event)
        case AskingAgain():
            return asking_again(event)
        case Finished():
            return ""


def waking_up(event: WakingUp) -> str:
    """Say that the deployment is being woken up."""
    url = visible(event.submission.url)
    return f"Waking up {url} (free hosts may need up to {event.deadline:.0f} s) ..."


def awake(event: Awake) -> str:
    """Say that the deployment answered, and which release it runs."""
    if event.only:
        took = words.seconds(event.elapsed_ms)
        return f"Nothing of the app's own came in {took}: {visible(event.only)}."
    release = visible(words.release(event.release))
    running = f", running {release}" if release else ""
    return f"It answered after {words.seconds(event.elapsed_ms)}{running}."


def looking_again(event: LookingAgain) -> str:
    """Say that nothing of the app's own came, and for how long it is looked at again."""
    seconds = words.seconds(1000 * event.seconds)
    return (
        f"Nothing of the app's own came yet ({visible(event.reason)}). "
        f"Looking again every few seconds, for {seconds} at most ..."
    )


def asking_again(event: AskingAgain) -> str:
    """Say that a second pass begins, and why not at once."""
    wait = f"In {words.seconds(1000 * event.seconds)}, as asked for: " if event.seconds else ""
    asked = f"asking once more what may pass this time ({event.questions} of the questions) ..."
    return wait + asked if wait else asked.capitalize()


def judged(event: Judged, submission: Submission) -> str:
    """Say how one question ended: one line, and below it what helps where it is not right."""
    width = len(str(event.total))
    return f"{event.number:>{width}}/{event.total}  " + verdict(event.verdict, submission)


def verdict(value: Verdict, submission: Submission) -> str:
    """Write a verdict as one line, and below it, indented, what helps where it is not right."""
    question = value.question
    asked = visible(words.asked(question))
    reason = visible(value.judgement.reason or value.outcome.rule.words)
    head = f"{value.outcome.rule.mark}  {words.points(value):>10}  {asked}  {reason}"
    if value.degraded:
        head += f"  ({words.outcome(value)})"
    return "\n".join([head, *(f"      {line}" for line in _help(value, submission))])


def _help(value: Verdict, submission: Submission) -> list[str]:
    if value.outcome is Outcome.RIGHT:
        return []
    lines = []
    if value.reply and value.reply.text:
        lines.append(f"Reply:  {one_line(value.reply.text, _REPLY_LIMIT)}")
    advice = words.advice(value)
    if advice:
        lines.append(f"Do:     {visible(advice)}")
    url = words.repeat_url(value)
    if url:
        lines.append(f"Open:   {url}")
    command = words.repeat_command(submission, value)
    if command:
        lines.append(f"Repeat: {command}")
    return lines


def finished(scorecard: Scorecard) -> str:
    """Sum a scorecard up: the score, how and by what it was earned, and what to do next."""
    if scorecard.state is not State.GRADED:
        state = words.STATE_WORDS[scorecard.state].capitalize()
        advice = words.STATE_ADVICE[scorecard.state]
        lines = [f"{state}: {visible(scorecard.reason)}", advice]
    else:
        lines = _next_steps(scorecard)
    answered = []
    if release := visible(words.release(scorecard.release)):
        answered.append(f"The release that answered: {release}.")
    if connection := delivery.connection(scorecard):
        answered.append(f"Connection: {connection}.")
    if speed := delivery.speed(scorecard):
        answered.append(f"Replies: {speed}.")
    percent = scorecard.percent
    share = "" if percent is None else f" ({words.decimal(percent, 1)} %)"
    head = f"Score: {words.score(scorecard)} points{share}"
    return "\n".join([head, *answered, *lines])


def _next_steps(scorecard: Scorecard) -> list[str]:
    missing = [each for each in scorecard.verdicts if not each.outcome.rule.earns]
    if not missing:
        url = link(scorecard.submission.url)
        if delivery.is_local(url):
            return ["Everything is right on this machine. Deploy it, and check what is deployed."]
        return [f"Everything is right. The link to hand in: {url}"]
    causes = [each for each in missing if each.outcome is not Outcome.SKIPPED] or missing
    # Two wordings of one question have the same advice: said once, it reads as one task.
    tasks: dict[str, str] = {}
    for each in causes:
        tasks.setdefault(words.advice(each), words.asked(each.question))
    lines = [f"  {visible(subject)}\n    {visible(advice)}" for advice, subject in tasks.items()]
    return ["What to do next:", *lines]


def reply(value: Reply) -> str:
    """Show one reply as the grader sees it, every line and every odd character of it."""
    lines = [f"Asked:   {link(value.url)}"]
    if value.final_url not in ("", value.url):
        lines.append(f"Led to:  {visible(value.final_url)}")
    if value.status is not None:
        kind = visible(value.content_type) or "no content type"
        lines.append(f"Status:  {value.status}, {kind}, {words.seconds(value.elapsed_ms)}")
    if value.failure is not None:
        return "\n".join([*lines, f"Failed:  {value.failure.rule.words}: {visible(value.detail)}"])
    text = visible(value.text, lines=True) if value.text else "(empty)"
    return "\n".join([*lines, "Reply:", text])


def summary_table(scorecards: Collection[Scorecard]) -> str:
    """Sum a class up in at most 80 columns: states, scores, questions, what needs a look."""
    summary = summarize(scorecards)
    states = ", ".join(
        f"{summary.states[state]} {words.STATE_WORDS[state]}"
        for state in State
        if summary.states.get(state)
    )
    lines = [f"Students  {summary.students}: {states}", f"Scores    {_scores(summary)}"]
    if summary.questions:
        lines += ["", f"{'Question':<34}  {'right':>5}  {'of':>5}  {'%':>4}"]
        lines += [_question_row(question) for question in summary.questions]
    if summary.attention:
        lines += ["", f"Needs a look ({len(summary.attention)})"]
        for each in summary.attention[:_SHOWN_FOR_A_LOOK]:
            student = one_line(each.andrew_id, 18)
            lines.append(f"  {student:<18}  {each.words:<17}  {one_line(each.reason, 39)}".rstrip())
        rest = len(summary.attention) - _SHOWN_FOR_A_LOOK
        if rest > 0:
            lines.append(f"  and {rest} more, listed first in report.html")
    return "\n".join(lines + _flags(summary))


def _flags(summary: ClassSummary) -> list[str]:
    """Name what was noticed; report.html says what it may mean."""
    if not summary.flags:
        return []
    count = len(summary.flags)
    lines = ["", f"Worth asking about ({count}), a flag itself costs nothing: see report.html"]
    for flag in summary.flags[:_SHOWN_FOR_A_LOOK]:
        students = one_line(", ".join(flag.students), 58)
        lines.append(f"  {flag.kind:<14}  {students}")
    return lines


def _scores(summary: ClassSummary) -> str:
    if summary.mean is None or summary.quartiles is None:
        return "nobody has one yet"
    lower, median, upper = (words.decimal(each, 1) for each in summary.quartiles)
    mean = words.decimal(summary.mean, 1)
    return f"mean {mean} %, median {median} %, middle half {lower} to {upper} %"


def _question_row(question: QuestionSummary) -> str:
    name = one_line(question.name, 34)
    counts = f"{name:<34}  {question.right:>5}  {question.checked:>5}"
    if question.pass_rate is None:
        return f"{counts}     -"
    filled = round(_BAR * question.pass_rate / 100)
    bar = "#" * filled + "." * (_BAR - filled)
    # Only all of them are 100 %.
    return f"{counts}  {math.floor(question.pass_rate):>4}  {bar}"
