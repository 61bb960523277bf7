"""A production that keeps running, and does what `grader releases` orders."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from grader.delivery.pipeline import instances
from grader.delivery.pipeline.builds import Build
from grader.delivery.pipeline.production import Production
from grader.delivery.pipeline.record import SERVERS
from grader.delivery.releases import pipeline as files
from grader.delivery.releases.pipeline import PipelineOrder
from grader.delivery.releases.platform import PlatformRelease

_LOOK_SECONDS = 0.1
_WORDS = {"promote": "promoted by hand", "roll_back": "back, by hand"}


@dataclass(slots=True)
class Known:
    """A release: a build, and the one time for which users had it.

    Attributes:
        built_at: when its build was made.
        created_at: when it was made: a build that users get once more is another release.
        live_at: when all users got it; None if they never did.
        words: what became of it.
        is_rollback: whether it was made to go back.
    """

    build: Build
    built_at: datetime
    created_at: datetime
    live_at: datetime | None
    words: str
    is_rollback: bool = False


def obey(folder: Path, production: Production, known: list[Known]) -> Iterator[str]:
    """Carry out orders for ever; each in words, once it is done. What users get joins `known`."""

    def write() -> None:
        files.write_releases(folder, production.address.url, listed(known))

    write()
    try:
        while True:
            found = files.next_order(folder)
            if found is None:
                time.sleep(_LOOK_SECONDS)
                continue
            path, order = found
            releases = {_id(number): each for number, each in enumerate(known)}
            release = releases.get(order.release) if order is not None else None
            if order is None or release is None:
                files.answer(path, "The pipeline knows no such release.")
                continue
            error = _replaced(production, release)
            if not error:
                _note(known, release, order, datetime.now(UTC))
            write()
            files.answer(path, error)
            yield (
                error or f"{release.build.short} is {_WORDS[order.do]}: {SERVERS} servers have it."
            )
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


def _note(known: list[Known], release: Known, order: PipelineOrder, now: datetime) -> None:
    """Note that users got a release: what they had before stays as it was, with its own times."""
    if release.live_at is not None:
        release = replace(release, created_at=now)
        known.append(release)
    release.live_at, release.words = now, _WORDS[order.do]
    release.is_rollback = order.do == "roll_back"


def listed(known: Sequence[Known]) -> tuple[PlatformRelease, ...]:
    """The releases as a platform lists them, newest first; the last one that users got is live."""
    at = max((n for n, each in enumerate(known) if each.live_at), key=lambda n: _live_at(known[n]))
    return tuple(_release(_id(number), each, known[at]) for number, each in enumerate(known))[::-1]


def _live_at(known: Known) -> datetime:
    return known.live_at or known.created_at


def _id(number: int) -> str:
    return f"r{number + 1}"


def _release(name: str, known: Known, live: Known) -> PlatformRelease:
    was_live, is_live = known.live_at is not None, known is live
    state = "live" if is_live else "earlier" if was_live else "staged"
    return PlatformRelease(
        id=name,
        commit=known.build.commit,
        created_at=known.created_at,
        live_at=known.live_at,
        live=is_live,
        can_roll_back=was_live and known.build.commit != live.build.commit,
        words=f"{state}: {known.words}",
        staged=not was_live,
        committed_at=known.built_at,
        is_rollback=known.is_rollback,
    )
