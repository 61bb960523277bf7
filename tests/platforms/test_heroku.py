"""The Procfile that Heroku runs, run by honcho under a real gunicorn on loopback."""

import json
import re
import socket
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from tests.components import ROOT, SCRIPTS
from tests.servers import LOOPBACK, free_port, serve_command, wait_until

pytestmark = [
    pytest.mark.platform,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run on Windows"),
]


@contextmanager
def heroku(log: Path, workers: int = 2, **environment: str) -> Iterator[tuple[str, psutil.Process]]:
    """Start the Procfile's `web` as Heroku does, on loopback; its base URL and honcho's process."""
    port = free_port()
    honcho = [sys.executable, "-m", "honcho", "start", "-p", str(port), "web"]
    path = f"{SCRIPTS}:/usr/bin:/bin"
    variables = {"GUNICORN_CMD_ARGS": f"--bind {LOOPBACK}:{port}", "PATH": path, **environment}
    with serve_command(honcho, port, variables, log) as process:
        # The master listens before its workers run, and honcho can end only what it has heard of.
        wait_until(lambda: log.read_text().count("Booting worker") >= workers, log.read_text)
        yield f"http://{LOOPBACK}:{port}", psutil.Process(process.pid)


def read_metrics(url: str) -> str:
    with urlopen(f"{url}/metrics") as reply:  # noqa: S310 - loopback
        text: str = reply.read().decode()
        return text


def test_the_procfile_serves_the_web_app_and_shuts_down_cleanly(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    commit = "0123456789abcdef0123456789abcdef01234567"
    with heroku(log, HEROKU_BUILD_COMMIT=commit) as (url, honcho):
        with urlopen(f"{url}/api?q=shakespeare") as reply:  # noqa: S310 - loopback
            assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert "William Shakespeare" in reply.read().decode()
        with urlopen(f"{url}/healthz") as reply:  # noqa: S310
            release = json.load(reply)["release"]
            assert (release["platform"], release["commit"]) == ("heroku", commit)
        wait_until(lambda: "\nwebapp_workers 2.0\n" in read_metrics(url))
        assert 'webapp_queries_total{answered="yes"} 1.0' in read_metrics(url)
        children = honcho.children(recursive=True)
        assert len(children) >= 3, "a master and two workers"

    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    printed = log.read_text(encoding="utf-8")
    assert '"GET /api?q=shakespeare HTTP/1.1" 200' in printed, "the access log is on"
    assert "Shutting down: Master" in printed
    assert "Traceback" not in printed
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, int(url.rpartition(":")[2])), timeout=5)


def test_the_number_of_workers_follows_the_platform(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with heroku(log, workers=1, WEB_CONCURRENCY="1"):
        pass
    assert log.read_text(encoding="utf-8").count("Booting worker") == 1


def test_the_procfile_has_one_process_named_web() -> None:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    assert [re.match(r"(\w+): \S", line) is not None for line in lines] == [True]
    assert lines[0].startswith("web: ")


def test_requirements_are_the_dependencies_of_the_web_app() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines == project["dependencies"]
