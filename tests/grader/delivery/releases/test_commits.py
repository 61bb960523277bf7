"""When commits were made, from a real repository."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.delivery.releases.commits import committed_at

git_needed = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str, at: str = "2026-11-01T12:00:00Z") -> str:
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "x"), ("EMAIL", "x@example.org"), ("DATE", at))
    }
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@git_needed
def test_known_commits_have_their_time_and_others_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    commits = []
    for hour in (12, 13):
        message = f"Hour {hour}\n\n%H 1 \x1b"
        made = ("commit", "--quiet", "--allow-empty", "-m", message)
        git(tmp_path, *made, at=f"2026-11-01T{hour}:00:00Z")
        commits.append(git(tmp_path, "rev-parse", "HEAD"))
    found = committed_at([*commits, "e" * 40, "", "--all", commits[1][:9]], tmp_path)
    first, second = (datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (12, 13))
    assert found == {commits[0]: first, commits[1]: second, commits[1][:9]: second}


def test_without_git_or_a_repository_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert committed_at(["a" * 40], tmp_path) == {}
    assert committed_at([], tmp_path) == {}
    monkeypatch.setenv("PATH", "")
    assert committed_at(["a" * 40], tmp_path) == {}
