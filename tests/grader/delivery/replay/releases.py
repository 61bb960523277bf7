"""Two releases of the web app on loopback, and what people asked them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import serve
from webapp.app import create_app

OLD, NEW = "a" * 40, "b" * 40


@contextmanager
def release(process: Callable[[str], str], commit: str = OLD) -> Iterator[str]:
    """One release; its URL."""
    told = {"commit": commit, "platform": None, "environment": None, "region": None}
    made = create_app({"PROCESS": process, "RELEASE": told})
    made.logger.disabled = True
    try:
        with serve(made) as url:
            yield url
    finally:
        made.logger.disabled = False  # it is that of every app in this process


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
