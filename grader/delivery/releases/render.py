"""Render: deploys of a service. It holds nothing back, so staging is a second service.

Read in the source of Render's own command line, not tried against the live service. Unconfirmed:
that `trigger` is "rollback" for a deploy that a rollback made, and what a deploy that has to wait
in the queue answers (202, perhaps without a body).
"""

from collections.abc import Callable

from pydantic import AwareDatetime

from grader.delivery.releases.account import Account
from grader.delivery.releases.http import Api, Id, Shape, checked
from grader.delivery.releases.pace import Pace, Progress, follow
from grader.delivery.releases.platform import (
    OutcomeUnknownError,
    PlatformError,
    PlatformRelease,
    commit_of,
    with_staged,
)
from grader.formats.escaping import one_line
from grader.text.commits import short

_ACCOUNT = Account("Render", "RENDER_API_KEY", "https://api.render.com/v1", "GRADER_RENDER_API")
_PAGE = 100
_RECENT = 20
_MESSAGE = 60
_UNDER_WAY = frozenset(
    {"created", "queued", "build_in_progress", "update_in_progress", "pre_deploy_in_progress"}
)


class _Commit(Shape):
    id: str = ""
    message: str = ""
    created_at: AwareDatetime | None = None


class _Deploy(Shape):
    id: Id
    status: str
    trigger: str | None = None
    commit: _Commit | None = None
    created_at: AwareDatetime
    finished_at: AwareDatetime | None = None


class _Listed(Shape):
    cursor: str = ""
    deploy: _Deploy


def connect(project: str, staging: str = "", pace: Pace | None = None) -> "Render":
    """A service on Render; PlatformError if its token or its name cannot be used."""
    stage = checked(staging, "service") if staging else ""
    return Render(Api(_ACCOUNT, pace or Pace()), checked(project, "service"), stage)


class Render:
    """One service on Render, and the service that is its staging, if there is one."""

    name = "render"

    def __init__(self, api: Api, service: str, staging: str) -> None:
        self._api = api
        self._service = service
        self._staging = staging

    def releases(self, limit: int) -> tuple[PlatformRelease, ...]:
        """The last deploys, newest first, and what waits on staging."""
        found = [_release(each) for each in self._deploys(self._service, limit)]
        listed = self._deploys(self._staging, _RECENT) if self._staging else ()
        staged = [_release(each, staged=True) for each in listed if each.status == "live"]
        return with_staged(found, staged, limit)

    def promote(self, release: PlatformRelease) -> None:
        """Deploy the commit of a release: Render builds it once more for this service."""
        if release.commit is None:
            raise PlatformError("Render tells no commit of this release, so it cannot be promoted.")
        commit = release.commit
        before = {each.id for each in self._deploys(self._service, _RECENT)}
        made = self._api.post(f"/services/{self._service}/deploys", {"commitId": commit})

        def is_ours(deploy: _Deploy) -> bool:
            return deploy.id not in before and _commit(deploy) == commit

        self._follow(f"The deploy of {short(commit)}", made, is_ours)

    def roll_back(self, release: PlatformRelease) -> None:
        """Deploy an earlier build again. Automatic deploys end, or the next push would undo it."""
        before = {each.id for each in self._deploys(self._service, _RECENT)}
        try:
            self._api.patch(f"/services/{self._service}", {"autoDeploy": "no"})
        except OutcomeUnknownError as error:
            raise PlatformError(
                "Nothing was rolled back, since nobody knows whether automatic deploys are off "
                f"now: look at the service's settings. {error}"
            ) from None
        except PlatformError as error:
            raise PlatformError(
                "Nothing was rolled back, since automatic deploys could not be switched off, and "
                f"the next push would undo it. {error}"
            ) from None
        path = f"/services/{self._service}/rollback"
        try:
            made = self._api.post(path, {"deployId": release.id})
        except PlatformError as error:
            note = "Automatic deploys of this service are off now: switch them on in its settings."
            error.args = (f"{error} {note}",)
            raise
        what = f"The rollback to {release.id}"
        self._follow(what, made, lambda deploy: deploy.id not in before)

    def _follow(self, what: str, made: str | None, is_ours: Callable[[_Deploy], bool]) -> None:
        def look() -> Progress:
            recent = self._deploys(self._service, _RECENT)
            mine = [each for each in recent if (each.id == made if made else is_ours(each))]
            if not mine:
                return Progress(finished=False, words="Render does not list it yet")
            status = mine[0].status
            shown = one_line(status.replace("_", " "), _MESSAGE)
            if status == "live":
                return Progress(finished=True)
            if status in _UNDER_WAY:
                return Progress(finished=False, words=f"it is {shown}")
            return Progress(finished=False, fault=f"it is {shown}, says Render")

        follow(look, what, self._api.pace)

    def _deploys(self, service: str, limit: int) -> list[_Deploy]:
        found: list[_Listed] = []
        while len(found) < limit:
            params = {"limit": str(min(_PAGE, limit - len(found)))}
            if found:
                params["cursor"] = found[-1].cursor
            page = self._api.get(f"/services/{service}/deploys", tuple[_Listed, ...], params)
            found += page
            if not page or not page[-1].cursor:
                break
        return [each.deploy for each in found[:limit]]


def _commit(deploy: _Deploy) -> str | None:
    return commit_of(deploy.commit.id if deploy.commit else None)


def _release(deploy: _Deploy, *, staged: bool = False) -> PlatformRelease:
    is_live = deploy.status == "live" and not staged
    was_live = deploy.status in ("live", "deactivated") and not staged
    state = "live on staging" if staged else deploy.status.replace("_", " ")
    message = deploy.commit.message.partition("\n")[0] if deploy.commit else ""
    return PlatformRelease(
        id=deploy.id,
        commit=_commit(deploy),
        created_at=deploy.created_at,
        live_at=deploy.finished_at if was_live else None,
        live=is_live,
        can_roll_back=deploy.status == "deactivated" and not staged,
        words=one_line(f"{state}: {message}" if message else state, 2 * _MESSAGE),
        staged=staged,
        committed_at=deploy.commit.created_at if deploy.commit else None,
        is_rollback=deploy.trigger == "rollback",
    )
