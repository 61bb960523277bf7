"""Who gets a free place: the lowest turn that waits for one, and nobody twice."""

import asyncio
import contextlib
import itertools
import random

from grader.probes.places import Places
from tests.grader.probes.loops import in_a_thread


async def _until_waiting() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_came_first_goes_first_with_all_that_it_asks() -> None:
    places = Places(2)
    ended: list[tuple[int, int]] = []

    async def deployment(turn: int) -> None:
        for number in range(5):
            async with places.one(turn):
                await _until_waiting()
            ended.append((turn, number))

    async def everybody() -> None:
        turns = list(range(1, 21))
        random.Random(7).shuffle(turns)
        await asyncio.gather(*map(deployment, turns))

    in_a_thread(everybody())
    last = [turn for turn, number in ended if number == 4]
    # The two that found a place free were not the first by turn; all others end in their order.
    assert sorted(last) == list(range(1, 21))
    assert sum(later < turn for turn, later in itertools.pairwise(last)) <= 2
    in_between = {turn for turn, _ in ended[:40]}
    assert len(in_between) < 15


def test_no_more_than_the_places_are_taken_and_none_is_lost() -> None:
    places = Places(2)
    taken = 0
    chance = random.Random(7)

    async def hold(turn: int) -> None:
        nonlocal taken
        async with places.one(turn):
            taken += 1
            assert taken <= 2
            try:
                await _until_waiting()
            finally:
                taken -= 1

    async def everybody() -> None:
        tasks = [asyncio.ensure_future(hold(turn)) for turn in range(200)]
        while not all(task.done() for task in tasks):
            # Whoever gives up, while waiting or just as a place was given, leaves it to others.
            chance.choice(tasks).cancel()
            await asyncio.sleep(0)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert any(isinstance(each, asyncio.CancelledError) for each in results)
        assert None in results
        async with asyncio.timeout(30), contextlib.AsyncExitStack() as both:
            await both.enter_async_context(places.one(0))
            await both.enter_async_context(places.one(0))

    in_a_thread(everybody())
