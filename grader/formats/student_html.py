"""`students/<andrew_id>.html`: one student's scorecard, to hand back."""

from collections.abc import Iterable

from markupsafe import Markup

from grader.formats import words
from grader.formats.advice import Advice, Task, is_consequence
from grader.formats.escaping import link, one_line
from grader.formats.markup import escaped, html, tone
from grader.formats.pages import page
from grader.model import Reply, RunInfo, Scorecard, State, Submission, Verdict

# A longer reply is folded, so that one hostile answer does not bury the checks below it.
_LONGEST_OPEN = 600


def render(run: RunInfo, scorecard: Scorecard) -> str:
    """Write one student's page as one self-contained file that holds nothing of other students."""
    advice = Advice(scorecard)
    student, several = scorecard.submission, words.several_ways(scorecard)
    graded = scorecard.state is State.GRADED
    right, asked, others = [], [], []
    for verdict in scorecard.verdicts:
        if verdict.outcome.rule.earns:
            right.append(verdict)
        elif is_consequence(verdict) if graded else not verdict.replies:
            others.append(verdict)
        else:
            asked.append(verdict)
    context = {
        "run": run,
        "scorecard": scorecard,
        "percent": scorecard.percent,
        "score": words.score(scorecard),
        "advice": advice,
        "tasks": [_task(each) for each in advice.tasks],
        "asked": _entries(student, asked, several),
        "others": _entries(student, others, several),
        "right": _entries(student, right, several),
        "counts": (len(asked), len(others), len(right)),
    }
    return page("student.html", context)


def _task(task: Task) -> Markup:
    names, advice = escaped(", ".join(task.names)), escaped(task.advice)
    return html(f"<li><strong><bdi>{names}</bdi></strong> <bdi>{advice}</bdi></li>\n")


def _entries(student: Submission, verdicts: Iterable[Verdict], several: bool) -> Markup:
    """The battery's entries. In a template, one expression takes as long as a whole line here."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(words.name(verdict.question, several=several), []).append(verdict)
    return html("".join([_entry(student, *group) for group in groups.items()]))


def _entry(student: Submission, name: str, verdicts: list[Verdict]) -> str:
    section = verdicts[0].question.section
    beside = f' <span class="soft"><bdi>{escaped(section)}</bdi></span>' if section else ""
    checks = "".join([_check(student, verdict) for verdict in verdicts])
    head = f"<h3><bdi>{escaped(name)}</bdi>{beside}</h3>"
    return f'<article class="entry">\n{head}\n{checks}</article>\n\n'


def _check(student: Submission, verdict: Verdict) -> str:
    question, color = verdict.question, tone(verdict.outcome)
    query = "" if question.is_check else f" <strong><bdi>{escaped(question.query)}</bdi></strong>"
    reason = escaped(verdict.judgement.reason or verdict.outcome.rule.words)
    return (
        f'<div class="check {color}">\n<p><span class="pill {color}">{words.outcome(verdict)}'
        f'</span> <span class="number">{words.points(verdict)}</span>{query}</p>\n'
        f'<details><summary><bdi>{reason}</bdi></summary>\n<dl class="rows">\n'
        f"{_rows(student, verdict)}</dl>\n{_earlier(verdict)}</details>\n\n</div>\n"
    )


def _rows(student: Submission, verdict: Verdict) -> str:
    rows = _row("Expected", escaped(str(verdict.question.key)))
    reply = verdict.reply
    if reply is None:
        return rows
    if reply.text or not reply.failure:
        rows += _row("Reply", _text(reply))
    if reply.screenshot_png:
        words_for_it = "The page as the grader saw it"
        picture = f"data:image/png;base64,{escaped(reply.screenshot_png)}"
        image = f'<img src="{picture}" alt="{words_for_it}">'
        rows += _row("Seen", f"<details><summary>{words_for_it}</summary>{image}</details>")
    phases = words.phases(reply)
    beside = f' <span class="soft">({phases})</span>' if phases else ""
    rows += _row("Took", words.evidence(reply) + beside)
    if url := escaped(link(reply.url)):
        rows += _row("Open", f'<a href="{url}" rel="noopener noreferrer">{url}</a>')
    if command := words.repeat_command(student, verdict):
        rows += _row("Repeat", f"<code>{escaped(command)}</code>")
    return rows


def _row(term: str, html: str) -> str:
    return f"<div><dt>{term}</dt><dd>{html}</dd></div>\n"


def _text(reply: Reply) -> str:
    if not reply.text:
        return '<span class="soft">(empty)</span>'
    whole = f"<pre>{escaped(reply.text, lines=True)}</pre>"
    if len(reply.text) <= _LONGEST_OPEN:
        return whole
    beginning = escaped(one_line(reply.text, 120))
    return f"<details><summary><code>{beginning}</code></summary>{whole}</details>"


def _earlier(verdict: Verdict) -> str:
    if len(verdict.replies) < 2:
        return ""
    lines = "".join(
        f'<li>{_text(reply)} <span class="soft">{words.moment(reply.asked_at)}, '
        f"{words.evidence(reply)} {escaped(reply.detail)}</span></li>"
        for reply in verdict.replies[:-1]
    )
    return f"<p>Earlier replies</p>\n<ol>{lines}</ol>\n"
