"""What is kept of a visit besides the answer: errors of the page's scripts, and a picture."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Error, Locator, Page

SCREENSHOT_CAP = 256 * 1024
_ERROR_CAP = 200
_PICTURE_SECONDS = 2.0
_SCROLL_BACK = "(box) => { box.scrollLeft = 0; box.scrollTop = 0; }"


@dataclass(frozen=True, slots=True)
class ScriptError:
    """A script's error: its first line, seconds since 1970, and whether a framework caught it."""

    at: float
    text: str
    caught: bool


async def script_errors(page: Page) -> list[ScriptError]:
    """The errors of the document that is shown, in their order; not those of frames in it.

    The browser keeps a document's last thousand messages, and tells them to whoever begins to
    listen. So a page that writes messages without end keeps nobody busy.

    Raises:
        Error: if the page is gone.
    """
    errors: list[ScriptError] = []
    own: set[int] = set()
    cdp = await page.context.new_cdp_session(page)
    tree = await cdp.send("Page.getFrameTree")
    frame = tree["frameTree"]["frame"]["id"]

    def made(event: dict[str, Any]) -> None:
        context = event["context"]
        if context["auxData"] == {"isDefault": True, "type": "default", "frameId": frame}:
            own.add(context["id"])

    def thrown(event: dict[str, Any]) -> None:
        details = event["exceptionDetails"]
        if details.get("executionContextId") in own:
            text = _told(details.get("exception", {})) or details["text"]
            errors.append(ScriptError(event["timestamp"] / 1000, text, caught=False))

    def written(event: dict[str, Any]) -> None:
        if event["type"] == "error" and event["executionContextId"] in own:
            logged = (each for each in event["args"] if each.get("subtype") == "error")
            if (error := next(logged, None)) is not None:
                errors.append(ScriptError(event["timestamp"] / 1000, _told(error), caught=True))

    cdp.on("Runtime.executionContextCreated", made)
    cdp.on("Runtime.exceptionThrown", thrown)
    cdp.on("Runtime.consoleAPICalled", written)
    await cdp.send("Runtime.enable")
    await cdp.detach()
    return errors


def _told(value: Mapping[str, Any]) -> str:
    """The first line of what a script threw. It may throw anything, not only errors."""
    if value.get("subtype") == "error":
        text = str(value.get("description", ""))
    else:
        text = f"uncaught {value.get('value', value.get('description', ''))}"
    return (text.strip() or "an error").splitlines()[0][:_ERROR_CAP]


async def picture(page: Page, box: Locator | None) -> str:
    """A PNG of the screen, as base64; empty if the page keeps the browser from taking one.

    A box that holds a long query shows its end. It is scrolled back to its beginning first.
    """
    try:
        # Playwright's own timeout is kept by the driver, which the page may keep busy.
        async with asyncio.timeout(_PICTURE_SECONDS):
            if box is not None and await box.count() == 1:
                await box.evaluate(_SCROLL_BACK)
            shown = await page.screenshot(animations="disabled")
    except (Error, TimeoutError):
        return ""
    return base64.b64encode(shown).decode() if len(shown) <= SCREENSHOT_CAP else ""
