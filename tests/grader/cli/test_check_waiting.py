"""`check --wait-for-commit`: real apps that are deployed anew while they are looked at."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.grader.apps import SEED, right_answers
from tests.grader.cli.conftest import Grader
from tests.grader.probes.raw import always, raw_server, reply
from tests.servers import free_port, serve
from webapp.app import create_app

OLD, NEW = "a" * 40, "b" * 40
WHO = ("--andrew-id", "abc123", "--seed", SEED)
git_needed = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@contextmanager
def deployment(*commits: str | None) -> Iterator[str]:
    """A finished app whose release is the next of `commits` after each look at it; its URL."""
    answers = right_answers("abc123")
    release = {"commit": commits[0], "platform": None, "environment": None, "region": None}
    made = create_app({"PROCESS": lambda query: answers.get(query, ""), "RELEASE": release})
    coming = list(commits)

    @made.before_request
    def deploy() -> None:
        if len(coming) > 1:
            release["commit"] = coming.pop(0)
        else:
            release["commit"] = coming[0]

    with serve(made) as url:
        yield url


def git(folder: Path, *arguments: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_it_waits_for_the_push_and_then_expects_it(grader: Grader) -> None:
    with deployment(OLD, OLD, NEW) as url:
        result = grader("check", url, *WHO, "--wait-for-commit", NEW[:12].upper())
    said = result.stderr
    assert f"Waiting until commit {NEW[:12]} is live at {url} (at most 600 s)" in said
    looks = [line.split("s  ")[1] for line in said.splitlines() if line.startswith("  ")]
    assert looks == [f"commit {OLD[:12]} answers", f"commit {NEW[:12]} answers"]
    checked = " ".join(result.stdout.split())
    assert "commit bbbbbbbbbbbb answers" in checked
    assert "8 fresh connections met one answer" in checked
    assert "Score: 100 of 100 points" in result.stdout


def test_programs_get_their_format_alone(grader: Grader) -> None:
    with deployment(OLD, NEW) as url:
        waited = ("--wait-for-commit", NEW, "--format", "json")
        result = grader("check", url, *WHO, *waited)
        quiet = grader("check", url, *WHO, *waited, "--quiet")
    assert json.loads(result.stdout)["score"] == 100
    assert "Waiting until" in result.stderr
    assert quiet.stderr == ""


def test_what_runs_is_said_where_it_takes_too_long(grader: Grader) -> None:
    with deployment(OLD) as url:
        waited = ("--wait-for-commit", NEW, "--commit-timeout", 0.5)
        result = grader("check", url, *WHO, *waited, code=1)
    assert f"commit {NEW[:12]} is not live after" in result.stderr
    assert f"At last: commit {OLD[:12]} answers. Is it pushed (git push)" in result.stderr
    assert "Score" not in result.output
    assert "page" not in result.stderr


def test_a_page_that_was_not_written_is_said(grader: Grader) -> None:
    with deployment(OLD) as url:
        waited = ("--wait-for-commit", NEW, "--commit-timeout", 0.5, "--format", "html")
        result = grader("check", url, *WHO, *waited, "--quiet", code=1)
    assert result.stdout == ""
    assert result.stderr.endswith("No page was written.\n")


def test_an_app_that_is_down_all_the_time_is_said(grader: Grader) -> None:
    waited = ("--wait-for-commit", NEW, "--commit-timeout", 0.5)
    result = grader("check", f"http://127.0.0.1:{free_port()}", *WHO, *waited, code=1)
    assert "connection refused" in result.stderr
    assert "Open the link in a private window" in result.stderr


def test_a_deployment_that_tells_no_commit_is_not_waited_for(grader: Grader) -> None:
    with deployment(None) as url:
        # Our own starter knows that it knows none: waiting cannot help.
        result = grader("check", url, *WHO, "--wait-for-commit", NEW, code=1)
        assert f"{url} tells no commit, so nobody sees a push go live" in result.stderr
        assert "docs/student.md, task 8" in result.stderr
    with raw_server(always(reply(b"no such page", status="404 Not Found"))) as server:
        waited = ("--wait-for-commit", NEW, "--wake-timeout", 0.5)
        result = grader("check", server.url, *WHO, *waited, code=1)
    assert "status 404" in result.stderr
    assert f"{server.url} tells no commit" in result.stderr


@git_needed
def test_head_is_the_commit_of_this_folder(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with deployment(OLD) as url:
        waited = ("check", url, *WHO, "--wait-for-commit")
        said = grader(*waited, code=2).output
        assert "finds no repository in this folder" in said
        assert "or give the commit itself, as GitHub shows it" in said
        git(tmp_path, "init", "--quiet", "--initial-branch", "main")
        assert "has no commit yet" in grader(*waited, code=2).output
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "First")
    head = git(tmp_path, "rev-parse", "HEAD")
    with deployment(OLD, head) as url:
        for given in ((), ("HEAD",)):
            result = grader("check", url, *WHO, "--wait-for-commit", *given)
            assert f"commit {head[:12]} answers" in result.stderr
            assert "not pushed" not in result.stderr


@git_needed
def test_a_commit_that_is_not_pushed_is_said(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream, clone = tmp_path / "upstream.git", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(upstream))
    git(tmp_path, "clone", "--quiet", str(upstream), str(clone))
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "First")
    git(clone, "push", "--quiet", "--set-upstream", "origin", "HEAD:main")
    monkeypatch.chdir(clone)
    waited = ("--wait-for-commit", "--commit-timeout", 0.3)
    with deployment(OLD) as url:
        assert "not pushed" not in grader("check", url, *WHO, *waited, code=1).stderr
        git(clone, "commit", "--quiet", "--allow-empty", "--message", "Second")
        result = grader("check", url, *WHO, *waited, code=1)
    assert "Note: HEAD is not pushed yet, as far as git here knows: git push" in result.stderr


def test_without_git_that_is_said(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    said = grader("check", "http://localhost:1", *WHO, "--wait-for-commit", code=2).output
    assert "git, which tells what HEAD is, was not found: install it, or give" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--wait-for-commit", "main"), "'main' is no commit"),
        (("--wait-for-commit", "http://localhost:1"), "of this folder, write HEAD"),
        (("--wait-for-commit", NEW, "--expect-commit", NEW), "leave --expect-commit out"),
        (("--wait-for-commit", NEW, "--commit-timeout", 0), "--commit-timeout"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(
    grader: Grader, options: tuple[object, ...], words: str
) -> None:
    said = grader("check", "http://localhost:1", *WHO, *options, code=2).output
    assert words in " ".join(said.split())
