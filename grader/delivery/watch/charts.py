"""What a watcher saw, drawn as SVG without a script; pure.

Nothing is told by colour alone: a good look is tall and a bad one short, one line is whole and the
other dashed. Each drawing says in words what it shows.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from grader.delivery.watch.indicators import counts, is_right
from grader.delivery.watch.shown import HalfHour
from grader.delivery.watch.values import Minute, Sample
from grader.formats.markup import escaped, html
from grader.formats.words import decimal, percent, seconds

LOOKS = 60
"""So many looks are drawn as heartbeats."""
_HALF_HOURS = 48
_HEIGHT = 100.0
_GAP = timedelta(minutes=2)
# The least that a chart of latencies is high, in milliseconds, so that noise looks like noise.
_LOWEST_TOP = 50.0


def heartbeats(samples: Sequence[Sample]) -> Markup:
    """Draw the last looks, one bar each, the newest at the right."""
    last = samples[-LOOKS:]
    first = LOOKS - len(last)
    bars = [_beat(at, each) for at, each in enumerate(last, start=first)]
    empty = [_bar(at, "track", 8) for at in range(first)]
    words = _said(last)
    return _strip(LOOKS, words, empty + bars)


def _strip(length: int, words: str, bars: Sequence[str]) -> Markup:
    return html(
        f'<svg class="beats" viewBox="0 0 {10 * length} 40" preserveAspectRatio="none" role="img" '
        f'aria-label="{escaped(words)}">{"".join(bars)}</svg>'
    )


def _beat(at: int, sample: Sample) -> str:
    if not counts(sample):
        return _bar(at, "mute", 14)
    return _bar(at, "good", 40) if is_right(sample) else _bar(at, "bad", 22)


def _bar(at: int, kind: str, height: int) -> str:
    return f'<rect class="{kind}" x="{10 * at + 1}" y="{40 - height}" width="7" height="{height}"/>'


def _said(samples: Sequence[Sample]) -> str:
    if not samples:
        return "No looks yet"
    kinds = Counter(each.outcome.value for each in samples)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    looks = "look" if len(samples) == 1 else f"{len(samples)} looks"
    return f"The last {looks}: {counted}. The newest is {samples[-1].outcome.value}."


def day_strip(day: Sequence[HalfHour], until: datetime) -> Markup:
    """Draw the last 24 hours, a bar for each half hour: as tall as the share of right answers."""
    newest = until.replace(minute=until.minute // 30 * 30, second=0, microsecond=0)
    known = {each.at: each for each in day if each.looks}
    bars = []
    for at in range(_HALF_HOURS):
        part = known.get(newest - timedelta(minutes=30 * (_HALF_HOURS - 1 - at)))
        share = part.right / part.looks if part else 0.0
        kind = "track" if part is None else "good" if share >= 1 else "bad"
        bars.append(_bar(at, kind, 8 if part is None else 12 + round(28 * share)))
    seen = [each for each in day if each.looks]
    whole = sum(each.right == each.looks for each in seen)
    worst = min((100 * each.right / each.looks for each in seen), default=100.0)
    words = (
        f"The last 24 hours: {whole} of {len(seen)} half hours with right answers alone, "
        f"{percent(worst)} right in the worst."
    )
    return _strip(_HALF_HOURS, words, bars)


def right_chart(minutes: Sequence[Minute], since: datetime, until: datetime) -> Markup:
    """Draw the share of right answers by the minute."""
    shares = [(each.at, 100 * each.right / each.looks) for each in minutes if each.looks]
    if not shares:
        return html("")
    worst = min(share for _, share in shares)
    words = (
        f"Right answers by the minute: {percent(shares[-1][1])} at last, {percent(worst)} at worst."
    )
    lines = _lines(shares, since, until, 100.0, "right")
    return _figure("Right answers", words, "100 %", lines, "", (since, until))


def latency_chart(
    minutes: Sequence[Minute], since: datetime, until: datetime, bound: float | None
) -> Markup:
    """Draw the median (a whole line) and the 95th percentile (dashed) by the minute.

    `bound` is what an objective allows, drawn as a dotted line.
    """
    medians = [(each.at, each.median_ms) for each in minutes if each.median_ms is not None]
    late = [(each.at, each.p95_ms) for each in minutes if each.p95_ms is not None]
    if not medians or not late:
        return html("")
    worst = max(value for _, value in late)
    top = max(_LOWEST_TOP, worst, bound or 0.0) * 1.05
    words = (
        f"Time to reply by the minute: median {seconds(medians[-1][1])} at last, 95th percentile "
        f"{seconds(late[-1][1])} at last and {seconds(worst)} at most."
    )
    drawn = _lines(medians, since, until, top, "median") + _lines(late, since, until, top, "late")
    legend = '<span class="key median">median</span> <span class="key late">95th percentile</span>'
    if bound is not None:
        level = decimal(_HEIGHT * (1 - bound / top), 1)
        drawn += f'<path class="bound" d="M0 {level}H600"/>'
        legend += f' <span class="key bound">allowed, {seconds(bound)}</span>'
    return _figure("Time to reply", words, seconds(top), drawn, legend, (since, until))


def _lines(
    points: Sequence[tuple[datetime, float]],
    since: datetime,
    until: datetime,
    top: float,
    kind: str,
) -> str:
    """A line through the points; where some are missing, it is broken."""
    drawn = []
    before: datetime | None = None
    for at, value in points:
        x = decimal(600 * max(0.0, (at - since) / (until - since)), 1)
        y = decimal(_HEIGHT * (1 - min(value, top) / top), 1)
        # A point alone is drawn as well: a line to itself has a round end.
        joined = before is not None and at - before <= _GAP
        drawn.append(f"L{x} {y}" if joined else f"M{x} {y}h.01")
        before = at
    return f'<path class="{kind}" d="{"".join(drawn)}"/>'


def _figure(
    title: str, words: str, top: str, drawn: str, legend: str, span: tuple[datetime, datetime]
) -> Markup:
    since, until = (f"{each:%H:%M}" for each in span)
    return html(
        f'<figure class="line-chart"><figcaption><strong>{title}</strong> {legend}</figcaption>'
        f'<span class="scale">{top} at the top, 0 at the foot</span>'
        f'<svg viewBox="0 -3 600 106" preserveAspectRatio="none" role="img" '
        f'aria-label="{escaped(words)}"><path class="axis" d="M0 0H600M0 100H600"/>{drawn}</svg>'
        f'<span class="scale"><span>{since} UTC</span><span>{until} UTC</span></span></figure>'
    )
