"""Reads the commit that an option names: its digits, or HEAD, which git looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.cli.output import say

if TYPE_CHECKING:
    from subprocess import CompletedProcess

HEAD = "HEAD"


def commit(value: str) -> str:
    """The commit with these digits, or the one of HEAD; empty if `value` is.

    Raises:
        ValueError: if it is no commit, or git cannot tell what HEAD is.
    """
    from grader.model import COMMIT

    given = value.strip()
    if given == HEAD:
        return _head()
    if given and not COMMIT.fullmatch(given.lower()):
        raise ValueError(
            f"{given!r} is no commit: a commit is 7 to 40 hexadecimal digits, as git log shows it. "
            "To mean HEAD, put the option at the end"
        )
    return given.lower()


def _head() -> str:
    """The last commit of the repository in the current folder; ValueError if there is none."""
    other = "or give the commit itself: --wait-for-commit SHA, as GitHub shows it"
    try:
        found = _git("rev-parse", "--verify", f"{HEAD}^{{commit}}")
    except FileNotFoundError:
        words = f"git, which tells what {HEAD} is, was not found: install it, {other}"
        raise ValueError(words) from None
    if found.returncode == 0:
        ahead = _git("rev-list", "--count", "@{upstream}..HEAD")
        if ahead.returncode == 0 and ahead.stdout.strip() != "0":
            say("Note: HEAD is not pushed yet, as far as git here knows: git push", err=True)
        return found.stdout.strip()
    if _git("rev-parse", "--git-dir").returncode == 0:
        raise ValueError(f"this folder's git repository has no commit yet: commit, {other}")
    said = " ".join(found.stderr.split())
    raise ValueError(
        f"git finds no repository in this folder. It says: {said}. Go to your project's folder, "
        f"{other}"
    )


def _git(*arguments: str) -> CompletedProcess[str]:
    import subprocess

    return subprocess.run(
        ["git", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
