"""The page in a real browser, served for real on loopback."""

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

import pytest

from tests.servers import serve
from webapp.app import create_app

pytest.importorskip("pytest_playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
playwright = pytest.importorskip("playwright.sync_api")

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from playwright.sync_api import Browser, Page, Route, ViewportSize

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect = playwright.expect

PHONE: "ViewportSize" = {"width": 320, "height": 640}
DESK: "ViewportSize" = {"width": 1280, "height": 720}


def answer(query: str) -> str:
    """Answers, fails and finds nothing, as the query wants it."""
    if "fail" in query:
        raise RuntimeError(query)
    return "" if "nothing" in query else f"An answer to {query}"


@pytest.fixture
def url() -> Iterator[str]:
    with serve(create_app({"PROCESS": answer})) as url:
        yield url


def test_answer_appears_while_typing(page: "Page", url: str) -> None:
    page.goto(url)
    expect(page.locator("#answer")).to_be_empty()
    page.get_by_label("Please enter your query in the box below:").press_sequentially("a + b & c?")
    expect(page.get_by_role("status")).to_have_text("An answer to a + b & c?")
    assert page.url == f"{url}/"


def test_no_match_and_nothing_for_an_empty_box(page: "Page", url: str) -> None:
    page.goto(url)
    page.get_by_role("textbox").fill("nothing")
    expect(page.get_by_role("status")).to_have_text("No Match")
    page.get_by_role("textbox").fill(" ")
    expect(page.locator("#answer")).to_be_empty()


def test_app_is_asked_once_typing_pauses(page: "Page") -> None:
    asked: list[str] = []

    def process(query: str) -> str:
        asked.append(query)
        return query

    with serve(create_app({"PROCESS": process})) as url:
        page.clock.install(time=0)
        page.goto(url)
        page.clock.pause_at(60_000)
        for letter in "abc":
            page.keyboard.press(letter)
            page.clock.run_for(249)
        page.clock.run_for(1)
        expect(page.get_by_role("status")).to_have_text("abc")
        assert asked == ["abc"]


def test_late_answer_to_an_earlier_query_is_not_shown(page: "Page") -> None:
    asked, release, finished = threading.Event(), threading.Event(), threading.Event()

    def process(query: str) -> str:
        if query == "slow":
            asked.set()
            release.wait(60)
            finished.set()
        return query

    with serve(create_app({"PROCESS": process})) as url:
        page.goto(url)
        page.get_by_role("textbox").fill("slow")
        # Playwright's own loop has to run on meanwhile, so nothing here may block it.
        page.wait_for_function("document.querySelector('#answer').ariaBusy === 'true'")
        assert asked.wait(60)
        expect(page.get_by_role("status")).to_be_visible()  # it says that it waits
        page.get_by_role("textbox").fill("fast")
        expect(page.get_by_role("status")).to_have_text("fast")
        release.set()
        assert finished.wait(60)
        page.evaluate("fetch('api?q=afterwards').then((response) => response.text())")
        expect(page.get_by_role("status")).to_have_text("fast")


def test_the_page_says_when_no_answer_comes_and_shows_one_that_comes_late(page: "Page") -> None:
    held: list[Route] = []
    with serve(create_app({"PROCESS": answer})) as url:
        page.clock.install(time=0)
        page.goto(url)
        page.clock.pause_at(60_000)
        page.route("**/api?*", lambda route: held.append(route))
        status = page.get_by_role("status")

        def type_and_wait(query: str) -> None:
            with page.expect_request("**/api?*"):
                page.get_by_role("textbox").fill(query)
                page.clock.run_for(250)
            page.clock.run_for(14_900)

        type_and_wait("first")
        expect(status).to_be_empty()
        page.clock.run_for(100)
        expect(status).to_contain_text("No answer for 15 seconds.")
        expect(status).to_contain_text("a loop that never ends")
        expect(status).to_have_attribute("aria-busy", "false")
        held[0].continue_()
        expect(status).to_have_text("An answer to first")

        type_and_wait("second")
        type_and_wait("third")  # each query has its own 15 seconds
        expect(status).to_have_text("An answer to first")
        held[2].continue_()
        expect(status).to_have_text("An answer to third")
        page.clock.run_for(60_000)
        expect(status).to_have_text("An answer to third")


def test_what_is_typed_before_the_script_is_there_is_asked(page: "Page", url: str) -> None:
    held: list[Route] = []
    page.route("**/ask.js", lambda route: held.append(route))
    with page.expect_request("**/ask.js"):
        page.goto(url, wait_until="commit")
    page.get_by_role("textbox").fill("early")
    held[0].continue_()
    expect(page.get_by_role("status")).to_have_text("An answer to early")


def test_failures_are_told_in_words_and_the_page_stays_usable(page: "Page", url: str) -> None:
    page.goto(url)
    box, status = page.get_by_role("textbox"), page.get_by_role("status")
    box.fill("fail")
    expect(status).to_have_text("The app failed on this query. Its log says why.")
    box.fill("x" * 501)
    expect(status).to_contain_text("501 characters")

    def gateway(route: "Route") -> None:
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>")

    page.route("**/api?*", gateway)
    box.fill("gateway")
    expect(status).to_have_text("The app answered with an error (status 502).")
    page.unroute("**/api?*", gateway)
    box.fill("fine again")
    expect(status).to_have_text("An answer to fine again")
    expect(status).not_to_have_class("failed")


def test_stopped_app_is_told_in_words(page: "Page") -> None:
    with serve(create_app({"PROCESS": answer})) as url:
        page.goto(url)
    page.get_by_role("textbox").fill("anybody?")
    expect(page.get_by_role("status")).to_have_text(
        "The app cannot be reached. Is it still running?"
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("<b>1</b> & 2", "An answer to <b>1</b> & 2"),
        ("nothing", "No Match"),
        ("fail", "The app failed on this query. Its log says why."),
    ],
)
def test_without_javascript(browser: "Browser", url: str, query: str, words: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(url)
    page.get_by_role("textbox").fill(query)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("status")).to_have_text(words)
    expect(page.get_by_role("textbox")).to_have_value(query)
    page.close()


