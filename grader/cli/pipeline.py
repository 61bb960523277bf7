"""The whole way of a release, on one machine: `grader pipeline`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.cli import kinds
from grader.cli.commands import command, option
from grader.cli.exit_codes import DONE, FALLS_SHORT
from grader.cli.output import say, width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from grader.delivery.pipeline.running import Pipeline
    from grader.delivery.pipeline.stories import Story


def _stories(name: str) -> tuple[Story, ...]:
    from grader.delivery.pipeline.stories import STORIES

    chosen = tuple(story for story in STORIES if name in ("all", story.name))
    if not chosen:
        names = ", ".join(story.name for story in STORIES)
        raise ValueError(f"{name!r} is no story. There are {names}, and all")
    return chosen


@dataclass(frozen=True)
class _Pipeline:
    """Deliver releases of a sample app to a production of eight servers on this machine.

    Each story is about one release: good, wrong, slow, settings (it fails in production alone) and
    stale (a server is left behind). It is built, tested, staged, gated, rolled out in phases, and
    rolled back if need be, while users go on asking.
    """

    stories: tuple[Story, ...] = option(
        "--story", default="all", show_default=True, metavar="NAME", type=kinds.TEXT,
        read=_stories, help="Which story is told: good, wrong, slow, settings or stale.",
    )  # fmt: skip
    out: Path = option(
        "--out", default="pipeline-results", show_default=True, type=kinds.NEW_FOLDER,
        metavar="DIR", help="Where releases, logs and the page are written.",
    )  # fmt: skip
    keep: bool = option(
        "--keep", is_flag=True,
        help="Leave production running after the last story, for grader watch and grader releases, "
        "until Ctrl-C.",
    )  # fmt: skip

    def __call__(self) -> None:
        from grader.cli import pipeline_words
        from grader.delivery.pipeline.gating import Pace
        from grader.delivery.pipeline.running import pipeline

        say("Production starts: eight servers, a proxy, and users who ask all the time.")
        with pipeline(self.out, Pace()) as running:
            say(pipeline_words.beginning(running, width()))
            _tell(running, self.stories)
            say(pipeline_words.table(running.results))
            say(f"The page: {running.page}")
            if self.keep:
                _keep(running)
        sys.exit(DONE if all(result.as_told for result in running.results) else FALLS_SHORT)


def _tell(running: Pipeline, stories: Sequence[Story]) -> None:
    from grader.cli import pipeline_words

    for number, story in enumerate(stories, 1):
        say(pipeline_words.title(story, number, len(stories), width()))
        for told in running.deliver(story):
            say(pipeline_words.step(told, width()))
        say(pipeline_words.users(running.results[-1]))


def _keep(running: Pipeline) -> None:
    from grader.cli import pipeline_words

    say(pipeline_words.kept(running))
    try:
        for words in running.obey():
            say(words)
    except KeyboardInterrupt:
        say("\nStopped. All servers end.")


_CODES = {
    DONE: "Each release ended as it should.",
    FALLS_SHORT: "One did not: the table says which.",
}
COMMANDS = (command("pipeline", _Pipeline, _CODES),)
