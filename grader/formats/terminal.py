"""Plain words for a terminal: readable without color, safe whatever a deployment answered."""

import textwrap
from collections.abc import Collection

from grader.analysis.attention import Rank
from grader.analysis.summary import ClassSummary, QuestionSummary, summarize
from grader.formats import attention, words
from grader.formats.escaping import link, one_line, visible
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
from grader.text.cutting import some_of
from grader.text.hosts import leads_to_own_machine

_REPLY_LIMIT = 200
_INDENT = "      "
_BAR = 20
_SHOWN_FOR_A_LOOK = 10


def told(
    event: Event, submission: Submission, *, width: int = 80, several_ways: bool = False
) -> str:
    """Say what just happened, in `width` columns; addresses and commands are never broken.

    The end has its own format, and no wait needs no words: both are empty. If queries are asked in
    `several_ways`, each names its probe.
    """
    match event:
        case WakingUp():
            said = waking_up(event)
        case Awake():
            said = awake(event)
        case Judged(verdict, number, total):
            head = f"{number:>{len(str(total))}}/{total}"
            return judged(verdict, submission, head, width=width, several_ways=several_ways)
        case LookingAgain():
            said = looking_again(event)
        case AskingAgain():
            said = asking_again(event)
        case Finished():
            return ""
    return wrapped(said, width)


def wrapped(text: str, width: int, indent: str = "") -> str:
    """Break a text into lines of `width` columns between its words; later ones are indented."""
    return textwrap.fill(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def fitted(text: str, width: int) -> str:
    """Break the lines of a text to `width` columns; each keeps its indent."""
    return "\n".join(_fitted(line, width) for line in text.split("\n"))


def _fitted(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return indent + wrapped(line.lstrip(), width - len(indent)).replace("\n", f"\n{indent}")


def waking_up(event: WakingUp) -> str:
    """Say that the deployment is being woken up; empty if the time for that is over."""
    if event.deadline < 0.5:
        return ""
    url = visible(event.submission.url)
    if leads_to_own_machine(event.submission.url):
        return f"Waiting for {url} to answer (up to {event.deadline:.0f} s) ..."
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
    wait = f"In {words.seconds(1000 * event.seconds)}: " if event.seconds else ""
    asked = f"asking once more what may pass this time ({event.questions} of the questions) ..."
    return wait + asked if wait else asked.capitalize()


def judged(
    verdict: Verdict,
    submission: Submission,
    head: str = "",
    *,
    width: int = 80,
    several_ways: bool = False,
) -> str:
    """Say how one question ended; the reply and how to ask again are indented below."""
    asked = visible(words.title(verdict.question, several=several_ways))
    reason = visible(verdict.judgement.reason or verdict.outcome.rule.words)
    columns = f"{verdict.outcome.rule.mark}  {words.points(verdict):>10}  "
    columns = f"{head}  {columns}" if head else columns
    said = _after(columns, f"{asked}  {words.outcome(verdict)}: {reason}", width)
    return "\n".join([said, *(_INDENT + line for line in _help(verdict, submission))])


def _after(columns: str, text: str, width: int) -> str:
    """Wrap a text that follows some columns, and keep the blanks between the columns."""
    return columns + wrapped("x" * len(columns) + text, width, _INDENT)[len(columns) :]


def _help(value: Verdict, submission: Submission) -> list[str]:
    if value.outcome is Outcome.RIGHT:
        return []
    lines = []
    if value.reply and value.reply.text:
        lines.append(f"Reply:  {one_line(value.reply.text, _REPLY_LIMIT)}")
    if url := words.repeat_url(value):
        lines.append(f"Open:   {url}")
    if command := words.repeat_command(submission, value):
        lines.append(f"Repeat: {command}")
    return lines


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


def summary_table(
    scorecards: Collection[Scorecard], summary: ClassSummary | None = None, *, width: int = 80
) -> str:
    """Sum a class up in at most `width` columns: states, scores, questions, what needs a look.

    `summary` saves to count the class again.
    """
    summary = summary or summarize(scorecards)
    states = ", ".join(
        f"{summary.states[state]} {words.STATE_WORDS[state]}"
        for state in State
        if summary.states.get(state)
    )
    nobody = summary.nobody_graded
    lines = [wrapped(visible(attention.notice(nobody)), width), ""] if nobody else []
    counts = (f"Students  {summary.students}: {states}", f"Scores    {_scores(summary)}")
    lines += [wrapped(line, width, " " * 10) for line in counts]
    if summary.questions and not nobody:
        lines += ["", f"{'Question':<34}  {'right':>5}  {'of':>5}  {'share':>7}"]
        lines += [_question_row(question, width) for question in summary.questions]
    return "\n".join([*lines, *_looks(summary, width), *_flags(summary, width)])


def _looks(summary: ClassSummary, width: int) -> list[str]:
    if not summary.attention:
        return []
    lines = ["", f"Needs a look ({summary.to_look_at})"]
    for each in summary.attention[:_SHOWN_FOR_A_LOOK]:
        students = one_line(some_of(each.andrew_ids, 1), 18)
        start = f"  {students:<18}  {attention.WORDS[each.rank]:<14}  "
        reason = attention.reason(each)
        if each.rank <= Rank.ALL_REFUSED:
            # The reason also says what to do, so it is not cut.
            lines.append(_after(start, visible(reason), width))
        else:
            lines.append(f"{start}{one_line(reason, max(width - len(start), 1))}".rstrip())
    rest = summary.attention[_SHOWN_FOR_A_LOOK:]
    if rest:
        students_left = sum(len(each.students) for each in rest)
        lines.append(f"  and {students_left} more, listed first in report.html")
    return lines


def _flags(summary: ClassSummary, width: int) -> list[str]:
    """Name what was noticed; report.html says what it may mean."""
    if not summary.flags:
        return []
    count = len(summary.flags)
    said = f"Worth asking about ({count}), a flag itself costs nothing: see report.html"
    lines = ["", wrapped(said, width)]
    for flag in summary.flags[:_SHOWN_FOR_A_LOOK]:
        start = f"  {flag.kind:<14}  "
        lines.append(start + one_line(", ".join(flag.students), width - len(start)))
    return lines


def _scores(summary: ClassSummary) -> str:
    if summary.mean is None or summary.quartiles is None:
        return "nobody has one yet"
    lower, median, upper = summary.quartiles
    return (
        f"mean {words.percent(summary.mean)}, median {words.percent(median)}, "
        f"middle half {words.percents(lower, upper)}"
    )


def _question_row(question: QuestionSummary, width: int) -> str:
    name = one_line(question.name, 34)
    counts = f"{name:<34}  {question.right:>5}  {question.checked:>5}"
    if question.pass_rate is None:
        return f"{counts}  {'-':>7}"
    row = f"{counts}  {words.percent(question.pass_rate):>7}"
    if width < len(row) + 2 + _BAR:
        return row
    filled = round(_BAR * question.pass_rate / 100)
    return f"{row}  {'#' * filled}{'.' * (_BAR - filled)}"
