"""The browser probe in a real Chromium, on pages of many makes."""

import asyncio
import base64
import contextlib
import functools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask, Response, request

from grader.judging.second_look import is_challenged
from grader.model import Limits, ProbeKind, Reply, Submission, Typing
from grader.outcomes import Outcome
from grader.probes.chromium import VISITS_AT_ONCE, Engine, browser_thread
from tests.components import require
from tests.grader.probes.loops import deployed
from tests.grader.probes.raw import always, raw_server, reply
from tests.servers import serve, wait_until
from webapp.app import create_app

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser

PAGES = Path(__file__).parent / "pages"
SUM = "What is 1 plus 2?"


@pytest.fixture(autouse=True, scope="module")
def _chromium() -> None:
    require("chromium")


def ask(url: str, query: str, seconds: float = 20, typing: Typing = "at once") -> Reply:
    limits = Limits(timeout=seconds, allow_private=True)
    with deployed(Submission("abc", url), limits) as deployment:
        return deployment.ask(ProbeKind.BROWSER, query, typing)


def ask_page(html: str, query: str, seconds: float = 20, typing: Typing = "at once") -> Reply:
    with raw_server(always(reply(html.encode(), "Content-Type: text/html"))) as server:
        return ask(server.url, query, seconds, typing)


def client_only(variant: str = "") -> str:
    page = (PAGES / "client_only.html").read_text(encoding="utf-8")
    return page.replace("location.search", repr(variant))


def test_our_own_page_is_seen_and_answers() -> None:
    with serve(create_app({"PROCESS": str.upper})) as url:
        page, answer = ask(url, ""), ask(url, SUM)
    assert page.text_box is True
    assert "Welcome!!" in page.text
    assert (answer.status, answer.text) == (200, SUM.upper())
    assert answer.final_url == f"{url}/"
    assert answer.content_type.startswith("text/html")


def test_a_picture_is_kept_as_evidence() -> None:
    picture = base64.b64decode(ask_page("<h1>Hello", "").screenshot_png)
    assert picture.startswith(b"\x89PNG")


def test_no_match_on_our_own_page_is_an_empty_answer() -> None:
    with serve(create_app({"PROCESS": lambda _query: ""})) as url:
        answer = ask(url, SUM)
    assert (answer.failure, answer.text) == (None, "")


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    script = "oninput=\"document.querySelector('output').textContent = '\\ud800 half'\""
    assert ask_page(f"<input name=q {script}><output></output>", SUM).text == "? half"
    failing = ask_page("<input><script>throw new Error('\\ud800 half')</script>", SUM)
    assert failing.page_error.endswith("? half")


