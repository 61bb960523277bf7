"""Asks servers on this machine: one request, one fresh connection."""

import http.client
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from grader.delivery.pipeline.keeper import LOOPBACK
from grader.judging import read_release
from grader.model import Reply

_LOOK_SECONDS = 0.05
_GET_SECONDS, _PATCH_SECONDS = 5.0, 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: None if no reply came.
        served_by: the port of the instance that answered, as the proxy tells it; 0 for unknown.
    """

    status: int | None
    text: str
    milliseconds: float
    served_by: int = 0


def get(port: int, path: str) -> Answer:
    """Ask a server at a port for a path."""
    return _asked(http.client.HTTPConnection(LOOPBACK, port, timeout=_GET_SECONDS), "GET", path)


def patch(where: Path | int, path: str, document: Any) -> Answer:
    """Send a document to an administration at a socket or at a port."""
    connection = (
        http.client.HTTPConnection(LOOPBACK, where, timeout=_PATCH_SECONDS)
        if isinstance(where, int)
        else _OverSocket(where)
    )
    return _asked(connection, "PATCH", path, json.dumps(document))


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a private socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_PATCH_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _asked(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None
) -> Answer:
    started = time.perf_counter()
    status, text, served_by = None, "", 0
    headers = {"Connection": "close", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body, headers)
        with connection.getresponse() as reply:
            text = reply.read().decode(errors="replace")
            status = reply.status
            served_by = int(reply.headers.get("X-Served-By", ":0").rpartition(":")[2])
    except (OSError, http.client.HTTPException) as error:
        text = f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return Answer(status, text, 1000 * (time.perf_counter() - started), served_by)


def query_path(query: str) -> str:
    """The path of the API for a query."""
    return f"/api?q={quote(query, safe='')}"


def commit_at(port: int) -> str:
    """The commit that an app names; empty if it names none."""
    answer = get(port, "/healthz")
    release = read_release(Reply("", datetime.now(UTC), answer.status, answer.text))
    return (release.commit if release else None) or ""


def wait_for(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds, at most so many seconds; whether it does."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
