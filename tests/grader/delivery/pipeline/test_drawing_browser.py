"""The page of a pipeline in a real browser."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from grader.delivery.pipeline.drawing import page_of
from tests.grader.delivery.pipeline.test_drawing import MET, RESULT, TOLD
from tests.pages import check_accessible, open_alone

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def write(folder: Path) -> str:
    path = folder / "pipeline.html"
    path.write_text(page_of(TOLD, [RESULT], MET, is_over=True), encoding="utf-8")
    return path.as_uri()


def opened(page: Page, folder: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(write(folder))


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (390, "dark")], ids=["wide-light", "phone-dark"]
)
def test_axe_finds_nothing(
    page: Page, tmp_path: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    opened(page, tmp_path, width)
    check_accessible(page)


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_scrolls_down_only(page: Page, tmp_path: Path, width: int) -> None:
    opened(page, tmp_path, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_asks_for_nothing_else_and_is_drawn(page: Page, tmp_path: Path) -> None:
    open_alone(page, write(tmp_path))
    traffic = page.get_by_role("img", name="The new release answered 13.3 %")
    expect(traffic).to_be_visible()
    bars = {
        kind: traffic.locator(f"rect.{kind}[x='1']").evaluate(
            "e => e.getBoundingClientRect().height"
        )
        for kind in ("bad", "mute")
    }
    assert bars["mute"] > 5 * bars["bad"] > 0


def test_refreshes_itself_while_the_pipeline_works(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.html"
    path.write_text(page_of(TOLD[:2], [], MET, is_over=False), encoding="utf-8")
    page.goto(path.as_uri())
    expect(page.locator("h1")).to_have_text("Releases on their way")
    path.write_text(page_of(TOLD, [RESULT], MET, is_over=True), encoding="utf-8")
    expect(page.locator("h1")).to_have_text("The release ended as it should", timeout=30_000)


def test_a_phone_shows_what_became_of_a_release_without_scrolling(
    page: Page, tmp_path: Path
) -> None:
    opened(page, tmp_path, 390)
    box = page.get_by_role("region", name="All releases").bounding_box()
    name = page.get_by_role("columnheader", name="Not right").bounding_box()
    assert box is not None
    assert name is not None
    assert name["x"] + name["width"] <= box["x"] + box["width"]
