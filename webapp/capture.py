"""WEBAPP_CAPTURE=queries.jsonl keeps each query and what became of it, for `grader replay`."""

import errno
import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from time import perf_counter

from flask import Flask, Response, current_app, request

from webapp.metrics import WORKER

MAX_BYTES = 5_000_000  # of one file; the one before it is kept, too


def init_app(app: Flask) -> None:
    """Keep what an app is asked if the variable says where; never who asked."""
    path = os.environ.get("WEBAPP_CAPTURE")
    if not path:
        return
    capture = Capture(path)

    @app.after_request
    def keep(response: Response) -> Response:
        noted = request.environ  # by views.answer_to and metrics.Indicators
        if "webapp.query" in noted:
            line = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "query": noted["webapp.query"],
                "status": response.status_code,
                "sha256": sha256(response.get_data()).hexdigest(),
                "ms": round((perf_counter() - noted["webapp.began"]) * 1000, 3),
                "release": current_app.config["RELEASE"].commit,
            }
            capture.keep(json.dumps(line).encode() + b"\n")
        return response


class Capture:
    """A file of this worker's own, which nobody else on the machine may read."""

    def __init__(self, path: str) -> None:
        """Put the worker's number into the name: queries.jsonl becomes queries.1.jsonl."""
        name, ending = os.path.splitext(path)
        self.path = f"{name}.{WORKER}{ending}"
        self.old_path = f"{name}.{WORKER}.old{ending}"
        self._lock = Lock()
        self._complained = False

    def keep(self, line: bytes) -> None:
        """Append a line. If that fails, say so once and go on: an answer matters more."""
        try:
            with self._lock:
                if self._append(line) > MAX_BYTES:
                    os.replace(self.path, self.old_path)
        except OSError as error:
            if not self._complained:
                self._complained = True
                words = "Queries are not captured in %s: %s. Look at WEBAPP_CAPTURE, and the disk."
                current_app.logger.warning(words, self.path, error.strerror)

    def _append(self, line: bytes) -> int:
        """Append a whole line or nothing; the size of the file before it."""
        with open(self.path, "ab", buffering=0, opener=open_private) as file:
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), 0o600)  # it may have been there, for all to read
            size = file.tell()
            if file.write(line) < len(line):
                file.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return size


def open_private(path: str, flags: int) -> int:
    """Open a file; a new one is for its owner alone, and a link leads nowhere."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
