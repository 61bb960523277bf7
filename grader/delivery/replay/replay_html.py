"""A replay as a page of its own."""

from grader.delivery.replay import words
from grader.delivery.replay.asking import Name
from grader.delivery.replay.comparing import Kind
from grader.delivery.replay.report import Report
from grader.formats.pages import page

_SHOWN = 1000
_LIMIT = 240
_TONES = {Kind.ERROR: "bad", Kind.LOST: "bad", Kind.CHANGED: "look", Kind.NEW: "look"}


def render(report: Report) -> str:
    """Write the page; it loads nothing."""
    return page(
        "replay.html",
        {
            "report": report,
            "said": words,
            "names": tuple(Name),
            "tones": _TONES,
            "groups": report.groups,
            "uncounted": [(report.of(kind), words.UNCOUNTED[kind]) for kind in words.UNCOUNTED],
            "most": _SHOWN,
            "limit": _LIMIT,
        },
        package="grader.delivery",
    )
