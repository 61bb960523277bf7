"""The one interface to the platforms: what is released there, promoted and rolled back."""

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from grader.model import COMMIT, InputError
from grader.text.commits import is_same_commit, short

# Each of these modules has a function `connect(project, staging)`, and that of the pipeline has
# `connect(folder)`, which give a Platform.
_ADAPTERS = {
    "vercel": "grader.delivery.releases.vercel",
    "render": "grader.delivery.releases.render",
    "heroku": "grader.delivery.releases.heroku",
    "pipeline": "grader.delivery.releases.pipeline",
}
NAMES = tuple(_ADAPTERS)
"""The platforms, as options name them."""


class PlatformError(InputError):
    """The platform refused, failed or cannot be reached: the text says what to do."""


class OutcomeUnknownError(PlatformError):
    """A promotion or rollback was begun, and nobody knows whether it was carried out.

    Read the releases before you try again.
    """


@dataclass(frozen=True, slots=True)
class PlatformRelease:
    """One release, as its platform knows it.

    Attributes:
        id: what the platform calls it.
        commit: 40 or fewer hexadecimal digits in small letters; None if the platform tells none.
        created_at: when the platform began to make it.
        live_at: when users got it: of the live one, since when; of others, the first time that the
            platform tells. None if they never got it or nobody tells.
        live: whether users get it now.
        can_roll_back: whether the platform lets users get it again. `roll_back` may still find that
            the plan forbids it.
        words: its state on the platform, a clause for people. It may quote strangers.
        staged: whether it is built for production, and waits for its promotion.
        url: its own address, if it has one; else empty.
        committed_at: when the commit was made, if the platform tells that.
        is_rollback: whether it was made to go back to an earlier release.
    """

    id: str
    commit: str | None
    created_at: datetime
    live_at: datetime | None
    live: bool
    can_roll_back: bool
    words: str
    staged: bool = False
    url: str = ""
    committed_at: datetime | None = None
    is_rollback: bool = False


class Platform(Protocol):
    """A project on a platform. Every method may raise a PlatformError."""

    @property
    def name(self) -> str:
        """The platform's name, one of `NAMES`."""
        ...

    def releases(self, limit: int) -> tuple[PlatformRelease, ...]:
        """The last `limit` releases, newest first."""
        ...

    def promote(self, release: PlatformRelease) -> None:
        """Let users get a staged release; returns when the platform has carried it out."""
        ...

    def roll_back(self, release: PlatformRelease) -> None:
        """Let users get an earlier release again; returns when the platform has carried it out."""
        ...


def platform_named(
    name: str, project: str, folder: Path | None = None, staging: str = ""
) -> Platform:
    """The platform's project. Its token is read from the environment.

    Args:
        name: one of `NAMES`.
        project: what the platform calls the project, service or app.
        folder: of the running pipeline; the other platforms need none.
        staging: the service or app from which `project` is promoted, if they are two.

    Raises:
        PlatformError: if a name or the token is missing or malformed.
    """
    if name not in _ADAPTERS:
        raise PlatformError(f"{name!r} is none of the platforms {', '.join(NAMES)}")
    adapter = importlib.import_module(_ADAPTERS[name])
    where = (folder,) if name == "pipeline" else (project, staging)
    platform: Platform = adapter.connect(*where)
    return platform


def commit_of(told: str | None) -> str | None:
    """The commit that a platform tells, in small letters; None if it is none."""
    commit = (told or "").lower()
    return commit if COMMIT.fullmatch(commit) else None


def live_release(releases: Sequence[PlatformRelease]) -> PlatformRelease | None:
    """The release that users get now; None if none of them is live."""
    return next((release for release in releases if release.live), None)


def with_staged(
    releases: Sequence[PlatformRelease], staged: Iterable[PlatformRelease], limit: int
) -> tuple[PlatformRelease, ...]:
    """The newest `limit` of them all. What is staged and live already does not wait."""
    live = live_release(releases)
    waiting = (each for each in staged if live is None or not _is_same_code(each, live))
    by_age = sorted((*releases, *waiting), key=lambda each: each.created_at, reverse=True)
    return tuple(by_age[:limit])


def next_release(releases: Sequence[PlatformRelease]) -> PlatformRelease | None:
    """The newest staged release if it is newer than the live one; None if there is none.

    What has waited since before the live one was made may be older code.
    """
    live = live_release(releases)
    staged = (each for each in releases if each.staged)
    newer = (each for each in staged if live is None or each.created_at > live.created_at)
    return max(newer, key=lambda each: each.created_at, default=None)


def previous_release(releases: tuple[PlatformRelease, ...]) -> PlatformRelease | None:
    """The release to go back to from the live one: the newest older one; None if there is none.

    It has another commit than the live one, if both tell their commits: a change of settings makes
    a release of the same code. If the live one is a rollback itself, whatever came after the
    release that it restored was left for a reason, and is passed over.

    Raises:
        PlatformError: if the live one is a rollback, and nobody knows which release it restored.
    """
    live = live_release(releases)
    if live is None:
        return None
    older = releases[releases.index(live) + 1 :]
    if live.is_rollback and older:
        restored = [at for at, each in enumerate(older) if _is_same_code(each, live)]
        if not restored:
            raise PlatformError(
                "The live release is a rollback, and nobody knows to which release, so the next "
                "one back may be the one that was left. Look at grader releases list, and name "
                "the one you want: --release ID."
            )
        older = older[restored[-1] + 1 :]
    return next(
        (each for each in older if each.can_roll_back and not _is_same_code(each, live)), None
    )


def is_commit(release: PlatformRelease, commit: str) -> bool:
    """Whether a release is of `commit`; either may be abbreviated."""
    return release.commit is not None and is_same_commit(release.commit, commit)


def named(release: PlatformRelease) -> str:
    """Call a release by its commit, or by its id if no commit is known."""
    return f"commit {short(release.commit)}" if release.commit else f"release {release.id}"


def _is_same_code(release: PlatformRelease, other: PlatformRelease) -> bool:
    return other.commit is not None and is_commit(release, other.commit)