def test_keyboard_alone(page: "Page", url: str) -> None:
    page.goto(url)
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("query")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("An answer to query")
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Ask")
    expect(button).to_be_focused()
    expect(button).to_have_css("outline-style", "solid")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("textbox")).to_have_css("outline-style", "solid")


def test_below_a_path(page: "Page") -> None:
    app = create_app({"PROCESS": answer})

    def proxy(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Takes the path off without telling the app, as simple proxies do."""
        team, environ["PATH_INFO"] = environ["PATH_INFO"][:5], environ["PATH_INFO"][5:]
        assert team == "/team"
        return app(environ, start_response)

    with serve(proxy) as url:
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto(f"{url}/team/")
        expect(page.get_by_role("button")).to_have_css("cursor", "pointer")
        page.keyboard.type("query")
        expect(page.get_by_role("status")).to_have_text("An answer to query")
        assert failed == []


def test_nothing_is_loaded_from_elsewhere_and_the_console_is_silent(page: "Page", url: str) -> None:
    requested: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(url, wait_until="networkidle")
    page.keyboard.type("query")
    expect(page.get_by_role("status")).to_have_text("An answer to query")
    paths = {address.removeprefix(url).partition("?")[0] for address in requested}
    assert paths == {"/", "/api", "/static/ask.js", "/static/icon.svg", "/static/style.css"}
    assert said == []


@pytest.mark.parametrize("query", ["", "a query", "fail"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_looks(
    browser: "Browser",
    url: str,
    query: str,
    scheme: Literal["light", "dark"],
    viewport: "ViewportSize",
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport=viewport)
    page.goto(f"{url}/?q={query}")
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert "color-contrast" in {rule["id"] for rule in results.response["passes"]}
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    background = page.locator("main").evaluate("main => getComputedStyle(main).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    page.close()


def test_long_words_stay_on_a_phone(browser: "Browser", url: str) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{url}/?q={'x' * 400}")
    expect(page.get_by_role("status")).to_contain_text("x" * 400)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.close()
