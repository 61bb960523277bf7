"""The commands `releases list|find|promote|rollback|metrics`: what a platform has deployed."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli import kinds, reading, releases_acting
from grader.cli.commands import command, commands, group, option
from grader.cli.exit_codes import DONE, FALLS_SHORT
from grader.cli.output import say, width
from grader.cli.releases_options import FORMAT, LOOKED_AT, Where

if TYPE_CHECKING:
    from datetime import datetime

    from grader.delivery.releases.metrics import Failure
    from grader.delivery.releases.platform import PlatformRelease


@dataclass(frozen=True)
class _List:
    """List releases, newest first: which is live, which are staged, where one can go back to."""

    where: Where = group(Where)
    limit: int = option(
        "--limit", type=kinds.Whole(1, 1000), default=20, show_default=True, metavar="N",
        help="How many at most.",
    )  # fmt: skip
    form: str = FORMAT

    def __call__(self) -> None:
        from grader.cli import releases_words
        from grader.delivery.releases import in_json

        releases = self.where.platform().releases(self.limit)
        if self.form == "json":
            say(self.where.document(releases=[in_json.release(each) for each in releases]))
        else:
            say(releases_words.listed(releases, width()))


@dataclass(frozen=True)
class _Find:
    """Find the staged release of a commit, or the live one."""

    where: Where = group(Where)
    commit: str = option(
        "--commit", required=True, read=reading.commit, metavar="SHA|HEAD", help="The commit."
    )
    form: str = FORMAT

    def __call__(self) -> None:
        from grader.cli import releases_words
        from grader.delivery.releases import in_json
        from grader.text.commits import short

        found = _found(self.where.platform().releases(LOOKED_AT), self.commit)
        if self.form == "json":
            say(self.where.document(release=found and in_json.release(found)))
        elif found is not None:
            say(releases_words.one(found, width()))
        if found is None:
            say(f"No staged or live release is of commit {short(self.commit)}.", err=True)
            sys.exit(FALLS_SHORT)


@dataclass(frozen=True)
class _Metrics:
    """Measure delivery: deployment frequency, lead time, change failure rate, recovery time."""

    where: Where = group(Where)
    days: float = option(
        "--days", type=kinds.Number(0.01, 3650), default=30, show_default=True,
        metavar="N", help="How many days back.",
    )  # fmt: skip
    watched: Path | None = option(
        "--watched", type=kinds.RUN_FOLDER, metavar="DIR",
        help="The --store of grader watch: its incidents count as failures of the release that "
        "was live when they began.",
    )  # fmt: skip
    url: str = option(
        "--url",
        default="",
        type=kinds.TEXT,
        metavar="URL",
        help="Count the incidents of this address alone.",
    )
    form: str = FORMAT

    def __call__(self) -> None:
        from datetime import UTC, datetime, timedelta

        from grader.cli import releases_words
        from grader.delivery.releases import in_json
        from grader.delivery.releases.commits import committed_at
        from grader.delivery.releases.metrics import measure

        releases = self.where.platform().releases(LOOKED_AT)
        until = datetime.now(UTC)
        since = until - timedelta(days=self.days)
        failures = self._failures(since)
        committed = committed_at((each.commit or "" for each in releases), Path())
        metrics = measure(releases, failures or (), committed, since, until)
        if self.form == "json":
            say(self.where.document(**in_json.metrics(metrics)))
            return
        say(releases_words.measured(metrics, width(), watched=failures is not None))
        if len(releases) == LOOKED_AT and releases[-1].created_at > since:
            say(f"Only the last {LOOKED_AT} releases were looked at.")

    def _failures(self, since: datetime) -> list[Failure] | None:
        from grader.delivery.releases.metrics import Failure
        from grader.delivery.watch.history import open_history
        from grader.delivery.watch.incidents import incidents
        from grader.model import Limits
        from grader.services.submissions import target_of

        if self.watched is None:
            return None
        url = self.url and target_of(self.url, "", Limits(allow_private=True)).url
        with (
            contextlib.closing(open_history(self.watched)) as history,
            history.reading() as connection,
        ):
            return [
                Failure(each.started_at, each.ended_at, each.commit)
                for each in incidents(connection, since=since)
                if url in ("", each.target)
            ]


def _found(releases: tuple[PlatformRelease, ...], commit: str) -> PlatformRelease | None:
    from grader.delivery.releases.platform import is_commit

    of_commit = [each for each in releases if is_commit(each, commit)]
    staged = (each for each in of_commit if each.staged)
    live = (each for each in of_commit if each.live)
    return next(staged, None) or next(live, None)


_READ = {DONE: "It is printed."}
_FOUND = {DONE: "There is one.", FALLS_SHORT: "There is none."}
COMMANDS = (
    commands(
        "releases",
        "What a platform has deployed: listed, promoted, rolled back, measured.",
        command("list", _List, _READ),
        command("find", _Find, _FOUND),
        *releases_acting.COMMANDS,
        command("metrics", _Metrics, _READ),
    ),
)
