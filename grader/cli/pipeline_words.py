"""The stories of the pipeline in words, readable from the back row."""

from __future__ import annotations

from subprocess import list2cmdline
from typing import TYPE_CHECKING

from grader.delivery.pipeline.drawing import clock
from grader.delivery.pipeline.record import SERVERS, Tone
from grader.formats.terminal import wrapped
from grader.text.cutting import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.delivery.pipeline.record import Result, Told
    from grader.delivery.pipeline.running import Pipeline
    from grader.delivery.pipeline.stories import Story

_WIDEST = 100  # longer lines are hard to read on a projector
_LONGEST = 240
_SIGNS = {Tone.PLAIN: " ", Tone.GOOD: "+", Tone.DOUBT: "?", Tone.BAD: "!"}


def beginning(running: Pipeline, columns: int) -> str:
    """What runs, and how to read what follows."""
    release = running.production.commits[0]
    told = (
        f"Users ask {running.production.address.url}, and release {release} answers. Below, "
        f"[oooooooN] stands for the {SERVERS} servers: o gives users the old release, N the new "
        "one. + is good news, ! bad news, ? neither."
    )
    return _filled(told, columns)


def title(story: Story, number: int, total: int, columns: int) -> str:
    """The heading of a story."""
    heading = f"STORY {number} of {total}: {story.title.upper()}"
    return f"\n{heading}\n{'=' * len(heading)}\n{_filled(story.words, columns)}"


def step(told: Told, columns: int) -> str:
    """One step: when, where, how good, which servers, and what happened."""
    if told.is_diff:
        return f"        {told.words}"
    start = f"{clock(told.at):>5} {_SIGNS[told.tone]} {told.stage.upper():<10}"
    if told.servers_shown:
        start += f"{told.servers_shown} "
    # The words keep to their own column.
    width = max(min(columns, _WIDEST), len(start) + 20)
    return wrapped(start + cut(told.words, _LONGEST), width, " " * len(start))


def _filled(words: str, columns: int) -> str:
    return wrapped(words, min(columns, _WIDEST))


def users(result: Result) -> str:
    """What users met during a story."""
    return (
        f"        Users: {result.asked:,} requests, {result.lost} lost, {result.wrong} not right."
    )


def table(results: Sequence[Result]) -> str:
    """All stories in a table."""
    lines = [
        f"\n{'story':<10}{'release':<9}{'ended':<24}{'servers':>8}{'lost':>6}{'not right':>11}"
    ]
    for each in results:
        unexpected = "" if each.as_told else f"  unexpected: {each.story.ending} was"
        lines.append(
            f"{each.story.name:<10}{each.commit:<9}{each.ending:<24}"
            f"{f'{each.most} of {SERVERS}':>8}{each.lost:>6}{each.wrong:>11}{unexpected}"
        )
    return "\n".join(lines)


def kept(running: Pipeline) -> str:
    """What to try while production runs."""
    folder, url = running.folder, running.production.address.url
    # In double quotes if there is a blank in it: they hold in sh, PowerShell and cmd.
    home, battery, store = (list2cmdline([folder / name]) for name in ("", "battery.toml", "watch"))
    where, built = f"--platform pipeline --folder {home}", running.results[-1].commit
    watch = f"--every 1 --battery {battery} --store {store} --act"
    return f"""
Production keeps running at {url} until Ctrl-C. In other terminals, try:
  grader ask {url} "What is 8 plus 3?"
  grader releases list {where}
  grader watch {url} {watch} {where}
  grader releases promote {where} --commit {built}
  grader releases rollback {where}
Each server is told its commit as Render tells it: its /healthz says platform "render"."""
