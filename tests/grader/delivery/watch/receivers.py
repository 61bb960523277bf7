"""A real receiver of webhooks on loopback, which keeps what it was sent."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers import serve

if TYPE_CHECKING:
    from ssl import SSLContext
    from wsgiref.types import StartResponse, WSGIEnvironment

PATH = "/services/T0SECRET/B0SECRET/tokenxyz"


@dataclass
class Receiver:
    """Answers with the `statuses` in turn, and with 200 from then on."""

    statuses: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""
    release: threading.Event = field(default_factory=threading.Event)
    holds: bool = False
    part: bytes = bytes(2**20)
    parts: int = 0
    """Of so many its replies' bodies consist; those that were taken are counted down."""

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        self.bodies.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        self.sent.append(dict(environ))
        if self.holds:
            self.release.wait(60)
        start(self.statuses.pop(0) if self.statuses else "200 OK", self.headers)
        return self._reply()

    def _reply(self) -> Iterator[bytes]:
        yield b""
        while self.parts:
            self.parts -= 1
            yield self.part


@contextmanager
def receiving(
    *statuses: str,
    headers: Iterable[tuple[str, str]] = (),
    tls: "SSLContext | None" = None,
) -> Iterator[Receiver]:
    receiver = Receiver(list(statuses), list(headers))
    with serve(receiver, tls) as base:
        receiver.address = base + PATH
        try:
            yield receiver
        finally:
            receiver.release.set()
