"""Which commit runs where: the platform's variables tell it or, on your machine, git."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COMMIT = re.compile("[0-9a-f]{7,40}")
GIT_SECONDS = 5.0  # how long git may take


@dataclass(frozen=True, slots=True)
class Release:
    """The deployed commit and where it runs; None where that is unknown.

    Attributes:
        commit: 7 to 40 lowercase hexadecimal digits.
        platform: "vercel", "render" or "heroku".
        environment: "production", "preview" or "development", where the platform says so.
        region: the platform's own name for the data center.
    """

    commit: str | None = None
    platform: str | None = None
    environment: str | None = None
    region: str | None = None


def find_release(environ: Mapping[str, str], checkout: Path) -> Release:
    """Find out what runs here.

    Args:
        environ: the environment's variables, as the platforms name them. An empty one counts as
            unset.
        checkout: the folder that holds `.git` where the app runs from a git checkout.
    """

    def given(*names: str) -> bool:
        return any(environ.get(name) for name in names)

    def commit(*names: str) -> str | None:
        values = (environ.get(name, "") for name in names)
        return next(filter(COMMIT.fullmatch, values), None)

    if given("VERCEL", "VERCEL_ENV", "VERCEL_URL", "VERCEL_REGION", "VERCEL_GIT_COMMIT_SHA"):
        return Release(
            commit("VERCEL_GIT_COMMIT_SHA"),
            "vercel",
            environ.get("VERCEL_ENV") or None,
            environ.get("VERCEL_REGION") or None,
        )
    if given("RENDER", "RENDER_GIT_COMMIT"):
        preview = environ.get("IS_PULL_REQUEST") == "true"
        return Release(
            commit("RENDER_GIT_COMMIT"), "render", "preview" if preview else "production"
        )
    if given("DYNO", "HEROKU_APP_NAME", "HEROKU_BUILD_COMMIT", "HEROKU_SLUG_COMMIT"):
        # The slug's commit may be stale after a promotion.
        return Release(commit("HEROKU_BUILD_COMMIT", "HEROKU_SLUG_COMMIT"), "heroku")
    return Release(checked_out_commit(checkout))


def checked_out_commit(checkout: Path) -> str | None:
    """Ask git for the commit of a checkout.

    Returns:
        None where `checkout` is no git checkout or has no commit yet, or git does not answer.
    """
    # A repository in a folder above would be another one, so git must not look for it there.
    folder = checkout / ".git"
    if not folder.exists():
        return None
    command = ["git", f"--git-dir={folder}", "rev-parse", "--verify", "HEAD"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=GIT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):  # git is missing, too slow, or found no commit
        return None
    commit = done.stdout.strip()
    return commit if COMMIT.fullmatch(commit) else None
