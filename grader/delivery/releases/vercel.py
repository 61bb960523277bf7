"""Vercel: deployments for production, staged ones promoted without being built anew.

Read in Vercel's own SDK and command line, not tried against the live service. Unconfirmed: that 409
means "already current"; that `targets.production` is always what is served, so the deployment
behind the project's own domain is asked for, too.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime

from grader.delivery.releases.account import Account
from grader.delivery.releases.http import Api, Id, RefusedError, Shape, checked, is_id
from grader.delivery.releases.pace import Pace, Progress, follow
from grader.delivery.releases.platform import PlatformError, PlatformRelease, commit_of
from grader.formats.escaping import one_line
from grader.text.cutting import some_of

_ACCOUNT = Account("Vercel", "VERCEL_TOKEN", "https://api.vercel.com", "GRADER_VERCEL_API")
_TEAM = "VERCEL_TEAM"
_PAGE = 100
_MESSAGE = 60
_DENIED = "Vercel's free plan goes back to the previous production deployment only."


class _Deployment(Shape):
    uid: Id
    url: str | None = None
    state: str = ""
    ready_substate: str | None = None
    is_rollback_candidate: bool | None = None
    created: AwareDatetime
    ready: AwareDatetime | None = None
    alias_assigned: bool | AwareDatetime | None = None
    meta: Mapping[str, Any] | None = None


class _Pagination(Shape):
    next: int | None = None


class _Deployments(Shape):
    deployments: tuple[_Deployment, ...]
    pagination: _Pagination = _Pagination()


class _Target(Shape):
    id: Id


class _AliasRequest(Shape):
    to_deployment_id: str
    job_status: str
    type: str
    requested_at: AwareDatetime | None = None


class _Project(Shape):
    id: Id
    targets: Mapping[str, _Target | None] | None = None
    last_alias_request: _AliasRequest | None = None
    rolling_release: Mapping[str, Any] | None = None


class _Domain(Shape):
    name: str
    redirect: str | None = None
    git_branch: str | None = None
    verified: bool = True


class _Domains(Shape):
    domains: tuple[_Domain, ...]


class _Alias(Shape):
    alias: str | Mapping[str, Any]
    status: str


class _Aliases(Shape):
    aliases: tuple[_Alias, ...]


def connect(project: str, staging: str = "", pace: Pace | None = None) -> "Vercel":
    """A project on Vercel; PlatformError if its token or its name cannot be used."""
    if staging:
        raise PlatformError(
            "On Vercel a project holds its own staged deployments: leave staging out."
        )
    team = os.environ.get(_TEAM, "").strip()
    of_team = {"teamId" if team.startswith("team_") else "slug": team} if team else {}
    return Vercel(Api(_ACCOUNT, pace or Pace()), checked(project, "project"), of_team)


class Vercel:
    """One project on Vercel."""

    name = "vercel"

    def __init__(self, api: Api, project: str, of_team: Mapping[str, str]) -> None:
        self._api = api
        self._called = project
        self._of_team = dict(of_team)

    def releases(self, limit: int) -> tuple[PlatformRelease, ...]:
        """The last deployments for production, newest first."""
        project = self._project()
        live = self._live_id(project)
        found: list[_Deployment] = []
        until: int | None = None
        while len(found) < limit:
            asked = {
                "projectId": project.id,
                "target": "production",
                "limit": str(min(_PAGE, limit - len(found))),
                **self._of_team,
                **({} if until is None else {"until": str(until)}),
            }
            page = self._api.get("/v7/deployments", _Deployments, asked)
            found += page.deployments
            until = page.pagination.next
            if until is None or not page.deployments:
                break
        found.sort(key=lambda each: each.created, reverse=True)
        promoted_at = _promoted_at(project, live)
        return tuple(_release(each, live, promoted_at) for each in found[:limit])

    def promote(self, release: PlatformRelease) -> None:
        """Point the project's domains to a deployment; it ends what a rollback had pinned."""
        self._point("promote", "v10", release, {})

    def roll_back(self, release: PlatformRelease) -> None:
        """Point the project's domains to an earlier deployment, and pin them there."""
        try:
            self._point("rollback", "v1", release, {"description": "grader releases"})
        except RefusedError as error:
            if error.status in (402, 403):
                raise RefusedError(f"{error} {_DENIED}", error.status) from None
            raise

    def _point(
        self, kind: str, version: str, release: PlatformRelease, params: Mapping[str, str]
    ) -> None:
        project = self._project()
        if project.rolling_release is not None:
            raise PlatformError(
                "This project uses Vercel's rolling releases, which grader does not steer: promote "
                "and roll back in its dashboard."
            )
        before = project.last_alias_request
        path = f"/{version}/projects/{project.id}/{kind}/{release.id}"
        try:
            self._api.post(path, params={**params, **self._of_team})
        except RefusedError as error:
            if error.status == 409 and self._live_id(self._project()) == release.id:
                return
            raise
        what = f"The {kind} to {release.id}"
        follow(lambda: self._progress(kind, release.id, before), what, self._api.pace)

    def _progress(self, kind: str, wanted: str, before: _AliasRequest | None) -> Progress:
        project = self._project()
        request = project.last_alias_request
        if request is None or request == before:
            # Either nothing has begun, or it was done without a request.
            is_done = self._live_id(project) == wanted
            return Progress(is_done, "Vercel tells of no request for it")
        if (request.to_deployment_id, request.type) != (wanted, kind):
            other = one_line(request.to_deployment_id, _MESSAGE)
            fault = f"somebody else had Vercel point to {other} meanwhile"
            return Progress(finished=False, fault=fault)
        match request.job_status:
            case "succeeded":
                return Progress(finished=True)
            case "failed":
                return Progress(finished=False, fault=self._failed_aliases(project))
            case "skipped":
                is_done = self._live_id(project) == wanted
                return Progress(is_done, fault="" if is_done else "Vercel skipped it")
        return Progress(finished=False, words=f"it is {one_line(request.job_status, _MESSAGE)}")

    def _failed_aliases(self, project: _Project) -> str:
        path = f"/v1/projects/{project.id}/promote/aliases"
        params = {"failedOnly": "true", "limit": "20", **self._of_team}
        try:
            aliases = self._api.get(path, _Aliases, params).aliases
        except PlatformError:
            return "Vercel could not point all domains to it"
        named = [
            one_line(
                str(each.alias if isinstance(each.alias, str) else each.alias.get("alias")), 100
            )
            for each in aliases
            if each.status == "failed"
        ]
        return f"Vercel could not point these domains to it: {some_of(named) or 'it names none'}"

    def _project(self) -> _Project:
        return self._api.get(f"/v9/projects/{self._called}", _Project, self._of_team)

    def _live_id(self, project: _Project) -> str | None:
        """The deployment behind the project's own domain; what the project says if it has none."""
        told = (project.targets or {}).get("production")
        path = f"/v9/projects/{project.id}/domains"
        try:
            domains = self._api.get(path, _Domains, self._of_team).domains
            own = [each for each in domains if each.verified and is_id(each.name)]
            name = next(each.name for each in own if not (each.redirect or each.git_branch))
            return self._api.get(f"/v13/deployments/{name}", _Target, self._of_team).id
        except (RefusedError, StopIteration):
            return told.id if told else None


