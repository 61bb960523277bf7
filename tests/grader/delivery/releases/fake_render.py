"""Render on loopback."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from tests.grader.delivery.releases.fakes import A, B, C, D, Fake, at


@dataclass
class FakeRender(Fake):
    """Render: A was live, B is live, D failed to build; C is live on the staging service."""

    auto_deploy: str = "yes"
    queues: bool = False  # answers 202 without a body, as for a deploy that has to wait
    deploys: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    token_in, address_in, base = "RENDER_API_KEY", "GRADER_RENDER_API", "/v1"

    def __post_init__(self) -> None:
        self.ends = "live" if self.ends == "" else self.ends
        self._looks = 0
        self.deploys = self.deploys or {
            "srv-quiz": [
                self.deploy("dep-D", D, 3, "build_failed", "Break the build"),
                self.deploy("dep-B", B, 1, "live", "Answer products"),
                self.deploy("dep-A", A, 0, "deactivated", "Answer sums"),
            ],
            "srv-staging": [self.deploy("dep-C", C, 2, "live", "Answer powers")],
        }
        self.release["commit"] = B

    @staticmethod
    def deploy(
        uid: str, commit: str, hours: float, status: str, message: str, trigger: str = "new_commit"
    ) -> dict[str, Any]:
        told = {"id": commit, "message": message, "createdAt": at(hours - 0.5).isoformat()}
        finished = at(hours + 0.05).isoformat() if status not in ("queued",) else None
        return {
            "id": uid,
            "status": status,
            "trigger": trigger,
            "commit": told,
            "createdAt": at(hours).isoformat(),
            "startedAt": at(hours).isoformat(),
            "finishedAt": finished,
        }

    def unauthorized(self) -> ResponseReturnValue:
        return {"id": "req-1", "message": "unauthorized"}, 401

    def routes(self, app: Flask) -> None:
        app.get("/v1/services/<service>/deploys")(self.list_deploys)
        app.post("/v1/services/<service>/deploys")(self.create)
        app.post("/v1/services/<service>/rollback")(self.rollback)
        app.patch("/v1/services/<service>")(self.update)

    def list_deploys(self, service: str) -> ResponseReturnValue:
        if service not in self.deploys:
            return {"id": "req-2", "message": f"not found: service {service}"}, 404
        self._go_on()
        deploys = self.deploys[service]
        after = request.args.get("cursor")
        begin = 1 + [each["id"] for each in deploys].index(after) if after else 0
        page = deploys[begin : begin + int(request.args["limit"])]
        return jsonify([{"cursor": each["id"], "deploy": each} for each in page])

    def create(self, service: str) -> ResponseReturnValue:
        made = self._new(service, request.get_json()["commitId"], "api")
        return ("", 202) if self.queues else (made, 201)

    def rollback(self, service: str) -> ResponseReturnValue:
        wanted = request.get_json()["deployId"]
        old = next((each for each in self.deploys[service] if each["id"] == wanted), None)
        if old is None:
            return {"id": "req-3", "message": "deploy not found"}, 404
        return self._new(service, old["commit"]["id"], "rollback"), 201

    def update(self, service: str) -> ResponseReturnValue:
        self.auto_deploy = request.get_json()["autoDeploy"]
        return {"id": service, "autoDeploy": self.auto_deploy}

    def _new(self, service: str, commit: str, trigger: str) -> dict[str, Any]:
        self._looks = 0
        uid = f"dep-{len(self.deploys[service]) + 100}"
        made = self.deploy(uid, commit, 10, "queued", "By order", trigger)
        self.deploys[service].insert(0, made)
        return made

    def _go_on(self) -> None:
        waiting = ("queued", "build_in_progress")
        newest = next(
            (each for each in self.deploys["srv-quiz"] if each["status"] in waiting), None
        )
        if newest is None:
            return
        self._looks += 1
        newest["status"] = "build_in_progress"
        if self.ends is not None and self._looks > self.steps:
            if self.ends == "live":
                for each in self.deploys["srv-quiz"]:
                    each["status"] = "deactivated" if each["status"] == "live" else each["status"]
                self.release["commit"] = newest["commit"]["id"]
            newest["status"] = self.ends
            newest["finishedAt"] = at(10.1).isoformat()
