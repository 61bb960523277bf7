"""Vercel on loopback."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

from tests.grader.delivery.releases.fakes import A, B, C, D, Fake, milliseconds


@dataclass
class FakeVercel(Fake):
    """Vercel: A was live, B is live, C is staged, and a fourth one failed to build."""

    live: str = "dpl_B"
    pinned: bool = False
    plan: str = "pro"
    promoted_with: int = 201
    domains: tuple[str, ...] = ("quiz.example.org",)
    alias_request: dict[str, Any] | None = None
    deployments: list[dict[str, Any]] = field(default_factory=list)
    told_live: str | None = None  # what the project says, if it is not what is served
    unseen: int = 0  # how many looks a request takes until the project tells of it

    token_in, address_in = "VERCEL_TOKEN", "GRADER_VERCEL_API"

    def __post_init__(self) -> None:
        self.ends = "succeeded" if self.ends == "" else self.ends
        self._looks = self._hidden = 0
        self._begun: dict[str, Any] | None = None
        self._clock = itertools.count(milliseconds(100))
        if not self.deployments:
            self.deployments = [
                self.deployment("dpl_A", A, 0, "PROMOTED", "Answer sums"),
                self.deployment("dpl_B", B, 1, "PROMOTED", "Answer products"),
                self.deployment("dpl_C", C, 2, "STAGED", "Answer powers"),
                self.deployment("dpl_D", D, 3, None, "Break the build", state="ERROR"),
            ]
        self.release["commit"] = self.commit_of(self.live)

    @staticmethod
    def deployment(
        uid: str, commit: str, hours: float, substate: str | None, message: str, **more: Any
    ) -> dict[str, Any]:
        state = more.pop("state", "READY")
        made = {
            "uid": uid,
            "name": "quiz",
            "url": f"quiz-{uid[4:].lower()}-team.vercel.app",
            "state": state,
            "target": "production",
            "isRollbackCandidate": substate == "PROMOTED",
            "created": milliseconds(hours),
            "ready": milliseconds(hours + 0.01) if state == "READY" else None,
            "aliasAssigned": milliseconds(hours + 0.02) if substate == "PROMOTED" else False,
            "meta": {"githubCommitSha": commit, "githubCommitMessage": message},
            "creator": {"uid": "usr_1", "username": "bovik"},
            **more,
        }
        return made if substate is None else {**made, "readySubstate": substate}

    def commit_of(self, uid: str) -> str:
        found = next(each for each in self.deployments if each["uid"] == uid)
        commit: str = found["meta"]["githubCommitSha"]
        return commit

    def unauthorized(self) -> ResponseReturnValue:
        told = {"code": "forbidden", "message": "Not authorized", "invalidToken": True}
        return {"error": told}, 403

    def routes(self, app: Flask) -> None:
        app.get("/v9/projects/<project>")(self.project)
        app.get("/v9/projects/<_project>/domains")(self.list_domains)
        app.get("/v13/deployments/<host>")(self.deployment_of)
        app.get("/v7/deployments")(self.list_deployments)
        app.post("/v10/projects/<_project>/promote/<uid>")(self.promote)
        app.post("/v1/projects/<_project>/rollback/<uid>")(self.rollback)
        app.get("/v1/projects/<_project>/promote/aliases")(self.aliases)

    def project(self, project: str) -> ResponseReturnValue:
        if project not in ("quiz", "prj_1"):
            return {"error": {"code": "not_found", "message": "Project not found."}}, 404
        self._go_on()
        return {
            "id": "prj_1",
            "name": "quiz",
            "autoAssignCustomDomains": not self.pinned,
            "targets": {"production": {"id": self.told_live or self.live}},
            "lastAliasRequest": self.alias_request,
            "lastRollbackTarget": None,
        }

    def list_domains(self, _project: str) -> ResponseReturnValue:
        listed = [
            {"name": "www.quiz.example.org", "redirect": "quiz.example.org", "verified": True},
            {"name": "*.example.org", "redirect": None, "verified": True},
            *({"name": name, "redirect": None, "verified": True} for name in self.domains),
        ]
        return {"domains": listed, "pagination": {"count": len(listed), "next": None}}

    def deployment_of(self, host: str) -> ResponseReturnValue:
        if host not in self.domains:
            return {"error": {"code": "not_found", "message": "Can't find the deployment"}}, 404
        return {"id": self.live, "url": "quiz.vercel.app", "readyState": "READY"}

    def list_deployments(self) -> ResponseReturnValue:
        assert request.args["projectId"] == "prj_1"
        assert request.args["target"] == "production"
        newest = sorted(self.deployments, key=lambda each: each["created"], reverse=True)
        until = float(request.args.get("until", "inf"))
        older = [each for each in newest if each["created"] < until]
        page = older[: int(request.args["limit"])]
        more = page[-1]["created"] if len(older) > len(page) else None
        return {"deployments": page, "pagination": {"count": len(page), "next": more}}

    def promote(self, _project: str, uid: str) -> ResponseReturnValue:
        if uid == self.live:
            told = "The deployment is already the current production deployment"
            return {"error": {"code": "conflict", "message": told}}, 409
        self._begin("promote", uid)
        return "", self.promoted_with

    def rollback(self, _project: str, uid: str) -> ResponseReturnValue:
        were_live = [each["uid"] for each in self.deployments if each.get("isRollbackCandidate")]
        previous = [each for each in were_live if each < self.live][-1:]
        if self.plan == "free" and uid not in previous:
            told = "Upgrade to roll back to an older deployment"
            return {"error": {"code": "payment_required", "message": told}}, 402
        self._begin("rollback", uid)
        return {}, 201

    def aliases(self, _project: str) -> ResponseReturnValue:
        assert request.args["failedOnly"] == "true"
        listed = [{"alias": name, "id": "als_1", "status": "failed"} for name in self.domains]
        return {"aliases": listed, "pagination": {"count": 1, "next": None}}

    def _begin(self, kind: str, uid: str) -> None:
        self._looks, self._hidden = 0, self.unseen
        self._begun = {
            "fromDeploymentId": self.live,
            "toDeploymentId": uid,
            "jobStatus": "pending",
            "type": kind,
            "requestedAt": next(self._clock),
        }

    def _go_on(self) -> None:
        job = self._begun
        if job is None or job["jobStatus"] not in ("pending", "in-progress"):
            return
        if self._hidden:
            self._hidden -= 1
            return
        self.alias_request = job
        self._looks += 1
        job["jobStatus"] = "in-progress"
        if self.ends is not None and self._looks > self.steps:
            job["jobStatus"] = self.ends
            if self.ends == "succeeded":
                self.live = job["toDeploymentId"]
                self.pinned = job["type"] == "rollback"
                self.release["commit"] = self.commit_of(self.live)
                self._was_live(self.live, job["requestedAt"])

    def _was_live(self, uid: str, when: int) -> None:
        for each in self.deployments:
            if each["uid"] == uid and each.get("readySubstate") == "STAGED":
                live = {"readySubstate": "PROMOTED", "aliasAssigned": when}
                each.update(live, isRollbackCandidate=True)
