"""Waiting until a push is live: /healthz is looked at again and again."""

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from grader.judging import read_release
from grader.model import Limits, Reply, Submission
from grader.outcomes import Outcome
from grader.probes import Deployment

# It is looked at again after a tenth of the time waited so far, but within these seconds.
_SOONEST, _LATEST = 0.25, 5.0


class Standing(Enum):
    """What a look at a deployment says of the commit that is waited for."""

    LIVE = auto()
    OTHER = auto()
    UNTOLD = auto()  # our /healthz says that it does not know
    UNREADABLE = auto()  # something answers, and tells no commit
    AWAY = auto()  # nothing answers, or with a server's error
    OURS = auto()  # this machine could not look


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a deployment.

    Attributes:
        words: what was seen, as a clause.
        after: seconds since the waiting began.
    """

    standing: Standing
    words: str
    after: float = 0.0


def wait_for(submission: Submission, limits: Limits, commit: str, seconds: float) -> Iterator[Look]:
    """Look at `submission` until it runs `commit`; the last look says how it ended.

    Each look is a fresh connection: one that is kept alive may stay with an old server.

    Args:
        submission: whose deployment is looked at.
        limits: how long a look may take; who answers, but tells no commit, is waited for as long as
            for the wake-up, since it may be a platform's page.
        commit: as `COMMIT` has it.
        seconds: how long to wait at most.
    """
    began = time.monotonic()
    while True:
        left = seconds - (time.monotonic() - began)
        look_limits = dataclasses.replace(limits, timeout=max(0.1, min(limits.timeout, left)))
        with Deployment(submission, look_limits) as deployment:
            reply = deployment.ask_release()
        after = time.monotonic() - began
        seen = dataclasses.replace(read(reply, commit), after=after)
        yield seen
        patience = limits.wake_timeout if seen.standing is Standing.UNREADABLE else seconds
        if seen.standing in (Standing.LIVE, Standing.UNTOLD) or after >= min(patience, seconds):
            return
        pause = min(max(_SOONEST, after / 10), _LATEST)
        time.sleep(max(0.0, min(pause, seconds - after)))


def read(reply: Reply, commit: str) -> Look:
    """What a reply of /healthz says of `commit`."""
    release = read_release(reply)
    if release is not None and release.commit:
        # Either may be abbreviated.
        same = release.commit.startswith(commit) or commit.startswith(release.commit)
        standing = Standing.LIVE if same else Standing.OTHER
        return Look(standing, f"commit {release.commit[:12]} answers")
    if release is not None:
        return Look(Standing.UNTOLD, "/healthz answers, and knows no commit")
    if reply.failure is not None:
        standing = Standing.OURS if reply.failure is Outcome.NOT_CHECKED else Standing.AWAY
        return Look(standing, reply.detail or reply.failure.rule.words)
    gone = reply.status is None or reply.status >= 500
    standing = Standing.AWAY if gone else Standing.UNREADABLE
    return Look(standing, f"/healthz answers with status {reply.status}, and tells no commit")
