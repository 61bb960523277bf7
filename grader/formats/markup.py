"""Small pieces of HTML that the pages repeat: in a template each would take several times as long.

White space between tags is left out, since a class repeats it thousands of times.
"""

import re
from datetime import datetime
from functools import cache

from markupsafe import Markup, escape

from grader.formats import words
from grader.formats.escaping import link, visible
from grader.model import State
from grader.outcomes import Outcome

# Nearly all texts are of these characters alone, and to find that out takes half the time.
_PLAIN = re.compile("[ !#-%(-;=?-~\u2018-\u201d]*")
_TONES = {State.GRADED: "good", State.NOT_GRADED: "mute"}


def html(text: str) -> Markup:
    """Declare a text to be HTML: what strangers wrote in it is escaped."""
    return Markup(text)  # noqa: S704 - whoever calls this has escaped it


def escaped(value: object, *, lines: bool = False) -> str:
    """Write a value as HTML shows it; `lines` keeps line breaks."""
    if isinstance(value, str) and (_PLAIN.fullmatch(value) or isinstance(value, Markup)):
        return value
    return str(escape(visible(str(value), lines=lines)))


@cache
def tone(outcome: Outcome) -> str:
    """Name the color of an outcome."""
    rule = outcome.rule
    if rule.earns:
        return "good"
    if not rule.scored or outcome is Outcome.SKIPPED:
        return "mute"
    return "look" if rule.needs_a_look else "bad"


def fact(term: str, value: object, *, wide: bool = False) -> Markup:
    """Write a row of a list of facts."""
    size = ' class="wide"' if wide else ""
    return html(f"<div{size}><dt>{term}</dt><dd>{escaped(value)}</dd></div>\n")


def pill(color: str, text: str) -> Markup:
    """Write a few words on a color that `tone` names."""
    return html(f'<span class="pill {color}">{escaped(text)}</span>')


def state_pill(state: State) -> Markup:
    """Write a state on its color."""
    return pill(_TONES.get(state, "bad"), words.STATE_WORDS[state])


def deployment(url: str, text: str) -> Markup:
    """Write a link, or only its text if it is not safe to click."""
    target = escaped(link(url))
    shown = escaped(text)
    return html(f'<a href="{target}" rel="noopener noreferrer">{shown}</a>' if target else shown)


def bar(percent: float) -> Markup:
    """Draw a percentage."""
    track = '<rect class="track" width="100%" height="100%" rx="3"/>'
    good = f'<rect class="good" width="{words.decimal(percent, 1)}%" height="100%" rx="3"/>'
    return html(f'<svg class="bar" aria-hidden="true">{track}{good}</svg>')


def time(when: datetime) -> Markup:
    """Write a time in UTC; the script of the report adds the reader's own."""
    return html(f'<time datetime="{words.timestamp(when)}">{words.moment(when)}</time>')
