"""Which commit runs where: told by the platform's variables or, locally, by the git checkout."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COMMIT = re.compile("[0-9a-f]{7,40}")


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
        environ: the environment's variables; their names are the platforms' own. An empty one
            counts as unset.
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
    """Read the commit of a git checkout from its files: quick, and without git installed.

    Only `checkout` itself is looked at, never a folder above it: that would be the commit of
    another repository, for example of one whose virtual environment this app is installed in.

    Returns:
        None where `checkout` is no git checkout or has no commit yet.
    """
    try:
        git = checkout / ".git"
        if git.is_file():  # a linked worktree or a submodule: the file says where the folder is
            git = checkout / git.read_text().removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text().strip()
        if head.startswith("ref:"):
            head = _resolve(git, head.removeprefix("ref:").strip())
    except (OSError, UnicodeDecodeError):
        return None
    return head if COMMIT.fullmatch(head) else None


def _resolve(git: Path, ref: str) -> str:
    """Look up a branch, which is a file of its own or a line in `packed-refs`; "" if neither."""
    shared = git / "commondir"  # linked worktrees share their branches
    common = git / shared.read_text().strip() if shared.is_file() else git
    if (common / ref).is_file():
        return (common / ref).read_text().strip()
    packed = common / "packed-refs"
    lines = packed.read_text().splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {ref}")), "")
