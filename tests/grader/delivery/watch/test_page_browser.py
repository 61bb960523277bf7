"""The page of a watcher in a real browser."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from grader.delivery.watch.page import render
from tests.grader.delivery.watch.watched import AT, GOOD, MISSED, OPEN, OVER, PAUSED
from tests.pages import check_accessible, open_alone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDE, PHONE = (1280, 900), (390, 844)


def write(folder: Path, refresh: float | None = None) -> str:
    path = folder / "watch.html"
    path.write_text(
        render([GOOD, MISSED, PAUSED], [OPEN, OVER], AT, refresh, "watch.html", "watch.json"),
        encoding="utf-8",
    )
    return path.as_uri()


def opened(page: Page, folder: Path, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(write(folder))


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide-light", "phone-dark"]
)
def test_axe_finds_nothing(
    page: Page, tmp_path: Path, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    opened(page, tmp_path, size)
    check_accessible(page)


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_scrolls_down_only(page: Page, tmp_path: Path, width: int) -> None:
    opened(page, tmp_path, (width, 740))
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_opens_from_disk_asks_for_nothing_else_and_is_drawn(page: Page, tmp_path: Path) -> None:
    open_alone(page, write(tmp_path))
    # The style is the page's own: without it, lines would be areas and have no height.
    line = page.locator("path.median").first
    assert line.evaluate("e => getComputedStyle(e).fill") == "none"
    assert line.evaluate("e => e.getBoundingClientRect().height") > 5
    expect(page.get_by_role("img", name="The last 60 looks: 60 right")).to_be_visible()
    expect(page.get_by_role("img", name="Time to reply by the minute")).to_have_count(2)


def test_a_good_look_is_taller_than_a_bad_one(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path, PHONE)
    height = "e => e.getBoundingClientRect().height"
    good, bad = (page.locator(f"rect.{kind}").first.evaluate(height) for kind in ("good", "bad"))
    assert good > 1.5 * bad > 0


def test_refreshes_itself(page: Page, tmp_path: Path) -> None:
    page.goto(write(tmp_path, refresh=1))
    (tmp_path / "watch.html").write_text(
        render([GOOD], [], AT, None, "watch.html", "watch.json"), "utf-8"
    )
    expect(page.locator("h1")).to_have_text("All objectives are kept")
