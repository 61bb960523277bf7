"""Real servers on loopback for tests."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.components import ROOT

if TYPE_CHECKING:
    from ssl import SSLContext
    from wsgiref.types import WSGIApplication

LOOPBACK = "127.0.0.1"
PATIENCE = 60.0  # seconds until a test gives up; everything here takes a few


class QuietHandler(WSGIRequestHandler):
    """Answers without a line in the log for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def serve(app: "WSGIApplication", tls: "SSLContext | None" = None) -> Iterator[str]:
    """Serve an app in threads of this process; its base URL, without a trailing slash."""
    server = make_server(
        LOOPBACK, 0, app, threaded=True, request_handler=QuietHandler, ssl_context=tls
    )
    # Half a second between two looks whether it is to end would be most of many tests' time.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    """Give a port that nobody listens on at the moment."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serve_command(
    command: Sequence[str], port: int, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server as a process in the repository, and end it by SIGTERM.

    Args:
        command: the server; it is expected to listen on `port`.
        environment: variables to set beside this process's own.
        log: the file that takes what it prints.

    Yields:
        The process, once the server answers; on leaving it has ended and has a return code.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_listening(port, process, log)
        yield process
    finally:
        process.terminate()
        try:
            # A worker may miss the signal while it starts: gunicorn kills it after 30 s.
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(holds: Callable[[], bool], printed: Callable[[], str] = str) -> None:
    """Return as soon as a condition holds.

    Raises:
        AssertionError: it does not within `PATIENCE`; with what was `printed`.
    """
    deadline = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < deadline, printed()
        sleep(0.02)


def wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return as soon as somebody listens on a port, at most 30 seconds.

    Raises:
        AssertionError: the process ended or never listened; with what it printed.
    """
    deadline = monotonic() + 30
    while process.poll() is None and monotonic() < deadline:
        try:
            socket.create_connection((LOOPBACK, port), timeout=5).close()
        except OSError:
            sleep(0.02)
        else:
            return
    raise AssertionError(f"nobody listens on port {port}; the server printed:\n{log.read_text()}")
