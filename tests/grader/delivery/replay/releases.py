"""Two releases of the web app on loopback, and what people asked them."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.grader.apps import app
from webapp.release import Release

OLD, NEW = "a" * 40, "b" * 40


def release(process: Callable[[str], str], commit: str = OLD) -> AbstractContextManager[str]:
    """One release; its URL."""
    return app(process, RELEASE=Release(commit))


def captured(path: Path, *queries: str) -> Path:
    """Write the file of a worker who was asked these queries, one a second."""
    lines = (
        {
            "time": f"2026-11-26T10:{number // 60:02}:{number % 60:02}Z",
            "query": query,
            "status": 200,
            "sha256": "a" * 64,
            "ms": 1.5,
            "release": OLD,
        }
        for number, query in enumerate(queries)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path
