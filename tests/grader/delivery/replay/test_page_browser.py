"""The page of a replay, opened from disk in a real browser."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from grader.delivery.replay import replay_html
from grader.delivery.replay.asking import Name, Order, Stopped, Woke
from grader.delivery.replay.comparing import Replies, compared, seen
from grader.delivery.replay.report import Report
from grader.model import Limits, Release, Reply, Submission, Target
from tests.pages import check_accessible, open_alone

pytestmark = pytest.mark.browser

ATTACK = "<img src=x onerror=alert(1)>\u202e" + "W" * 300
FOUR = Reply("http://localhost:1/api?q=x", datetime(2026, 11, 26, tzinfo=UTC), 200, "4")
REPLIES = {
    "changed": (FOUR, replace(FOUR, text=ATTACK), FOUR),
    "lost": (FOUR, replace(FOUR, text=""), FOUR),
    "error": (FOUR, replace(FOUR, status=500), FOUR),
    "new": (replace(FOUR, text=""), FOUR, replace(FOUR, text="")),
    "noise": (FOUR, FOUR, replace(FOUR, text="5")),
    "untold": (FOUR, replace(FOUR, status=429), FOUR),
    "same": (FOUR, FOUR, FOUR),
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A page with everything on it, and hostile words in all places."""
    side = Target(Submission("", "http://localhost:1"), Limits())
    report = Report(Order(side, side, {f"{kind} {ATTACK}": 3 for kind in REPLIES}, 7, 10))
    report.add(Woke(Name.BASELINE, Release(ATTACK), 1.0, ""))
    for kind, replies in REPLIES.items():
        given = Replies(*map(seen, replies))
        report.add(compared(f"{kind} {ATTACK}", 3, [given, given]))
    report.add(Stopped(Name.CANDIDATE, ATTACK))
    path = tmp_path / "page.html"
    path.write_text(replay_html.render(report), encoding="utf-8")
    return path.as_uri()


def test_it_shows_strangers_words_and_runs_nothing(page: Page, url: str) -> None:
    open_alone(page, url)
    expect(page.locator("h1")).to_have_text("4 of 7 queries differ")
    expect(page.locator("section h2")).to_contain_text(
        ["error", "lost", "changed", "new", "noise", "not known"]
    )
    expect(page.locator("#changed ~ .check code").nth(1)).to_contain_text("<img src=x")
    assert page.locator("img, script").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_phone_scrolls_down_only(
    page: Page, url: str, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.emulate_media(color_scheme=scheme)
    page.goto(url)
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
