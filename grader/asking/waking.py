"""Looking at a deployment until something of it answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

from grader.judging import read_release
from grader.judging.second_look import (
    is_challenged,
    is_own,
    is_same_everywhere,
    may_change,
    silence,
    what_came,
)
from grader.model import Judgement, ProbeKind, Release, Reply
from grader.probes import Deployment

# One look may take a quarter of the time: if one place hangs, the others are still looked at.
_SHARE = 4
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.25, 3.0


class _Place(StrEnum):
    HEALTHZ = "healthz"
    API = "api"
    PAGE = "page"


class Waking:
    """Looks at a deployment's release, API and page in turn, until something of its own answers.

    An app need not have `/healthz`. It tells the release and wakes the app up, and decides nothing.
    `page` is PAGE or BROWSER. The app has `seconds` from the first request on; an earlier pass has
    used up `waited` of them. A question may take `timeout` seconds.
    """

    def __init__(
        self,
        deployment: Deployment,
        query: str,
        page: ProbeKind,
        seconds: float,
        waited: float,
        timeout: float,
    ) -> None:
        self.own = False
        """Whether the API or the page answered with something of the app's own."""
        self.release: Release | None = None
        self._deployment = deployment
        self._page = page
        self._seconds = seconds
        self._waited = waited
        self._timeout = timeout
        self._began = time.monotonic()
        self._awake = False
        self._first_round = True
        self._last: dict[_Place, Reply] = {}
        self._decided = _Place.HEALTHZ
        self._asking: dict[_Place, Callable[[float], Awaitable[Reply]]] = {
            _Place.HEALTHZ: deployment.ask_release,
            _Place.API: lambda limit: deployment.ask(ProbeKind.API, query, seconds=limit),
            _Place.PAGE: lambda limit: deployment.ask(page, "", seconds=limit),
        }

    @property
    def elapsed(self) -> float:
        """Seconds since the first request of this pass."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds that the app still has to wake up; below 0 if its time is over."""
        return self._seconds - self._waited - self.elapsed

    @property
    def evidence(self) -> tuple[Reply, ...]:
        """The replies to keep: that of `/healthz`, and the one that decided."""
        healthz = self._last[_Place.HEALTHZ]
        if self._decided is _Place.HEALTHZ:
            return (healthz,)
        kept = () if healthz.status is None else (healthz,)
        return (*kept, self._last[self._decided])

    @property
    def silence(self) -> Judgement | None:
        """Why no question can be asked; None if something answered."""
        if self._awake:
            return None
        others = [reply for place, reply in self._last.items() if place is not _Place.HEALTHZ]
        return silence(others or self._last.values())

    @property
    def only(self) -> str:
        """Which reply came instead of the app's, in words; empty if the app answered."""
        return "" if self._awake else what_came(self._last[self._decided])

    async def until_awake(self) -> None:
        """Look until the app answers, its time is over, or waiting cannot help.

        Every place is looked at once, even if there is no time left.
        """
        await self._look_until(lambda: self._awake, tuple(_Place))
        if self._awake and self._decided is not _Place.HEALTHZ and self._release_is_late():
            self._last[_Place.HEALTHZ] = await self._deployment.ask_release(self._slice)
        self.release = read_release(self._last[_Place.HEALTHZ])

    async def again(self, *, api_alone: bool) -> bool:
        """Look at the API, and at the page if not `api_alone`, until the app itself answers.

        Returns:
            Whether it answered.
        """
        self._first_round = self.own = False
        places = (_Place.API,) if api_alone else (_Place.API, _Place.PAGE)
        await self._look_until(lambda: self.own, places)
        return self.own

    @property
    def _slice(self) -> float:
        """Seconds that a look may take while other places wait for theirs."""
        return min(self._timeout, max(self._seconds / _SHARE, 0.001))

    async def _look_until(self, is_over: Callable[[], bool], places: tuple[_Place, ...]) -> None:
        """Look at the places in turn, with a pause before each look after the first round."""
        while True:
            for place in places:
                if not (self._first_round or await self._paused()):
                    return
                await self._look_at(place)
                reply = self._last[place]
                is_shut = place is not _Place.HEALTHZ and is_challenged(reply)
                if is_over() or is_shut or is_same_everywhere(reply):
                    return
            self._first_round = False
            if not any(may_change(self._last[place]) for place in places):
                return

    async def _paused(self) -> bool:
        """Wait a fifth of the time so far, at most 3 s; True if there is time for another look."""
        pause = min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, (self._waited + self.elapsed) / 5))
        # A rate limiter may wait longer after each request that comes too early.
        pause = max(pause, self._last[self._decided].retry_after or 0.0)
        if self.left <= pause:
            return False
        await asyncio.sleep(pause)
        return True

    async def _look_at(self, place: _Place) -> None:
        self._last[place] = reply = await self._asking[place](self._limit(place))
        self._decided = place
        probe = self._page if place is _Place.PAGE else ProbeKind.API
        if is_own(reply, probe) and (place is not _Place.HEALTHZ or reply.failure is None):
            self._awake = True
            self.own = place is not _Place.HEALTHZ

    def _limit(self, place: _Place) -> float:
        """Seconds that a look may take: enough for an app that answers in time."""
        usual = self._slice if place is _Place.HEALTHZ else self._timeout
        least = 0.001
        if self._first_round:
            least = self._timeout if place is _Place.API else self._slice
        return max(least, min(max(usual, self.elapsed / 2), self.left))

    def _release_is_late(self) -> bool:
        """Whether the app was still asleep when `/healthz` was asked."""
        reply = self._last[_Place.HEALTHZ]
        was_asleep = reply.status is not None and may_change(reply) and reply.status >= 500
        return was_asleep or not self._first_round