def _promoted_at(project: _Project, live: str | None) -> datetime | None:
    """When the live deployment was promoted, if that is the last thing that Vercel did to it."""
    last = project.last_alias_request
    if last is None or (last.type, last.job_status) != ("promote", "succeeded"):
        return None
    return last.requested_at if last.to_deployment_id == live else None


def _release(
    deployment: _Deployment, live: str | None, promoted_at: datetime | None
) -> PlatformRelease:
    meta = deployment.meta or {}
    message = one_line(_of_meta(meta, "commitmessage").partition("\n")[0], _MESSAGE)
    is_live = deployment.uid == live
    is_staged = deployment.ready_substate == "STAGED" and not is_live
    state = "live" if is_live else (deployment.ready_substate or deployment.state).lower()
    assigned = deployment.alias_assigned
    since = assigned if isinstance(assigned, datetime) else deployment.ready
    if is_live and promoted_at is not None:
        since = promoted_at
    was_live = is_live or deployment.ready_substate == "PROMOTED"
    return PlatformRelease(
        id=deployment.uid,
        commit=commit_of(_of_meta(meta, "commitsha")),
        created_at=deployment.created,
        live_at=since if was_live else None,
        live=is_live,
        can_roll_back=bool(deployment.is_rollback_candidate) and not is_live,
        words=f"{one_line(state, _MESSAGE)}: {message}" if message else one_line(state, _MESSAGE),
        staged=is_staged,
        url=f"https://{deployment.url}" if is_id(deployment.url or "") else "",
    )


def _of_meta(meta: Mapping[str, Any], ending: str) -> str:
    """What the platform of the repository is called is in front of the name: githubCommitSha."""
    found = (value for key, value in meta.items() if key.lower().endswith(ending))
    return next((value for value in found if isinstance(value, str)), "")
