"""Heroku on loopback."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from tests.grader.delivery.releases.fakes import A, B, C, Fake, at


def uuid(number: int) -> str:
    return f"01234567-89ab-cdef-0123-{number:012d}"


@dataclass
class FakeHeroku(Fake):
    """Heroku: v2 was live, v3 is live; C is live on the staging app of the same pipeline."""

    apps: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    slugs: dict[str, str | None] = field(default_factory=dict)
    pipelines: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(("quiz", "quiz-staging"), uuid(900))
    )

    token_in, address_in = "HEROKU_API_KEY", "GRADER_HEROKU_API"

    def __post_init__(self) -> None:
        self.ends = "succeeded" if self.ends == "" else self.ends
        self._looks = 0
        self._promoted: tuple[str, str] | None = None
        self.slugs = self.slugs or {uuid(201): A, uuid(202): B, uuid(203): C}
        self.apps = self.apps or {
            "quiz": [
                self.made(1, None, 0, "Initial release"),
                self.made(2, uuid(201), 1, "Deploy aaaaaaaa"),
                self.made(3, uuid(202), 2, "Deploy bbbbbbbb", current=True),
            ],
            "quiz-staging": [self.made(7, uuid(203), 3, "Deploy cccccccc", current=True)],
        }
        self.release["commit"] = B

    @staticmethod
    def made(
        version: int, slug: str | None, hours: float, description: str, **more: Any
    ) -> dict[str, Any]:
        return {
            "id": uuid(version),
            "version": version,
            "status": "succeeded",
            "current": False,
            "eligible_for_rollback": slug is not None,
            "slug": {"id": slug} if slug else None,
            "description": description,
            "created_at": at(hours).isoformat().replace("+00:00", "Z"),
            "user": {"email": "bovik@example.org"},
            **more,
        }

    def unauthorized(self) -> ResponseReturnValue:
        return {"id": "unauthorized", "message": "Invalid credentials provided."}, 401

    def routes(self, app: Flask) -> None:
        app.get("/apps/<name>/releases")(self.list_releases)
        app.get("/apps/<name>/releases/<uid>")(self.one_release)
        app.get("/apps/<_name>/slugs/<uid>")(self.slug)
        app.post("/apps/<name>/releases")(self.rollback)
        app.get("/apps/<name>/pipeline-couplings")(self.coupling)
        app.post("/pipeline-promotions")(self.promote)
        app.get("/pipeline-promotions/<_uid>/promotion-targets")(self.targets)

    def list_releases(self, name: str) -> ResponseReturnValue:
        assert request.headers["Accept"] == "application/vnd.heroku+json; version=3"
        if name not in self.apps:
            return {"id": "not_found", "message": "Couldn't find that app."}, 404
        newest = request.headers["Range"].partition("order=desc, max=")[2]
        listed = sorted(self.apps[name], key=lambda each: -each["version"])
        return jsonify(listed[: int(newest)]), 206

    def one_release(self, name: str, uid: str) -> ResponseReturnValue:
        found = next(each for each in self.apps[name] if each["id"] == uid)
        if found["status"] == "pending":
            self._looks += 1
            if self.ends is not None and self._looks > self.steps:
                found["status"] = self.ends
                if self.ends == "succeeded":
                    self._now(name, found)
        return jsonify(found)

    def slug(self, _name: str, uid: str) -> ResponseReturnValue:
        if self.slugs.get(uid, "") == "":
            return {"id": "not_found", "message": "Couldn't find that slug."}, 404
        return {"id": uid, "commit": self.slugs[uid], "created_at": at(0).isoformat()}

    def rollback(self, name: str) -> ResponseReturnValue:
        wanted = request.get_json()["release"]
        old = next((each for each in self.apps[name] if each["id"] == wanted), None)
        if old is None or old["slug"] is None:
            return {"id": "invalid_params", "message": "Cannot roll back to that release."}, 422
        new = self._new(name, old["slug"]["id"], f"Rollback to v{old['version']}", "pending")
        return new, 201

    def coupling(self, name: str) -> ResponseReturnValue:
        if name not in self.pipelines:
            return {"id": "not_found", "message": "Couldn't find that pipeline coupling."}, 404
        number = 500 + sorted(self.apps).index(name)
        return {"app": {"id": uuid(number)}, "pipeline": {"id": self.pipelines[name]}}

    def promote(self) -> ResponseReturnValue:
        wanted = request.get_json()
        staged = next(
            each
            for each in self.apps["quiz-staging"]
            if each["id"] == wanted["source"]["release"]["id"]
        )
        self._promoted = (staged["slug"]["id"], "Promote quiz-staging v7")
        self._looks = 0
        return {"id": uuid(700), "status": "pending"}, 201

    def targets(self, _uid: str) -> ResponseReturnValue:
        self._looks += 1
        told = {"id": uuid(701), "status": "pending", "error_message": None}
        if self.ends is not None and self._looks > self.steps:
            told["status"] = self.ends
            if self.ends == "succeeded" and self._promoted:
                slug, description = self._promoted
                self._promoted = None
                self._now("quiz", self._new("quiz", slug, description, "succeeded"))
            elif self.ends == "failed":
                told["error_message"] = "Release command failed"
        return jsonify([told])

    def _new(self, name: str, slug: str, description: str, status: str) -> dict[str, Any]:
        self._looks = 0
        version = max(each["version"] for each in self.apps[name]) + 1
        made = self.made(version, slug, 10, description, status=status)
        self.apps[name].append(made)
        return made

    def _now(self, name: str, release: dict[str, Any]) -> None:
        for each in self.apps[name]:
            each["current"] = each is release
        self.release["commit"] = self.slugs[release["slug"]["id"]]
