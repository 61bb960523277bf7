"""A production that keeps running, and does what `grader releases` orders."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader.delivery.pipeline import instances
from grader.delivery.pipeline.builds import Build
from grader.delivery.pipeline.production import Production
from grader.delivery.pipeline.record import SERVERS
from grader.delivery.releases import pipeline as files
from grader.delivery.releases.platform import PlatformRelease

_LOOK_SECONDS = 0.1
_WORDS = {"promote": "was promoted by hand", "roll_back": "is back, by hand"}


@dataclass(slots=True)
class Known:
    """A release that was built here.

    Attributes:
        live_at: when all users first got it; None if they never did.
        words: what became of it.
    """

    build: Build
    created_at: datetime
    live_at: datetime | None
    words: str


def obey(folder: Path, production: Production, known: Sequence[Known]) -> Iterator[str]:
    """Carry out orders for ever; each in words, once it is done."""
    by_id = {f"r{number}": each for number, each in enumerate(known, 1)}

    def write() -> None:
        live = production.serving[0].build
        releases = (_release(name, each, live) for name, each in by_id.items())
        files.write_releases(folder, tuple(releases)[::-1])

    write()
    try:
        while True:
            found = files.next_order(folder)
            if found is None:
                time.sleep(_LOOK_SECONDS)
                continue
            path, order = found
            release = by_id.get(order.release) if order is not None else None
            if order is None or release is None:
                files.answer(path, "The pipeline knows no such release.")
                continue
            error = _replaced(production, release)
            if not error:
                release.live_at = release.live_at or datetime.now(UTC)
                release.words = _WORDS[order.do]
            write()
            files.answer(path, error)
            yield error or f"{release.build.short} {release.words}: {SERVERS} servers have it."
    finally:
        files.forget(folder)


def _replaced(production: Production, release: Known) -> str:
    """Let all users get a release at once, as a platform does: what went wrong, or ""."""
    old = production.serving
    new = production.deploy(release.build)
    if faults := instances.faults_of(new, release.build.commit):
        production.retire(new)
        return f"Asked directly: {'; '.join(faults)}. Nothing was changed."
    production.share(new)
    production.retire(old)
    return ""


def _release(name: str, known: Known, live: Build) -> PlatformRelease:
    is_live = known.build.commit == live.commit
    return PlatformRelease(
        id=name,
        commit=known.build.commit,
        created_at=known.created_at,
        live_at=known.live_at,
        live=is_live,
        can_roll_back=known.live_at is not None and not is_live,
        words=known.words,
        staged=known.live_at is None,
        committed_at=known.created_at,
    )
