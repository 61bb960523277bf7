"""Visits of the browser probe, for tests that have no event loop of their own."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from grader.model import Reply, Typing
from grader.probes.browser import BrowserProbe
from grader.probes.guard import Guard, Origin
from tests.grader.probes.loops import in_a_thread
from tests.grader.probes.raw import always, raw_server, reply


async def visiting(
    url: str,
    query: str = "",
    seconds: float = 20,
    typing: Typing = "at once",
    guard: Guard | None = None,
    secret: str = "",
) -> Reply:
    probe = BrowserProbe(url, guard or Guard(Origin.of(url)), secret)
    return await probe.ask(query, seconds, typing)


async def visiting_page(
    html: str, query: str = "", seconds: float = 20, typing: Typing = "at once"
) -> Reply:
    with raw_server(always(reply(html.encode(), "Content-Type: text/html"))) as server:
        return await visiting(server.url, query, seconds, typing)


def together(*visits: Coroutine[Any, Any, Reply]) -> list[Reply]:
    """Make these visits at the same time: a visit mostly waits."""

    async def gathered() -> list[Reply]:
        return await asyncio.gather(*visits)

    return in_a_thread(gathered())


def visit(
    url: str,
    query: str = "",
    seconds: float = 20,
    typing: Typing = "at once",
    guard: Guard | None = None,
    secret: str = "",
) -> Reply:
    return in_a_thread(visiting(url, query, seconds, typing, guard, secret))


def visit_page(
    html: str, query: str = "", seconds: float = 20, typing: Typing = "at once"
) -> Reply:
    return in_a_thread(visiting_page(html, query, seconds, typing))