def test_our_own_page_answers_without_its_script() -> None:
    app = create_app({"PROCESS": str.upper})

    @app.after_request
    def without_script(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "script-src 'none'"
        return response

    with serve(app) as url:
        answer = ask(url, SUM)
    assert answer.text == SUM.upper()
    assert "?q=" in answer.final_url


def test_a_failing_answer_page_is_told_by_its_status() -> None:
    app = Flask("failing")

    @app.get("/")
    def index() -> tuple[str, int]:
        return "<form><input name=q></form>", 500 if request.args else 200

    with serve(app) as url:
        assert ask(url, SUM).status == 500


@pytest.mark.parametrize("typing", ["at once", "letters"])
def test_a_page_that_computes_its_answer_in_the_browser(typing: Typing) -> None:
    answer = ask_page(client_only(), SUM, typing=typing)
    assert (answer.text, answer.text_box) == ("3", True)


def test_a_page_that_crashes_on_half_a_query_answers_to_a_whole_one_alone() -> None:
    assert ask_page(client_only("fragile"), SUM).text == "3"
    crashed = ask_page(client_only("fragile"), SUM, typing="letters")
    assert crashed.text == ""
    assert crashed.page_error == "TypeError: sum is null"
    assert crashed.text_box is False


def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    app = Flask("slow")

    @app.get("/")
    def index() -> str:
        return """<input id=box><p id=out></p><script>
          box.oninput = async () => {
            out.textContent = "Thinking";
            out.textContent = await (await fetch("/slow")).text();
          };
        </script>"""

    @app.get("/slow")
    def slow() -> str:
        time.sleep(2)
        return "3"

    with serve(app) as url:
        answer = ask(url, SUM)
    assert answer.text == "3"
    assert answer.elapsed_ms >= 2000


def test_an_answer_behind_a_timer_is_waited_for() -> None:
    html = """<input id=box><p id=out></p><script>
      box.oninput = () => setTimeout(() => { out.textContent = "3" }, 700);
    </script>"""
    assert ask_page(html, SUM).text == "3"


def test_an_answer_behind_the_only_button_is_found() -> None:
    html = """<input id=box><button onclick="out.textContent = box.value.length">Go</button>
      <p id=out></p>"""
    assert ask_page(html, SUM).text == str(len(SUM))


def test_a_live_region_counts_before_other_text_that_appears() -> None:
    html = """<textarea id=box></textarea><p id=noise></p><output id=out>Ready</output><script>
      box.oninput = () => { noise.textContent = "You typed"; out.textContent = "3" };
    </script>"""
    assert ask_page(html, SUM).text == "3"


def test_a_page_on_which_nothing_happens_has_an_empty_answer() -> None:
    answer = ask_page("<h1>Hello</h1><input><p>There is text here", SUM)
    assert (answer.failure, answer.text, answer.text_box) == (None, "", True)


@pytest.mark.parametrize(
    "markup",
    [
        "<input list=some>",
        "<textarea></textarea>",
        "<div role=textbox contenteditable style='min-height: 20px'></div>",
        "<input disabled><input readonly><input style='display: none'><input>",
        "<script>setTimeout(() => document.write('<input>'), 600)</script>",
    ],
)
def test_a_text_box_is_what_a_person_can_type_into(markup: str) -> None:
    assert ask_page(f"<body><p>Ask: {markup}", "").text_box is True


def test_what_nobody_can_type_into_is_no_text_box() -> None:
    html = """<body><p>Ask: <input disabled><input readonly><input style='display: none'>
      <input type=checkbox><select><option>a</select><div role=textbox>no</div>"""
    assert ask_page(html, "").text_box is False


def test_a_page_cannot_forge_what_is_read() -> None:
    html = """<input><p>Hello<script>
      Object.defineProperty(HTMLElement.prototype, "innerText", { get: () => "forged" });
      String.prototype.slice = () => "forged";
      Document.prototype.querySelectorAll = () => [document.body];
    </script>"""
    assert ask_page(html, "").text == "Hello"


def test_markup_that_hides_the_document_from_scripts_is_read_as_nothing() -> None:
    answer = ask_page("<input><img name=querySelectorAll><p>Hello", SUM)
    assert (answer.failure, answer.text) == (None, "")


def test_a_clock_on_the_page_is_not_taken_for_the_answer() -> None:
    html = """<input id=box><p id=clock></p><output id=out></output><script>
      setInterval(() => { clock.textContent = Math.random() }, 50);
      box.oninput = () => { out.textContent = "3" };
    </script>"""
    assert ask_page(html, SUM).text == "3"


def test_the_text_that_is_kept_is_bounded() -> None:
    html = "<input><p id=p></p><script>p.textContent = 'x'.repeat(5_000_000)</script>"
    assert len(ask_page(html, "").text) == 64 * 1024


def test_a_login_page_shows_where_it_led() -> None:
    app = Flask("protected")

    @app.get("/")
    def index() -> Response:
        return Response(status=302, headers={"Location": "/login?next=/"})

    @app.get("/login")
    def login() -> tuple[str, int]:
        return "Log in", 401

    with serve(app) as url:
        answer = ask(url, SUM)
        assert (answer.status, answer.final_url) == (401, f"{url}/login?next=/")


def test_a_script_that_leads_on_is_followed() -> None:
    app = Flask("leads on")

    @app.get("/")
    def index() -> str:
        return "<script>location.href = '/app'</script>"

    @app.get("/app")
    def there() -> str:
        return client_only()

    with serve(app) as url:
        answer = ask(url, SUM)
        assert (answer.text, answer.final_url) == ("3", f"{url}/app")


def test_the_bypass_secret_goes_to_the_deployment_itself() -> None:
    heads: list[str | None] = []
    app = Flask("protected")

    @app.get("/")
    def index() -> str:
        heads.append(request.headers.get("x-vercel-protection-bypass"))
        assert "grader/" in str(request.user_agent)
        return "<input>"

    with serve(app) as url:
        submission = Submission("abc", url, bypass_secret="s3cret")
        with deployed(submission, Limits(allow_private=True)) as deployment:
            deployment.ask(ProbeKind.BROWSER, "")
    assert heads == ["s3cret"]


def test_nobody_there_is_unreachable_in_words() -> None:
    with raw_server(always(b"")) as server:
        url = server.url
    answer = ask(url, SUM)
    assert answer.failure is Outcome.UNREACHABLE
    assert "connection refused" in answer.detail


def test_what_is_not_http_is_unreachable_in_words() -> None:
    with raw_server(always(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True)) as server:
        answer = ask(server.url, SUM)
    assert answer.failure is Outcome.UNREACHABLE
    assert "sent no HTTP" in answer.detail


def test_a_missing_browser_is_not_checked_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from grader.probes import chromium

    thread = chromium.BrowserThread()
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(chromium, "browser_thread", lambda: thread)
    answer = ask("http://127.0.0.1:1", SUM)
    thread.close()
    assert answer.failure is Outcome.NOT_CHECKED
    assert "playwright install chromium" in answer.detail


def test_a_missing_playwright_is_not_checked_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "playwright.async_api", None)
    answer = ask("http://127.0.0.1:1", SUM)
    assert answer.failure is Outcome.NOT_CHECKED
    assert "pip install" in answer.detail


