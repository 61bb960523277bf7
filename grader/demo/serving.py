"""Apps served on this machine, each at a port of its own."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server

from webapp.app import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"


def delayed(app: "WSGIApplication", latency: float) -> "WSGIApplication":
    """The app, with `latency` seconds more for every reply."""

    def wait(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        time.sleep(latency)
        return app(environ, start_response)

    return wait


class _SilentHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Keep the demo's own output readable."""


@contextlib.contextmanager
def silent_log() -> Iterator[None]:
    """Print no tracebacks of the apps that fail on purpose."""
    logger = create_app().logger  # one for all of them
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False


@contextlib.contextmanager
def served(app: "WSGIApplication") -> Iterator[int]:
    """Serve an app while the context lasts, at a port that is returned."""
    server = make_server(LOOPBACK, 0, app, threaded=True, request_handler=_SilentHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections. It is held, so that no other program gets it."""
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        yield held.getsockname()[1]
