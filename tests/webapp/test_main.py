import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import LOOPBACK, PATIENCE, free_port, wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the app that a test may edit."""
    shutil.copytree(
        ROOT / "webapp", tmp_path / "webapp", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


@contextmanager
def running(project: Path, *arguments: str, **environ: str) -> Iterator[None]:
    """Run `python -m webapp` in `project`, and stop it together with its reloader's child."""
    with (
        (project / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "webapp", *arguments],
            cwd=project,
            env=os.environ | environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as server,
    ):
        try:
            yield
        finally:
            if sys.platform == "win32":
                subprocess.run(["taskkill", "/T", "/F", "/PID", str(server.pid)], check=True)
            else:
                os.killpg(server.pid, signal.SIGKILL)


def get(port: int, path: str) -> tuple[int, str]:
    """Ask once; (0, "") while nobody listens, or the reloader stops who was answering."""
    try:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""


def test_serves_on_this_machine_only_and_says_where(project: Path) -> None:
    port = free_port()
    with running(project, "--port", str(port)):
        wait_until(lambda: get(port, "/healthz")[0] == 200)
        assert f"Open http://localhost:{port} " in (project / "log").read_text()
        # Every address of 127.0.0.0/8 is this machine's, and a server on all of its addresses
        # (0.0.0.0) would answer on this one too.
        with socket.socket() as elsewhere:
            assert elsewhere.connect_ex(("127.0.0.2", port)) != 0


def test_indicators_and_queries_are_kept_by_the_development_server(project: Path) -> None:
    port = free_port()
    with running(project, PORT=str(port), WEBAPP_CAPTURE=str(project / "queries.jsonl")):
        wait_until(lambda: get(port, "/api?q=who+was+shakespeare")[0] == 200)
        assert 'webapp_queries_total{answered="yes"} 1.0' in get(port, "/metrics")[1]
        assert '"query": "who was shakespeare"' in (project / "queries.1.jsonl").read_text()


def test_saved_files_are_served_at_once_and_broken_ones_stop_nothing(project: Path) -> None:
    port = free_port()
    processor = project / "webapp/query_processor.py"
    with running(project, PORT=str(port)):
        wait_until(lambda: get(port, "/")[0] == 200)
        processor.write_text("def process(query: str) -> str:\n    return 'edited'\n")
        wait_until(lambda: get(port, "/api?q=x") == (200, "edited"))

        processor.write_text("def process(query: str) -> str\n    return 'broken'\n")
        sentence = "The app could not be started. The terminal says why."
        wait_until(lambda: get(port, "/api?q=x") == (500, sentence))
        # However often it is asked, the error stays in sight: nothing comes below it.
        wait_until(lambda: (project / "log").read_text().endswith("SyntaxError: expected ':'\n"))
        assert get(port, "/") == get(port, "/healthz") == (500, sentence)
        assert (project / "log").read_text().endswith("SyntaxError: expected ':'\n")

        processor.write_text("exit('bye')\n")
        wait_until(lambda: "SystemExit: bye" in (project / "log").read_text())
        wait_until(lambda: get(port, "/api?q=x") == (500, sentence))
        processor.write_text("def process(query: str) -> str:\n    return query[99]\n")
        wait_until(lambda: get(port, "/api?q=x")[1].startswith("The app failed on this query"))
        assert "IndexError" in (project / "log").read_text()
        page = project / "webapp/templates/index.html"
        page.write_text(page.read_text().replace("Welcome!!</h1>", "Edited</h1>"))
        wait_until(lambda: "Edited</h1>" in get(port, "/")[1])
        assert get(port, "/console")[0] == 404  # the debugger would run any code there


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_commit_is_told_without_a_new_start(project: Path) -> None:
    def told() -> str:
        status, text = get(port, "/healthz")
        return json.loads(text)["release"]["commit"] if status == 200 else ""

    port = free_port()
    head = project / ".git/HEAD"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "init", "-q", str(project)], env=environ, check=True)
    head.write_text("a" * 40)
    with running(project, "--port", str(port)):
        wait_until(lambda: told() == "a" * 40)
        head.write_text("b" * 40)
        wait_until(lambda: told() == "b" * 40)
        head.write_text("c" * 40)
        assert 'commit="' + "c" * 40 in get(port, "/metrics")[1]
        assert "Detected change" not in (project / "log").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script for a POSIX shell")
def test_git_is_asked_for_the_commit_only_where_it_is_told(project: Path) -> None:
    port = free_port()
    (project / ".git").mkdir()
    program, calls = project / "bin/git", project / "calls"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho >> {calls}\necho {'a' * 40}\n")
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    with running(project, "--port", str(port), PATH=path):
        wait_until(lambda: get(port, "/")[0] == 200)
        before = calls.read_text()
        assert before
        for page in ("/", "/api?q=x", "/static/style.css", "/nope"):
            assert get(port, page)[0] in (200, 404)
        assert calls.read_text() == before
        status, text = get(port, "/healthz")
        assert (status, json.loads(text)["release"]["commit"]) == (200, "a" * 40)
        assert calls.read_text() != before


def run_in_vain(
    project: Path, *arguments: str, port: str = "", python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "webapp", *arguments],
        cwd=project,
        env=os.environ | {"PORT": port, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_taken_port_is_told_with_advice(project: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        done = run_in_vain(project, "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
    assert "python -m webapp --port " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "3000x"])
def test_what_is_no_port_is_told_in_words(project: Path, port: str) -> None:
    for done in (run_in_vain(project, f"--port={port}"), run_in_vain(project, port=port)):
        assert done.returncode == 2
        assert "a port is a number from 1 to 65535, not " in done.stderr
        assert "Traceback" not in done.stderr


def test_a_missing_environment_is_told_in_words(project: Path) -> None:
    done = run_in_vain(project, python=("-S",))  # without any library
    assert done.returncode == 1
    assert "The app needs click, which this Python does not have." in done.stderr
    assert "source .venv/bin/activate" in done.stderr
    assert "docs/student.md" in done.stderr
    assert "Traceback" not in done.stderr
