"""Waiting until a push is live, by looking at /healthz again and again."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from grader.asking.loops import Scope
from grader.asking.passes import wake_seconds
from grader.judging import read_release
from grader.judging.failures import judge_failure
from grader.judging.second_look import may_change
from grader.model import Job, Reply
from grader.outcomes import Outcome
from grader.probes import Deployment
from grader.text.commits import is_same_commit, short

# The pause between two looks is a tenth of the time so far, within these bounds in seconds.
_SOONEST, _LATEST = 0.25, 5.0


class Standing(Enum):
    """What one look says about the commit that we wait for."""

    LIVE = auto()
    OTHER = auto()
    UNTOLD = auto()  # our /healthz says that it does not know
    UNREADABLE = auto()  # something answers, but tells no commit
    AWAY = auto()  # nothing answers, or the answer is a server error
    LASTING = auto()  # waiting does not help: it is paused, or asks for a login
    OURS = auto()  # this machine could not look


_FINAL = frozenset({Standing.LIVE, Standing.UNTOLD, Standing.LASTING})


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has seen, in `words` (a clause), `after` so many seconds of waiting."""

    standing: Standing
    words: str
    after: float = 0.0


def wait_for(job: Job, commit: str, seconds: float) -> Iterator[Look]:
    """Look at a deployment until it runs `commit`, for so many seconds; the last look says the end.

    Each look is a new connection, because a kept one may stay with an old server. If something
    answers without a commit, it may be a page of the platform: we wait as long as for a wake-up.
    """
    with Scope() as scope:
        yield from scope.iterate(_looks(job, commit, seconds))


async def _looks(job: Job, commit: str, seconds: float) -> AsyncGenerator[Look, None]:
    began = time.monotonic()
    # Since when it has named no commit. If it never named one, it is perhaps not our app.
    untold_since = 0.0
    has_told = False
    while True:
        reply = await _reply(job)
        after = time.monotonic() - began
        seen = dataclasses.replace(read(reply, commit), after=after)
        yield seen
        has_told = has_told or seen.standing is Standing.OTHER
        if has_told or seen.standing is not Standing.UNREADABLE:
            untold_since = after
        is_mute = after - untold_since >= wake_seconds(job)
        if seen.standing in _FINAL or is_mute or after >= seconds:
            return
        pause = min(max(_SOONEST, after / 10), _LATEST)
        await asyncio.sleep(max(0.0, min(pause, seconds - after)))


def commit_now(job: Job) -> str:
    """The commit that a deployment tells at this moment; empty if it tells none."""
    with Scope() as scope:
        release = read_release(scope.result(_reply(job)))
    return (release and release.commit) or ""


async def _reply(job: Job) -> Reply:
    async with Deployment(job.submission, job.limits) as deployment:
        return await deployment.ask_release()


def read(reply: Reply, commit: str) -> Look:
    """What this reply of /healthz says about `commit`."""
    release = read_release(reply)
    if release is not None and release.commit:
        standing = Standing.LIVE if is_same_commit(release.commit, commit) else Standing.OTHER
        return Look(standing, f"commit {short(release.commit)} answers")
    if release is not None:
        return Look(Standing.UNTOLD, "/healthz answers, and knows no commit")
    judgement = judge_failure(reply)
    if judgement is None:
        words = f"/healthz answers with status {reply.status}, and tells no commit"
        return Look(Standing.UNREADABLE, words)
    if judgement.outcome is Outcome.NOT_CHECKED:
        standing = Standing.OURS
    elif not may_change(reply):
        standing = Standing.LASTING
    elif reply.failure is None and (reply.status or 0) < 500:
        standing = Standing.UNREADABLE
    else:
        standing = Standing.AWAY
    return Look(standing, judgement.reason)
