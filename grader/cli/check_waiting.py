"""How `check` waits for a push, and what it prints meanwhile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from grader.cli.exit_codes import FALLS_SHORT, NOT_GRADED
from grader.cli.output import say

if TYPE_CHECKING:
    from grader.model import Job
    from grader.services.waiting import Look

_SECONDS_BETWEEN_SIGNS = 15.0
_SHOWN = 12
_TELL_IT = (
    "The platform has to tell the app: docs/student.md, task 8, says how, for each platform. Or "
    "wait two minutes after the push, and check without --wait-for-commit."
)


def wait(job: Job, seconds: float, *, quiet: bool, page: bool) -> None:
    """Wait until the deployment runs the expected commit; if it does not in time, exit.

    If the result is to be a page, the shell may have made an empty file for it; this is said.
    """
    from grader.services.waiting import Standing

    commit, url = job.submission.expect_commit, job.submission.url
    look = follow(job, seconds, quiet=quiet)
    if look.standing is Standing.LIVE:
        return
    say(_why(look, commit[:_SHOWN], url), err=True)
    if page:
        say("No page was written.", err=True)
    sys.exit(NOT_GRADED if look.standing is Standing.OURS else FALLS_SHORT)


def follow(job: Job, seconds: float, *, quiet: bool) -> Look:
    """Look until the deployment runs the expected commit, and tell what is seen; the last look."""
    from grader.services.waiting import wait_for

    def tell(words: str) -> None:
        # What goes to standard output may be for a program.
        if not quiet:
            say(words, err=True)

    commit, url = job.submission.expect_commit, job.submission.url
    tell(f"Waiting until commit {commit[:_SHOWN]} is live at {url} (at most {seconds:g} s) ...")
    said, said_at = "", 0.0
    for look in wait_for(job, commit, seconds):
        if look.words != said or look.after - said_at >= _SECONDS_BETWEEN_SIGNS:
            tell(f"  {look.after:>4.0f} s  {look.words}")
            said, said_at = look.words, look.after
    return look


def _why(look: Look, shown: str, url: str) -> str:
    from grader.services.waiting import Standing

    match look.standing:
        case Standing.UNTOLD | Standing.UNREADABLE:
            return f"Not checked: {url} tells no commit, so nobody sees a push go live. {_TELL_IT}"
        case Standing.OURS:
            return f"Not checked: this machine could not look at {url}: {look.words}."
        case Standing.LASTING:
            return f"Not checked: {url} cannot be waited for: {look.words}."
    advice = "Open the link in a private window: does it load there?"
    if look.standing is Standing.OTHER:
        advice = (
            "Is it pushed (git push), to the branch that is deployed, and did the platform's "
            "dashboard build it?"
        )
    return (
        f"Not checked: commit {shown} is not live after {look.after:.0f} s. At last: {look.words}. "
        f"{advice} Wait longer with --commit-timeout."
    )
