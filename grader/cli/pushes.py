"""Waiting for a push before a check: which commit it is, and what is said meanwhile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from grader.cli import options

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from grader.asking.waiting import Look
    from grader.model import Job

HEAD = "HEAD"
_SECONDS_BETWEEN_SIGNS = 15.0
_SHOWN = 12
_TELL_IT = (
    "The platform has to tell the app: docs/student.md, task 8, says how, for each platform. Or "
    "wait two minutes after the push, and check without --wait-for-commit."
)


def commit(_context: click.Context, option: click.Parameter, value: str | None) -> str:
    """The commit that is given, with HEAD looked up; empty where none is.

    Raises:
        click.BadParameter: if it is no commit, or git cannot tell what HEAD is.
    """
    from grader.model import COMMIT

    given = (value or "").strip()
    if given == HEAD:
        return _head()
    if given and not COMMIT.fullmatch(given.lower()):
        words = "a commit is 7 to 40 hexadecimal digits, as git log shows it"
        if option.name == "wait_for_commit":
            words = f"{given!r} is no commit: {words}. To mean HEAD, put the option at the end"
        raise click.BadParameter(words)
    return given.lower()


def wait(job: Job, sha: str, seconds: float, *, quiet: bool, page: bool) -> None:
    """Wait until the deployment runs the commit `sha`; end the command where it does not.

    Args:
        job: whose deployment is looked at.
        sha: the commit.
        seconds: how long to wait at most.
        quiet: whether nothing is told meanwhile.
        page: whether a page would be written then, of which an empty file may be left.
    """
    from grader.asking.waiting import Standing, wait_for

    def say(words: str) -> None:
        # What goes to standard output may be for a program.
        if not quiet:
            options.say(words, err=True)

    shown, url = sha[:_SHOWN], job.submission.url
    say(f"Waiting until commit {shown} is live at {url} (at most {seconds:g} s) ...")
    said, said_at = "", 0.0
    for look in wait_for(job, sha, seconds):
        if look.words != said or look.after - said_at >= _SECONDS_BETWEEN_SIGNS:
            say(f"  {look.after:>4.0f} s  {look.words}")
            said, said_at = look.words, look.after
    if look.standing is Standing.LIVE:
        return
    options.say(_why(look, shown, url), err=True)
    if page:
        options.say("No page was written.", err=True)
    sys.exit(options.NOT_GRADED if look.standing is Standing.OURS else options.FALLS_SHORT)


def _why(look: Look, shown: str, url: str) -> str:
    from grader.asking.waiting import Standing

    match look.standing:
        case Standing.UNTOLD | Standing.UNREADABLE:
            return f"Not checked: {url} tells no commit, so nobody sees a push go live. {_TELL_IT}"
        case Standing.OURS:
            return f"Not checked: this machine could not look at {url}: {look.words}."
        case Standing.LASTING:
            return f"Not checked: {url} cannot be waited for: {look.words}."
        case Standing.OTHER:
            advice = (
                "Is it pushed (git push), to the branch that is deployed, and did the platform's "
                "dashboard build it?"
            )
        case _:
            advice = "Open the link in a private window: does it load there?"
    return (
        f"Not checked: commit {shown} is not live after {look.after:.0f} s. At last: {look.words}. "
        f"{advice} Wait longer with --commit-timeout."
    )


def _head() -> str:
    """The commit that the repository in the current folder is at.

    Raises:
        click.BadParameter: if git cannot tell.
    """
    other = "or give the commit itself: --wait-for-commit SHA, as GitHub shows it"
    try:
        found = _git("rev-parse", "--verify", f"{HEAD}^{{commit}}")
    except FileNotFoundError:
        words = f"git, which tells what {HEAD} is, was not found: install it, {other}"
        raise click.BadParameter(words) from None
    if found.returncode == 0:
        _note_unpushed()
        return found.stdout.strip()
    if _git("rev-parse", "--git-dir").returncode == 0:
        raise click.BadParameter(f"this folder's git repository has no commit yet: commit, {other}")
    said = " ".join(found.stderr.split())
    raise click.BadParameter(
        f"git finds no repository in this folder. It says: {said}. Go to your project's folder, "
        f"{other}"
    )


def _note_unpushed() -> None:
    """Say that HEAD was not pushed, as far as git here knows: nobody would see it go live."""
    ahead = _git("rev-list", "--count", "@{upstream}..HEAD")
    if ahead.returncode == 0 and ahead.stdout.strip() != "0":
        options.say("Note: HEAD is not pushed yet, as far as git here knows: git push", err=True)


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
