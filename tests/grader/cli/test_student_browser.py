"""Checking through a real browser: our own page, and one that computes its answers itself."""

import json
from pathlib import Path

import pytest

from tests.components import require
from tests.grader.apps import SEED, app, finished_app
from tests.grader.cli.conftest import Grader
from tests.grader.probes.raw import always, raw_server, reply

pytest.importorskip("playwright")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLIENT_ONLY = Path(__file__).parent.parent / "probes" / "pages" / "client_only.html"


@pytest.fixture(autouse=True, scope="module")
def _chromium() -> None:
    require("chromium")


def test_the_activity_is_checked_in_a_browser(grader: Grader) -> None:
    with finished_app("abc123") as url:
        result = grader(
            "check", url, "--andrew-id", "abc123", "--seed", SEED, "--probe", "browser",
            "--format", "json",
        )  # fmt: skip
    student = json.loads(result.output)
    assert (student["score"], student["max_score"]) == (100, 100)
    probes = [item["probe"] for item in student["items"]]
    assert probes == ["browser", "api", *4 * ["browser"]]


def test_a_page_that_answers_in_the_browser_alone_passes_the_battery_of_the_page(
    grader: Grader,
) -> None:
    page = CLIENT_ONLY.read_bytes().replace(b"location.search", b"''")
    with raw_server(always(reply(page, "Content-Type: text/html"))) as server:
        checked = grader("check", server.url, "--andrew-id", "abc123", "--battery", "page")
        asked = grader("ask", server.url, "What is 1 plus 2?", "--probe", "browser")
    assert "100" in checked.output
    assert "3" in asked.output


def test_a_page_that_shows_that_the_app_failed_is_told_so(grader: Grader) -> None:
    def fail(query: str) -> str:
        raise ZeroDivisionError(query)

    with app(fail) as url:
        asked = ("check", url, "--andrew-id", "abc123", "--probe", "browser", "--battery", "page")
        said = grader(*asked, code=None).output
    assert "The app failed on this query. Its log says why." in said
    assert "Look into the terminal where the app runs" in said
    assert "Answer with your own Andrew ID" not in said
