"""Both releases are asked what was captured: politely, in turn, and no longer than it tells."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum

from grader.asking.loops import Scope
from grader.asking.passes import seconds_to_wake
from grader.asking.waking import Waking
from grader.delivery.replay.comparing import (
    Compared,
    Kind,
    Replies,
    ReplyKind,
    Seen,
    compared,
    seen,
)
from grader.model import ProbeKind, Release, Target
from grader.outcomes import Outcome
from grader.probes import Deployment

# After so many queries in a row that failed, it is looked whether the deployment is still there.
_IN_A_ROW = 5
# So many replies of one deployment may be missing in all: each one may have taken the timeout.
_MISSING = 20


class Name(StrEnum):
    """One of the two deployments, as people and JSON call it."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be replayed.

    Attributes:
        queries: how often each was captured, in the order in which they are asked.
        left_out: how many other different queries the capture holds.
        per_second: how many requests each deployment gets at most.
    """

    baseline: Target
    candidate: Target
    queries: Mapping[str, int]
    left_out: int
    per_second: float


@dataclass(frozen=True, slots=True)
class WakingBoth:
    """Both deployments are about to be woken up, which may take so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Woke:
    """A deployment answered, or its time to wake up is over: `only` says what came instead."""

    name: Name
    release: Release | None
    elapsed_ms: float
    only: str


@dataclass(frozen=True, slots=True)
class AskingAgain:
    """So many queries are asked once more, since it is not sure what their replies show."""

    queries: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The rest is not asked. `by` is whoever is to blame; None for this machine or a platform."""

    by: Name | None
    reason: str


Event = WakingBoth | Woke | Compared | AskingAgain | Stopped


def replay(order: Order) -> Iterator[Event]:
    """What happens while both are asked. A query that is asked again is told again."""
    with Scope() as scope:
        yield from scope.iterate(_events(order))


async def _events(order: Order) -> AsyncGenerator[Event, None]:
    sides = (order.baseline, order.candidate)
    async with (
        Deployment(order.baseline.submission, order.baseline.limits) as first,
        Deployment(order.candidate.submission, order.candidate.limits) as second,
    ):
        baseline = _Site(Name.BASELINE, order, order.baseline, first)
        candidate = _Site(Name.CANDIDATE, order, order.candidate, second)
        yield WakingBoth(max(seconds_to_wake(side.submission, side.limits) for side in sides))
        for woke in await asyncio.gather(baseline.wake(), candidate.wake()):
            yield woke
        replaying = _Replaying(order.queries, baseline, candidate)
        async with aclosing(replaying.events()) as events:
            async for event in events:
                yield event


class _Site:
    """One deployment, asked one query at a time and no faster than allowed."""

    def __init__(self, name: Name, order: Order, side: Target, deployment: Deployment) -> None:
        self.name = name
        self.missing = 0
        """How many replies did not come in all."""
        self.asleep: Stopped | None = None
        self._side = side
        self._deployment = deployment
        self._interval = 1 / order.per_second
        self._wakes_by = next(iter(order.queries))
        self._next_at = 0.0
        self._failed_in_a_row = 0

    async def ask(self, query: str) -> Seen:
        """What it replies."""
        now = time.monotonic()
        await asyncio.sleep(max(0.0, self._next_at - now))
        self._next_at = max(now, self._next_at) + self._interval
        reply = await self._deployment.ask(ProbeKind.API, query)
        self.missing += reply.failure in (Outcome.TOO_SLOW, Outcome.UNREACHABLE)
        return seen(reply)

    async def wake(self) -> Woke:
        """Look at it until it answers, or its time to wake up is over; then it is `asleep`."""
        limits = self._side.limits
        seconds = seconds_to_wake(self._side.submission, limits)
        asked = (self._wakes_by, ProbeKind.PAGE, seconds, 0.0, limits.timeout)
        waking = Waking(self._deployment, *asked)
        await waking.until_awake()
        if waking.only:
            ours = seen(waking.evidence[-1]).kind is ReplyKind.UNTOLD
            self.asleep = Stopped(None if ours else self.name, f"{self.name}: {waking.only}")
        self._failed_in_a_row = 0
        return Woke(self.name, waking.release, 1000 * waking.elapsed, waking.only)

    async def is_gone(self, *replies: Seen) -> bool:
        """Whether it is there no more, after its replies to one query."""
        failed = all(reply.kind is ReplyKind.ERROR for reply in replies)
        self._failed_in_a_row = self._failed_in_a_row + 1 if failed else 0
        if self._failed_in_a_row >= _IN_A_ROW:
            await self.wake()
        if self.missing >= _MISSING and self.asleep is None:
            words = f"{self.name}: {self.missing} replies never came"
            self.asleep = Stopped(self.name, words)
        return self.asleep is not None


class _Replaying:
    """Asks in one pass, and again whatever was not sure."""

    def __init__(self, queries: Mapping[str, int], baseline: _Site, candidate: _Site) -> None:
        self._queries = queries
        self._baseline = baseline
        self._candidate = candidate
        self._untold_in_a_row = 0

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens."""
        if stopped := self._baseline.asleep or self._candidate.asleep:
            yield stopped
            return
        looks: dict[str, tuple[Replies, ...]] = dict.fromkeys(self._queries, ())
        while looks:
            unsure: dict[str, tuple[Replies, ...]] = {}
            for query, before in looks.items():
                replies = (*before, await self._replies(query))
                found = compared(query, self._queries[query], replies)
                yield found
                if found.asks_again:
                    unsure[query] = replies
                if stopped := await self._stopped(found):
                    yield stopped
                    return
            if unsure:
                yield AskingAgain(len(unsure))
            looks = unsure

    async def _replies(self, query: str) -> Replies:
        return Replies(
            await self._baseline.ask(query),
            await self._candidate.ask(query),
            await self._baseline.ask(query),
        )

    async def _stopped(self, found: Compared) -> Stopped | None:
        """Why nothing more is asked after this query; None if the next one is."""
        last = found.replies[-1]
        self._untold_in_a_row = self._untold_in_a_row + 1 if found.kind is Kind.UNTOLD else 0
        if self._untold_in_a_row >= _IN_A_ROW:
            return Stopped(None, found.reason)
        if await self._baseline.is_gone(last.baseline, last.again):
            return self._baseline.asleep
        if await self._candidate.is_gone(last.candidate):
            return self._candidate.asleep
        return None
