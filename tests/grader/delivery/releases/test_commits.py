"""When commits were made, from a real repository."""

import os
import shutil
import subprocess
import sys
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


@git_needed
@pytest.mark.skipif(sys.platform == "win32", reason="Windows runs no shell scripts")
def test_a_git_that_shows_signatures_changes_nothing(tmp_path: Path) -> None:
    """A program signs, and finds each signature good, in words among what git prints."""
    signer = tmp_path / "signer"
    signer.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "*--verify*) echo '[GNUPG:] GOODSIG 0 x'; echo 'gpg: Good signature from x' >&2;;\n"
        "*) cat > /dev/null; echo '[GNUPG:] SIG_CREATED ' >&2;\n"
        "   printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n';;\n"
        "esac\n"
    )
    signer.chmod(0o700)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "gpg.program", str(signer))
    git(tmp_path, "config", "log.showSignature", "true")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-S", "-m", "Signed")
    assert "Good signature" in git(tmp_path, "log")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert committed_at([commit], tmp_path) == {commit: datetime(2026, 11, 1, 12, tzinfo=UTC)}


def test_without_git_or_a_repository_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert committed_at(["a" * 40], tmp_path) == {}
    assert committed_at([], tmp_path) == {}
    monkeypatch.setenv("PATH", "")
    assert committed_at(["a" * 40], tmp_path) == {}