def test_one_browser_serves_all_who_ask_at_the_same_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from grader.probes import chromium

    together = threading.Barrier(4)

    def make(_process: int) -> chromium.BrowserThread:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=1)  # for the others, should they come in, too
        return chromium.BrowserThread()

    monkeypatch.setattr(chromium, "_browser_thread", functools.cache(make))
    with ThreadPoolExecutor(4) as threads:
        found = {future.result() for future in [threads.submit(browser_thread) for _ in range(4)]}
    for each in found:
        each.close()
    assert len(found) == 1


def test_whoever_was_visited_first_goes_first_again() -> None:
    over = [threading.Event() for _ in range(VISITS_AT_ONCE)]
    ended: list[str] = []

    async def stay(event: threading.Event, _: Engine) -> None:
        await asyncio.to_thread(event.wait)

    def ask_again(name: str) -> None:
        deployments[name].ask(ProbeKind.BROWSER, "")
        ended.append(name)

    def are_waiting(many: int) -> bool:
        return len(thread._places._waiting) == many

    with contextlib.ExitStack() as opened, ThreadPoolExecutor(2) as threads:
        page = always(reply(b"<input>", "Content-Type: text/html"))
        url = opened.enter_context(raw_server(page)).url
        deployments = {}
        for name in ("first", "second"):
            deployment = deployed(Submission(name, url), Limits(allow_private=True))
            deployments[name] = opened.enter_context(deployment)
            deployments[name].ask(ProbeKind.BROWSER, "")
        thread = browser_thread()
        others = [thread.submit(functools.partial(stay, event)) for event in over]
        again = []
        for number, name in enumerate(("second", "first"), 1):
            again.append(threads.submit(ask_again, name))
            wait_until(functools.partial(are_waiting, number))
        over[0].set()  # one place is free
        for each in again:
            each.result()
        over[1].set()
        for other in others:
            other.result()
    assert ended == ["first", "second"]


def test_waiting_for_a_place_is_not_held_against_a_deployment() -> None:
    async def stay(_: Engine) -> None:
        await asyncio.sleep(9)

    others = [browser_thread().submit(stay) for _ in range(VISITS_AT_ONCE)]
    assert ask_page("<input>", "", seconds=8).failure is None
    assert all(other.done() for other in others)


def test_a_platforms_mark_is_kept_in_a_browser_too() -> None:
    answer = reply(
        b"<!doctype html><title>x</title><p>Checkpoint", "Content-Type: text/html",
        "cf-mitigated: challenge", "Retry-After: 7", status="403 Forbidden",
    )  # fmt: skip
    with raw_server(always(answer)) as server:
        got = ask(server.url, "")
    assert (got.status, got.headers["cf-mitigated"], got.retry_after) == (403, "challenge", 7)
    assert is_challenged(got)
