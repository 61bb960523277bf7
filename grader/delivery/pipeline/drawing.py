"""The page of a pipeline: releases over time, shares of traffic, indicators, decisions; pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from grader.delivery.pipeline.record import SERVERS, Result, Second, Stage, Told, Tone
from grader.delivery.pipeline.stories import Ending, story_named
from grader.formats.markup import escaped, html
from grader.formats.pages import page
from grader.formats.words import decimal, percent, seconds

TONES: Mapping[Ending, Tone] = {
    Ending.PROMOTED: Tone.GOOD,
    Ending.NOT_BUILT: Tone.DOUBT,
    Ending.STOPPED_AT_GATE: Tone.DOUBT,
    Ending.STOPPED_BEFORE_TRAFFIC: Tone.DOUBT,
    Ending.ROLLED_BACK: Tone.BAD,
}
"""Bad is what users have met."""
_SIGNS = {Tone.GOOD: "good", Tone.DOUBT: "unclear", Tone.BAD: "bad"}
_CHANGES = (Stage.RELEASE, Stage.ROLL_BACK)
_LEAST_TOP_MS = 20.0  # so that noise looks like noise


def page_of(
    told: Sequence[Told],
    results: Sequence[Result],
    met: Iterable[Second],
    *,
    is_over: bool,
) -> str:
    """Draw the page of what was told until now."""
    met = list(met)
    began = {name: [each for each in told if each.story == name] for name in _names(told)}
    by_name = {result.story.name: result for result in results}
    context = {
        "headline": _headline(results, is_over=is_over),
        "is_over": is_over,
        "asked": sum(each.asked for each in met),
        "lost": sum(each.lost for each in met),
        "wrong": sum(each.asked - each.right - each.lost for each in met),
        "results": results,
        "tones": TONES,
        "servers": SERVERS,
        "overview": _overview(met, _tones_of(told, by_name)),
        "stories": [_shown(steps, by_name.get(name), met) for name, steps in began.items()],
        "clock": clock,
        "SIGNS": _SIGNS,
    }
    return page("pipeline.html", context, package="grader.delivery", style="pipeline.css")


def clock(at: float) -> str:
    """Minutes and seconds since the beginning."""
    return f"{int(at) // 60}:{int(at) % 60:02}"


def _names(told: Iterable[Told]) -> list[str]:
    return list(dict.fromkeys(each.story for each in told))


def _headline(results: Sequence[Result], *, is_over: bool) -> str:
    if not is_over:
        return "Releases on their way"
    total, as_told = len(results), sum(result.as_told for result in results)
    if as_told < total:
        return f"{as_told} of {total} releases ended as they should"
    match total:
        case 0:
            return "No release came to its end"
        case 1:
            return "The release ended as it should"
    return f"Each of {total} releases ended as it should"


def _tones_of(told: Iterable[Told], results: Mapping[str, Result]) -> dict[str, Tone]:
    """The color of each release, by its commit."""
    tones = {each.release: Tone.DOUBT for each in told}
    for result in results.values():
        tones[result.commit] = TONES[result.ending]
        tones.setdefault(result.baseline, Tone.PLAIN)
    return tones


def _shown(steps: Sequence[Told], result: Result | None, met: Sequence[Second]) -> dict[str, Any]:
    """What the page shows of one story."""
    name = steps[0].story
    until = result.ended if result else math.inf
    during = [each for each in met if math.floor(steps[0].at) <= each.at <= until]
    release = steps[-1].release
    changes = [each.at for each in steps if each.stage in _CHANGES]
    tone = TONES[result.ending] if result else Tone.DOUBT
    return {
        "story": story_named(name),
        "result": result,
        "diff": [each.words for each in steps if each.is_diff],
        "traffic": _traffic(during, release, tone, changes),
        "right": _right(during, changes),
        "latency": _latency(during, changes),
        "told": [each for each in steps if not each.is_diff],
    }


def _overview(met: Sequence[Second], tones: Mapping[str, Tone]) -> Markup:
    """Who answered, second by second, through all stories."""
    releases = list(dict.fromkeys(release for each in met for release in each.releases))
    drawn = ""
    for each in met:
        total, below = sum(each.releases.values()), 0.0
        for release in reversed(releases):  # the newest one from the foot
            share = 100 * each.releases.get(release, 0) / total if total else 0.0
            drawn += _column(each.at, met[0].at, below, share, tones.get(release, Tone.PLAIN))
            below += share
    words = f"Which of {len(releases)} releases answered users, second by second."
    legend = (
        _label("old", "the first release")
        + _label("new good", "promoted")
        + _label("new bad", "rolled back")
    )
    return _figure("Who answers users", words, drawn, legend, met, "traffic", ())


def _traffic(met: Sequence[Second], release: str, tone: Tone, changes: Sequence[float]) -> Markup:
    """The new release's share of the traffic, from the foot."""
    drawn, most = "", 0.0
    for each in met:
        total = sum(each.releases.values())
        share = 100 * each.releases.get(release, 0) / total if total else 0.0
        most = max(most, share)
        drawn += _column(each.at, met[0].at, share, 100 - share if total else 0.0, Tone.PLAIN)
        drawn += _column(each.at, met[0].at, 0.0, share, tone)
    words = f"The new release answered {percent(most)} of a second's requests at most."
    legend = _label(f"new {tone}", f"new release {release}") + _label("old", "old release")
    return _figure("Share of traffic", words, drawn, legend, met, "traffic", changes)


