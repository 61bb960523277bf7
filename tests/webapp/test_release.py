import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.release import Release, checked_out_commit, find_release

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"
NOWHERE = Path("no-such-folder")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.mark.parametrize(
    ("environ", "release"),
    [
        ({}, Release()),
        ({"VERCEL_TOKEN": "x", "HEROKU_API_KEY": "x", "VERCEL": ""}, Release()),
        ({"VERCEL": "1"}, Release(platform="vercel")),
        (
            {"VERCEL_GIT_COMMIT_SHA": SHA, "VERCEL_ENV": "preview", "VERCEL_REGION": "iad1"},
            Release(SHA, "vercel", "preview", "iad1"),
        ),
        ({"VERCEL_ENV": "production", "VERCEL_REGION": ""}, Release(None, "vercel", "production")),
        (
            {"RENDER": "true", "RENDER_GIT_COMMIT": SHA, "IS_PULL_REQUEST": "false"},
            Release(SHA, "render", "production"),
        ),
        ({"RENDER": "true", "IS_PULL_REQUEST": "true"}, Release(None, "render", "preview")),
        ({"DYNO": "web.1"}, Release(platform="heroku")),
        (
            {"HEROKU_BUILD_COMMIT": SHA, "HEROKU_SLUG_COMMIT": OTHER},
            Release(SHA, "heroku"),
        ),
        ({"HEROKU_BUILD_COMMIT": "", "HEROKU_SLUG_COMMIT": OTHER}, Release(OTHER, "heroku")),
    ],
)
def test_platforms(environ: dict[str, str], release: Release) -> None:
    assert find_release(environ, NOWHERE) == release


@pytest.mark.parametrize(
    "commit", [SHA[:6], SHA + "0", SHA.upper(), SHA + "\n", "main", "<script>", "0123 4567"]
)
def test_what_is_no_commit_is_not_told(commit: str) -> None:
    assert find_release({"VERCEL_GIT_COMMIT_SHA": commit}, NOWHERE) == Release(platform="vercel")


@given(st.text(alphabet="0123456789abcdef", min_size=7, max_size=40))
def test_short_and_full_commits_are_told(commit: str) -> None:
    assert find_release({"RENDER_GIT_COMMIT": commit}, NOWHERE).commit == commit


@needs_git
def test_branch_file(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".git/HEAD", "ref: refs/heads/topic/one\n")
    write(tmp_path / ".git/refs/heads/topic/one", f"{SHA}\n")
    assert checked_out_commit(tmp_path) == SHA
    assert find_release({}, tmp_path) == Release(SHA)


@needs_git
def test_packed_branch(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".git/HEAD", "ref: refs/heads/main\n")
    write(
        tmp_path / ".git/packed-refs",
        f"# pack-refs with: peeled\n{OTHER} refs/heads/old-main\n{SHA} refs/heads/main\n^{OTHER}\n",
    )
    assert checked_out_commit(tmp_path) == SHA


@needs_git
def test_detached_head(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".git/HEAD", f"{SHA}\n")
    assert checked_out_commit(tmp_path) == SHA


@needs_git
@pytest.mark.parametrize("head", ["", "ref: refs/heads/unborn\n", "ref: refs/heads\n", "\xff\xfe"])
def test_no_commit_yet_or_not_readable(tmp_path: Path, head: str) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".git/HEAD").write_bytes(head.encode("latin-1"))
    assert checked_out_commit(tmp_path) is None


@needs_git
def test_a_repository_around_the_app_is_not_ours(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".git/HEAD", SHA)
    installed = tmp_path / ".venv/lib/site-packages"
    installed.mkdir(parents=True)
    assert checked_out_commit(installed) is None


@needs_git
def test_a_commit_is_told_whatever_git_is_told_by_its_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".git/HEAD", f"{SHA}\n")
    monkeypatch.setenv("GIT_DIR", str(NOWHERE))  # as a hook of another repository sets it
    assert checked_out_commit(tmp_path) == SHA


@needs_git
def test_without_git_no_commit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".git/HEAD", f"{SHA}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_release({}, tmp_path) == Release()


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script for a POSIX shell")
@pytest.mark.parametrize("does", [f"exec {shutil.which('sleep')} 600", "echo main", "exit 1"])
def test_a_git_that_gives_no_commit_keeps_nobody_waiting(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    monkeypatch.setattr("webapp.release.GIT_SECONDS", 1.0)
    assert find_release({}, tmp_path) == Release()
    assert (tmp_path / "called").exists()


@needs_git
@pytest.mark.parametrize("variable", ["VERCEL", "RENDER", "DYNO"])
def test_a_platform_is_believed_and_git_is_not_asked(variable: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".git/HEAD", f"{SHA}\n")
    assert find_release({variable: "1"}, tmp_path).commit is None
    assert find_release({}, tmp_path).commit == SHA


@needs_git
def test_real_repository_and_linked_worktree(tmp_path: Path) -> None:
    repository, worktree = tmp_path / "repository", tmp_path / "worktree"
    repository.mkdir()
    git(repository, "init", "-q")
    git(repository, "commit", "-q", "--allow-empty", "-m", "one")
    git(repository, "worktree", "add", "-q", "-b", "other", str(worktree))
    git(worktree, "commit", "-q", "--allow-empty", "-m", "two")

    commits = [git(folder, "rev-parse", "HEAD") for folder in (repository, worktree)]
    assert [checked_out_commit(repository), checked_out_commit(worktree)] == commits
    assert commits[0] != commits[1]

    git(repository, "pack-refs", "--all")
    assert [checked_out_commit(repository), checked_out_commit(worktree)] == commits


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git(folder: Path, *arguments: str) -> str:
    # GIT_DIR and its like, set where tests run from a git hook, would lead to another repository.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for role in ("AUTHOR", "COMMITTER"):
        environ |= {f"GIT_{role}_NAME": "Test", f"GIT_{role}_EMAIL": "test@example.com"}
    done = subprocess.run(
        ["git", "-c", "commit.gpgsign=false", *arguments],
        cwd=folder,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
