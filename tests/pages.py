"""What each page of ours has to be, looked at in a real browser."""

import pytest
from playwright.sync_api import Page

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


def check_accessible(page: Page) -> None:
    """Let axe look at a page that is open: it finds nothing to complain about."""
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def open_alone(page: Page, url: str) -> None:
    """Open a page that asks for nothing else and of which the browser does not complain."""
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(url, wait_until="networkidle")
    assert (requests, complaints) == ([url], [])
