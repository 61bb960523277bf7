"""The looks at all targets."""

import asyncio
import gc

from grader.delivery.watch.sampling import Pace, sampled
from grader.delivery.watch.values import Pauses
from tests.grader.delivery.watch.samples import target
from tests.grader.probes.loops import in_a_thread


def test_whoever_goes_away_is_not_told_of_a_crash_that_nobody_waits_for() -> None:
    assert in_a_thread(_told_after_leaving()) == []


async def _told_after_leaving() -> list[str]:
    """What the event loop complains about if a look crashes, and its reader goes away."""
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: told.append(context["message"])
    )
    crashed = asyncio.Event()

    def pauses() -> Pauses:
        if looks:
            crashed.set()
            raise RuntimeError
        return {target().url: "lunch"}

    looks: list[object] = []
    looking = sampled([target()], (), Pace(0.01), pauses, {})
    looks.append(await anext(looking))
    await crashed.wait()
    await asyncio.sleep(0)
    await looking.aclose()
    del looking
    gc.collect()
    return told
