"""Heroku: releases of an app; a pipeline promotes the slug of a staging app.

Read in Heroku's published schema (June 2026), not tried against the live service; the platform gets
no new features since February 2026. Unconfirmed: that a rollback answers 201.
"""

from pydantic import AwareDatetime

from grader.delivery.releases.account import Account
from grader.delivery.releases.http import Api, Id, RefusedError, Shape, checked
from grader.delivery.releases.pace import Pace, Progress, follow
from grader.delivery.releases.platform import (
    OutcomeUnknownError,
    PlatformError,
    PlatformRelease,
    commit_of,
    with_staged,
)
from grader.formats.escaping import one_line

_ACCOUNT = Account(
    "Heroku",
    "HEROKU_API_KEY",
    "https://api.heroku.com",
    "GRADER_HEROKU_API",
    accept="application/vnd.heroku+json; version=3",
)
_MESSAGE = 100
_MOST = 1000  # in one reply
_RECENT = 20


class _Named(Shape):
    id: Id


class _Release(Shape):
    id: Id
    version: int
    status: str
    current: bool = False
    eligible_for_rollback: bool = False
    slug: _Named | None = None
    description: str = ""
    created_at: AwareDatetime


class _Slug(Shape):
    commit: str | None = None


class _Coupling(Shape):
    app: _Named
    pipeline: _Named


class _Target(Shape):
    status: str
    error_message: str | None = None


def connect(project: str, staging: str = "", pace: Pace | None = None) -> "Heroku":
    """An app on Heroku; PlatformError if its token or its name cannot be used."""
    stage = checked(staging, "app") if staging else ""
    return Heroku(Api(_ACCOUNT, pace or Pace()), checked(project, "app"), stage)


class Heroku:
    """One app on Heroku, and the app that is its staging, if there is one."""

    name = "heroku"

    def __init__(self, api: Api, app: str, staging: str) -> None:
        self._api = api
        self._app = app
        self._staging = staging
        self._commits: dict[str, str | None] = {}

    def releases(self, limit: int) -> tuple[PlatformRelease, ...]:
        """The last releases, newest first, and what waits on staging."""
        found = [self._read(each, self._app) for each in self._list(self._app, limit)]
        listed = self._list(self._staging, _RECENT) if self._staging else ()
        staged = [self._read(each, self._staging, staged=True) for each in listed if each.current]
        return with_staged(found, staged, limit)

    def promote(self, release: PlatformRelease) -> None:
        """Give the slug of a staging app's release to this app, as it was built."""
        if not self._staging:
            raise PlatformError(
                "Heroku promotes from another app of the same pipeline: name it with --staging."
            )
        source, target = self._coupling(self._staging), self._coupling(self._app)
        if source.pipeline != target.pipeline:
            raise PlatformError(
                f"The apps {self._staging} and {self._app} are in different pipelines: put them "
                "into one in Heroku's dashboard."
            )
        wanted = {
            "pipeline": {"id": source.pipeline.id},
            "source": {"app": {"id": source.app.id}, "release": {"id": release.id}},
            "targets": [{"app": {"id": target.app.id}}],
        }
        made = _made(self._api.post("/pipeline-promotions", wanted))
        path = f"/pipeline-promotions/{made}/promotion-targets"

        def look() -> Progress:
            targets = self._api.get(path, tuple[_Target, ...])
            failed = [each for each in targets if each.status == "failed"]
            if failed:
                said = failed[0].error_message or "Heroku does not say why"
                return Progress(finished=False, fault=one_line(said, _MESSAGE))
            is_done = bool(targets) and all(each.status == "succeeded" for each in targets)
            return Progress(is_done, words="Heroku has not finished it")

        follow(look, f"The promotion of {release.id}", self._api.pace)

    def roll_back(self, release: PlatformRelease) -> None:
        """Make a new release of an earlier one's slug and settings."""
        made = _made(self._api.post(f"/apps/{self._app}/releases", {"release": release.id}))

        def look() -> Progress:
            now = self._api.get(f"/apps/{self._app}/releases/{made}", _Release)
            shown = one_line(now.status, _MESSAGE)
            if now.status == "pending":
                return Progress(finished=False, words=f"it is {shown}")
            is_done = now.status == "succeeded"
            return Progress(is_done, fault="" if is_done else f"it is {shown}, says Heroku")

        follow(look, f"The rollback to {release.id}", self._api.pace)

    def _coupling(self, app: str) -> _Coupling:
        try:
            return self._api.get(f"/apps/{app}/pipeline-couplings", _Coupling)
        except RefusedError as error:
            if error.status != 404:
                raise
            words = f"{error} Is the app {app} in a pipeline?"
            raise RefusedError(words, error.status) from None

    def _list(self, app: str, limit: int) -> list[_Release]:
        newest_first = {"Range": f"version ..; order=desc, max={min(limit, _MOST)}"}
        found = self._api.get(f"/apps/{app}/releases", tuple[_Release, ...], headers=newest_first)
        return sorted(found, key=lambda each: each.version, reverse=True)[:limit]

    def _commit(self, app: str, slug: str) -> str | None:
        if slug not in self._commits:
            try:
                told = self._api.get(f"/apps/{app}/slugs/{slug}", _Slug).commit
            except RefusedError as error:
                if error.status != 404:
                    raise
                told = None  # it has expired
            self._commits[slug] = commit_of(told)
        return self._commits[slug]

    def _read(self, release: _Release, app: str, *, staged: bool = False) -> PlatformRelease:
        state = "live on staging" if staged else "live" if release.current else release.status
        is_live = release.current and not staged
        succeeded = release.status == "succeeded"
        return PlatformRelease(
            id=release.id,
            commit=self._commit(app, release.slug.id) if release.slug else None,
            created_at=release.created_at,
            live_at=release.created_at if succeeded and not staged else None,
            live=is_live,
            can_roll_back=release.eligible_for_rollback and succeeded and not (is_live or staged),
            words=one_line(f"{state}: v{release.version}, {release.description}", _MESSAGE),
            staged=staged,
            is_rollback=release.description.startswith("Rollback to"),
        )


def _made(made: str | None) -> str:
    if made is None:
        raise OutcomeUnknownError(
            "Heroku took the order, and did not say what it made of it. Look at grader releases "
            "list before you try again."
        )
    return made