def _right(met: Sequence[Second], changes: Sequence[float]) -> Markup:
    """The share of right answers that users got, and what was not right above it."""
    drawn, worst = "", 100.0
    for each in met:
        share = 100 * each.right / each.asked
        worst = min(worst, share)
        drawn += _column(each.at, met[0].at, 0.0, share, Tone.GOOD)
        drawn += _column(each.at, met[0].at, share, 100 - share, Tone.BAD)
    words = f"Answers that were right: {percent(worst)} in the worst second."
    legend = _label("new good", "right") + _label("new bad", "not right")
    return _figure("Answers to users", words, drawn, legend, met, "small", changes)


def _latency(met: Sequence[Second], changes: Sequence[float]) -> Markup:
    """How long users waited, as medians."""
    took = [(each.at, each.median_ms) for each in met if each.median_ms is not None]
    top = max([_LEAST_TOP_MS, *(value for _, value in took)])
    drawn = "".join(
        _column(at, met[0].at, 0.0, 100 * value / top, Tone.PLAIN) for at, value in took
    )
    worst = max((value for _, value in took), default=0.0)
    words = f"The median time to reply was {seconds(worst)} in the slowest second."
    legend = _label("old", f"median, {seconds(top)} at the top")
    return _figure("Time to reply", words, drawn, legend, met, "small", changes)


def _column(at: float, since: float, below: float, height: float, tone: Tone) -> str:
    if height <= 0:
        return ""
    return (
        f'<rect class="{tone}" x="{decimal(at - since)}" y="{decimal(100 - below - height, 1)}" '
        f'width="1" height="{decimal(height, 1)}"/>'
    )


def _label(kind: str, words: str) -> str:
    return f'<span class="key {kind}">{escaped(words)}</span>'


def _figure(
    title: str,
    words: str,
    drawn: str,
    legend: str,
    met: Sequence[Second],
    size: str,
    changes: Sequence[float],
) -> Markup:
    if not met:
        return html("")
    since, until = met[0].at, met[-1].at + 1
    lines = "".join(f"M{decimal(each - since)} 0V100" for each in changes)
    drawn_changes = f'<path class="change" d="{lines}"/>' if lines else ""
    return html(
        f'<figure class="line-chart"><figcaption><strong>{title}</strong> {legend}'
        f'<span class="under">{escaped(words)}</span></figcaption>'
        f'<svg class="{size}" viewBox="0 0 {until - since} 100" preserveAspectRatio="none" '
        f'role="img" aria-label="{escaped(words)}">{drawn}{drawn_changes}</svg>'
        f'<span class="scale"><span>{clock(since)}</span><span>{clock(until)}</span></span>'
        "</figure>"
    )
