"""What the platforms on loopback have in common.

Each is a real HTTP server with one project and its state, with the shapes, errors, limits and
delays that the platform documents. `promote` and `rollback` take some looks until they are carried
out, as they do on the platforms; then the app behind it runs another commit.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from grader.delivery.releases.pace import Pace
from tests.servers import serve
from webapp.app import create_app

TOKEN = "secret-token-0123456789"
A, B, C, D = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
BEGAN = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
QUICK = Pace(request=5, call=5, action=5, between=0.01)
IMPATIENT = Pace(request=5, call=5, action=0.3, between=0.01)

Reply = Callable[[], ResponseReturnValue]


@dataclass
class Fault:
    """What is answered in place of the platform's own reply, to so many requests."""

    method: str
    part: str
    reply: Reply
    times: int = 1


@dataclass
class Fake(ABC):
    """One platform. `requests` holds what it was asked, as "GET /path".

    Attributes:
        steps: how many looks an action takes.
        ends: how it ends; None for never.
        release: what the app behind it tells of itself.
    """

    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    steps: int = 2
    ends: str | None = ""
    release: dict[str, str | None] = field(
        default_factory=lambda: dict.fromkeys(("commit", "platform", "environment", "region"))
    )

    token_in = ""
    address_in = ""
    base = ""

    def app(self) -> Flask:
        made = Flask(__name__)
        made.before_request(self._first)
        self.routes(made)
        return made

    def _first(self) -> ResponseReturnValue | None:
        asked = f"{request.method} {request.full_path.rstrip('?')}"
        self.requests.append(asked)
        self.headers.append(dict(request.headers))
        self.bodies.append(request.get_json(silent=True))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.unauthorized()
        for fault in self.faults:
            if fault.times and fault.method == request.method and fault.part in asked:
                fault.times -= 1
                return fault.reply()
        return None

    def fail(self, method: str, part: str, reply: Reply, times: int = 1) -> None:
        self.faults.append(Fault(method, part, reply, times))

    def orders(self) -> list[str]:
        """What it was told to do."""
        return [asked for asked in self.requests if not asked.startswith("GET ")]

    def order(self) -> Any:
        """The body of the last order."""
        kept = zip(self.requests, self.bodies, strict=True)
        return [body for asked, body in kept if not asked.startswith("GET ")][-1]

    @abstractmethod
    def routes(self, app: Flask) -> None: ...

    @abstractmethod
    def unauthorized(self) -> ResponseReturnValue: ...


def error(status: int, body: Any, **headers: str) -> Reply:
    """An answer with this status, as `Fake.fail` takes it."""

    def reply() -> ResponseReturnValue:
        made: Response = jsonify(body)
        made.status_code = status
        made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return made

    return reply


def at(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


def milliseconds(hours: float) -> int:
    return int(at(hours).timestamp() * 1000)


@contextmanager
def served(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a platform, and have the environment lead to it; its address."""
    with serve(fake.app()) as url:
        monkeypatch.setenv(fake.token_in, TOKEN)
        monkeypatch.setenv(fake.address_in, url + fake.base)
        yield url


@contextmanager
def deployed(fake: Fake) -> Iterator[str]:
    """The app that a platform serves: its /healthz tells the commit that is live there; its URL."""
    with serve(create_app({"RELEASE": fake.release})) as url:
        yield url
