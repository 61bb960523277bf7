"""A replay as text, for a terminal."""

from collections.abc import Iterator

from grader.delivery.replay import words
from grader.delivery.replay.comparing import Compared
from grader.delivery.replay.report import Group, Report
from grader.formats.escaping import one_line
from grader.formats.terminal import fitted

_SHOWN = 10
_LIMIT = 160
# A command that somebody copies is never broken.
_REPEAT = "      Repeat:    "


def render(report: Report, width: int = 80) -> str:
    """Write the differences, then what counts for nothing, and the result last."""
    lines = _lines(report)
    return "\n".join(each if each.startswith(_REPEAT) else fitted(each, width) for each in lines)


def _lines(report: Report) -> Iterator[str]:
    for name, side in report.sides.items():
        told = words.release(report, name)
        yield f"{name.capitalize()}: {side.url}{f', {told}' if told else ''}"
    for group in report.groups:
        size = f"{words.queries(len(group.queries))}, captured {words.times(group.times)}"
        yield f"\n{group.kind.capitalize()}: {size}. {words.KINDS[group.kind]}"
        for each in group.queries[:_SHOWN]:
            yield from _difference(report, each)
        yield from _rest(group)
    for kind, meaning in words.UNCOUNTED.items():
        group = report.of(kind)
        if group.queries:
            size = words.queries(len(group.queries))
            yield f"\n{words.called(kind).capitalize()}: {size}. {meaning}"
        for each in group.queries[:_SHOWN]:
            yield f"  {_query(each)}"
            yield f"      {one_line(each.reason, _LIMIT)}"
        yield from _rest(group)
    captured = f", captured {words.times(report.times)}" if report.asked else ""
    yield f"\n{words.headline(report)}{captured}."
    if why := words.why(report):
        yield why


def _difference(report: Report, compared: Compared) -> Iterator[str]:
    yield f"  {_query(compared)} ({words.times(compared.times)})"
    before, now = words.pair(compared, _LIMIT)
    yield f"      Baseline:  {one_line(before, _LIMIT)}"
    yield f"      Candidate: {one_line(now, _LIMIT)}"
    if command := words.repeat(report, compared):
        yield f"{_REPEAT}{command}"


def _query(compared: Compared) -> str:
    return one_line(compared.query, _LIMIT) or "(an empty query)"


def _rest(group: Group) -> Iterator[str]:
    more = len(group.queries) - _SHOWN
    if more > 0:
        yield f"  and {more} more, which --format json and html show"
