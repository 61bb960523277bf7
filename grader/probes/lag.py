"""How late the event loop itself was. A reply that it missed is our fault, not a deployment's."""

import asyncio
import time
from weakref import WeakKeyDictionary

# If the loop was late by more seconds in sum, it may have missed a reply that came in time.
TOLERATED = 0.5
_BEAT = 0.1
# Every timer may be late by so many seconds: that does not count.
_USUAL = 0.05


class LagMeter:
    """Adds up how late a loop was, by a timer that runs while somebody is inside this context."""

    def __init__(self) -> None:
        self._watching = 0
        self._due: float | None = None
        self._late = 0.0

    def seconds(self) -> float:
        """How late the loop was in sum while somebody watched."""
        overdue = 0.0 if self._due is None else time.monotonic() - self._due
        return self._late + (overdue if overdue > _USUAL else 0.0)

    def __enter__(self) -> None:
        self._watching += 1
        if self._due is None:
            self._beat_later()

    def __exit__(self, *_: object) -> None:
        self._watching -= 1

    def _beat(self) -> None:
        self._late = self.seconds()
        self._due = None
        if self._watching:
            self._beat_later()

    def _beat_later(self) -> None:
        # uvloop's own clock stands still while a callback runs.
        self._due = time.monotonic() + _BEAT
        asyncio.get_running_loop().call_later(_BEAT, self._beat)


_meters: WeakKeyDictionary[asyncio.AbstractEventLoop, LagMeter] = WeakKeyDictionary()


def lag_meter() -> LagMeter:
    """The meter of the running loop."""
    loop = asyncio.get_running_loop()
    meter = _meters.get(loop)
    if meter is None:
        meter = _meters[loop] = LagMeter()
    return meter
