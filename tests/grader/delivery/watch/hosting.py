"""A platform and the app that it serves, on loopback: Render's interface as its users describe it.

The app answers right, or wrong if the release that is live has a bad commit.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request

from tests.servers import serve

GOOD, BAD, NEWER = "a" * 40, "b" * 40, "c" * 40
SERVICE = "srv-shop"


@dataclass
class Deploy:
    id: str
    commit: str
    status: str
    created_at: datetime
    trigger: str = "new_commit"

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "trigger": self.trigger,
            "commit": {"id": self.commit, "message": "A change"},
            "createdAt": self.created_at.isoformat(),
            "finishedAt": self.created_at.isoformat(),
        }


@dataclass
class Hosting:
    """What the platform has deployed.

    Attributes:
        rollbacks: the ids of the deploys that it was asked to go back to.
        hold: waits here before it answers that it goes back, if set.
        fails: whether its releases cannot be read.
        drops: whether the next order to go back is lost on the way.
        ready: a rollback is live only once this is set.
    """

    deploys: list[Deploy] = field(default_factory=list)
    rollbacks: list[str] = field(default_factory=list)
    refuses: bool = False
    fails: bool = False
    drops: bool = False
    reads: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    hold: threading.Event | None = None
    before: Callable[[str], None] = lambda _: None
    ready: threading.Event = field(default_factory=threading.Event)
    answers: Callable[[str], str] = lambda _: ""
    api: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        self.ready.set()

    def deploy(self, commit: str, trigger: str = "new_commit", minutes_ago: float = 0) -> Deploy:
        """Make a release, live at once, or when it is `ready`."""
        made = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        new = Deploy(f"dep-{len(self.deploys) + 1}", commit, "update_in_progress", made, trigger)
        self.deploys.insert(0, new)
        if self.ready.is_set():
            self.put_live(new)
        return new

    def put_live(self, new: Deploy) -> None:
        for each in self.deploys:
            if each.status == "live":
                each.status = "deactivated"
        new.status = "live"

    @property
    def live(self) -> Deploy:
        return next(each for each in self.deploys if each.status == "live")

    def platform(self) -> Flask:
        app = Flask("platform")

        @app.before_request
        def check() -> Response | None:
            assert request.headers["Authorization"] == "Bearer rnd_TOKEN"
            self.before(f"{request.method} {request.path}")
            return None

        @app.get(f"/v1/services/{SERVICE}/deploys")
        def deploys() -> Response | tuple[Response, int]:
            self.reads += 1
            if self.fails:
                return jsonify({}), 404
            pending = self.deploys[0] if self.deploys else None
            if pending and pending.status == "update_in_progress" and self.ready.is_set():
                self.put_live(pending)
            return jsonify([{"cursor": "", "deploy": each.shown()} for each in self.deploys])

        @app.patch(f"/v1/services/{SERVICE}")
        def settings() -> Response:
            return jsonify({})

        @app.post(f"/v1/services/{SERVICE}/rollback")
        def rollback() -> tuple[Response, int]:
            if self.drops:
                self.drops = False
                return jsonify({}), 500
            wanted = request.get_json()["deployId"]
            self.rollbacks.append(wanted)
            if self.refuses:
                return jsonify({"message": "this plan has no rollback"}), 402
            old = next(each for each in self.deploys if each.id == wanted)
            made = self.deploy(old.commit, "rollback")
            self.asked.set()
            if self.hold is not None:
                self.hold.wait(60)
            return jsonify(made.shown()), 201

        return app

    def app(self) -> Flask:
        app = Flask("app")

        @app.get("/healthz")
        def healthz() -> Response:
            return jsonify({"status": "ok", "release": {"commit": self.live.commit}})

        @app.get("/api")
        def api() -> str:
            return "no idea" if self.live.commit == BAD else self.answers(request.args["q"])

        return app


@contextmanager
def hosting(monkeypatch: Any) -> Iterator[Hosting]:
    """A platform with a good release, and a bad one since; and the app."""
    hosted = Hosting()
    hosted.deploy(GOOD, minutes_ago=60)
    hosted.deploy(BAD, minutes_ago=1)
    with serve(hosted.platform()) as api, serve(hosted.app()) as url:
        hosted.api, hosted.url = f"{api}/v1", url
        monkeypatch.setenv("GRADER_RENDER_API", hosted.api)
        monkeypatch.setenv("RENDER_API_KEY", "rnd_TOKEN")
        try:
            yield hosted
        finally:
            if hosted.hold is not None:
                hosted.hold.set()
