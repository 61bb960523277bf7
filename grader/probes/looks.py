"""Looks at a stranger's page: its visible text, and the box that a person would type into.

The text is read in a JavaScript world of the grader's own. The page's scripts cannot change that.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from playwright.async_api import CDPSession, Error, Locator, Page, Request
from playwright.async_api import TimeoutError as PlaywrightTimeout

from grader.probes import playwright_words
from grader.probes.answers import (
    LIVE_REGIONS,
    LOGIN_FIELDS,
    MOST_REGIONS,
    REGIONS_CAP,
    TEXT_CAP,
    PageText,
)

_SETTLED = 0.4  # a page that did not change for so many seconds has said all it had to say
_POLL = 0.05  # seconds between two looks
_BOXES = 20  # no more boxes are looked at
# Gives the text of each live region, the text of the whole page, and whether a region says that
# the page is still at work on it.
_READ = f"""(() => {{
  const regions = [...document.querySelectorAll({json.dumps(LIVE_REGIONS)})]
    .slice(0, {MOST_REGIONS})
    .filter((region) => region.checkVisibility({{visibilityProperty: true}}));
  const text = (element) => (element?.innerText ?? "").slice(0, {TEXT_CAP});
  let room = {REGIONS_CAP};
  const said = (region) => {{
    const all = text(region).slice(0, room);
    room -= all.length;
    return all;
  }};
  const busy = regions.some((region) => region.ariaBusy === "true");
  return {{ regions: regions.map(said), text: text(document.body), busy }};
}})()"""

_TYPED_INTO = "input, textarea, [contenteditable]"
# Whether a box belongs to a login. Outside a form, the box right before a password is for the
# user's name. If the page's own markup breaks this script, the box belongs to no login.
_IS_USERS = f"""(box) => {{
  const logins = {json.dumps(LOGIN_FIELDS)};
  try {{
    if (box.matches("input[type=email i], " + logins)) return true;
    if (box.form) return box.form.querySelector(logins) !== null;
    const fields = [...document.querySelectorAll({json.dumps(_TYPED_INTO)})]
      .filter((field) => field.checkVisibility({{visibilityProperty: true}}));
    const after = fields[fields.indexOf(box) + 1];
    return after !== undefined && !after.form && after.matches(logins);
  }} catch {{
    return false;
  }}
}}"""

Shown = TypeVar("Shown")


class Looks:
    """Looks at a page again and again, until it no longer changes.

    `changed_at` is the time of the last change by the monotonic clock.
    """

    def __init__(self, cdp: CDPSession, loading: set[Request]) -> None:
        self.seen = PageText((), ())
        self.changed_at = 0.0
        self._cdp = cdp
        self._loading = loading
        self._world: int | None = None

    async def until_still(
        self, shown: Callable[[PageText], Shown], pause: float = _SETTLED
    ) -> Shown:
        """What `shown` finds on the page, as soon as that stays the same and nothing is loading.

        If `shown` finds nothing, the page must stay unchanged for `pause` seconds.
        """
        last: Shown | None = None
        self.changed_at = time.monotonic()
        while True:
            busy = await self._look()
            now = shown(self.seen)
            if last is None or busy or self._loading or now != last:
                last = now
                self.changed_at = time.monotonic()
            elif time.monotonic() - self.changed_at >= (_SETTLED if last else pause):
                return last
            await asyncio.sleep(_POLL)

    async def _look(self) -> bool:
        """Read the page's text as it is now. True while the page says that it is still at work."""
        try:
            if self._world is None:
                tree = await self._cdp.send("Page.getFrameTree")
                frame = tree["frameTree"]["frame"]["id"]
                made = await self._cdp.send("Page.createIsolatedWorld", {"frameId": frame})
                self._world = made["executionContextId"]
            asked = {"expression": _READ, "contextId": self._world, "returnByValue": True}
            result = await self._cdp.send("Runtime.evaluate", asked)
        except Error as error:
            if playwright_words.is_lost(error):
                raise
            self._world = None  # another page comes in its place
            return True
        # There is no value if the page's own markup hides its text from scripts.
        value: dict[str, Any] = result["result"].get("value", {"regions": [], "text": ""})
        regions = [region for text in value["regions"] if (region := " ".join(text.split()))]
        pieces = [piece for line in value["text"].split("\n") if (piece := line.strip())]
        self.seen = PageText(regions, pieces)
        return bool(value.get("busy"))


async def text_box(page: Page, seconds: float) -> Locator | None:
    """The first box that a person could ask in. A script has `seconds` to make one."""
    boxes = page.get_by_role("textbox").or_(page.get_by_role("searchbox"))
    boxes = boxes.or_(page.get_by_role("combobox"))
    seen = boxes.and_(page.locator(_TYPED_INTO)).filter(visible=True)
    with contextlib.suppress(PlaywrightTimeout):
        await seen.first.wait_for(timeout=1000 * seconds)
    # No more waiting, and no timeout: on a busy machine a box that is there would be missed.
    for number, box in enumerate((await seen.element_handles())[:_BOXES]):
        with contextlib.suppress(Error):  # the box is gone already
            if await box.is_editable() and not await box.evaluate(_IS_USERS):
                return seen.nth(number)
    return None


async def holds_box(page: Page, seconds: float) -> bool:
    """Whether the page has a box within `seconds`, even one that nobody can type into now."""
    with contextlib.suppress(PlaywrightTimeout):
        await page.locator(_TYPED_INTO).filter(visible=True).first.wait_for(timeout=1000 * seconds)
        return True
    return False


async def asks_for_login(page: Page) -> bool:
    """Whether the page asks for a password or a user name now."""
    return await page.locator(LOGIN_FIELDS).filter(visible=True).count() > 0
