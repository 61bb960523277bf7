"""The browser probe in a real Chromium, on pages of many makes."""

import asyncio
import base64
import contextlib
import functools
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask, Response, request

from grader.judging.second_look import is_challenged
from grader.outcomes import Outcome
from grader.probes import browser, browser_thread
from grader.probes.answers import REGIONS_CAP, TEXT_CAP, PageText
from grader.probes.browser import BrowserProbe
from grader.probes.browser_thread import BrowserThread
from grader.probes.guard import Guard, Origin
from tests.grader.probes.loops import in_a_thread
from tests.grader.probes.raw import always, hang, raw_server, read_request, reply
from tests.grader.probes.visiting import together, visit, visit_page, visiting, visiting_page
from tests.servers import PATIENCE, serve, wait_until
from webapp.app import create_app

if TYPE_CHECKING:
    from grader.model import Typing
    from grader.probes.chromium import Engine

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("chromium")]

PAGES = Path(__file__).parent / "pages"
SUM = "What is 1 plus 2?"


def client_only(variant: str = "") -> str:
    page = (PAGES / "client_only.html").read_text(encoding="utf-8")
    return page.replace("location.search", repr(variant))


def test_our_own_page_is_seen_and_answers() -> None:
    with serve(create_app({"PROCESS": str.upper})) as url:
        page, answer = together(visiting(url), visiting(url, SUM))
    assert page.text_box is True
    assert "Welcome!!" in page.text
    assert (answer.status, answer.text) == (200, SUM.upper())
    assert answer.final_url == f"{url}/"
    assert answer.content_type.startswith("text/html")


def test_a_picture_is_kept_as_evidence() -> None:
    picture = base64.b64decode(visit_page("<h1>Hello", "").screenshot_png)
    assert picture.startswith(b"\x89PNG")


def test_no_match_on_our_own_page_is_an_empty_answer() -> None:
    with serve(create_app({"PROCESS": lambda _query: ""})) as url:
        answer = visit(url, SUM)
    assert (answer.failure, answer.text) == (None, "")


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    script = "oninput=\"document.querySelector('output').textContent = '\\ud800 half'\""
    answering, failing = together(
        visiting_page(f"<input name=q {script}><output></output>", SUM),
        visiting_page("<input><script>throw new Error('\\ud800 half')</script>", SUM),
    )
    assert answering.text == "? half"
    assert failing.page_error.endswith("? half")


def test_our_own_page_answers_without_its_script() -> None:
    app = create_app({"PROCESS": str.upper})

    def without_script(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "script-src 'none'"
        return response

    # Flask calls the last one of these first: the app's own would put its header over this one.
    app.after_request_funcs[None].insert(0, without_script)

    with serve(app) as url:
        answer = visit(url, SUM)
    assert answer.text == SUM.upper()
    assert "?q=" in answer.final_url


def test_a_failing_answer_page_is_told_by_its_status() -> None:
    app = Flask("failing")

    @app.get("/")
    def index() -> tuple[str, int]:
        return "<form><input name=q></form>", 500 if request.args else 200

    with serve(app) as url:
        assert visit(url, SUM).status == 500


def test_a_page_that_computes_its_answer_in_the_browser() -> None:
    typings: tuple[Typing, ...] = ("at once", "letters")
    answers = together(*(visiting_page(client_only(), SUM, typing=each) for each in typings))
    assert [(answer.text, answer.text_box) for answer in answers] == [("3", True), ("3", True)]


def test_a_page_that_crashes_on_half_a_query_answers_to_a_whole_one_alone() -> None:
    page = client_only("fragile")
    whole, crashed = together(visiting_page(page, SUM), visiting_page(page, SUM, typing="letters"))
    assert whole.text == "3"
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
        answer = visit(url, SUM)
    assert answer.text == "3"
    assert answer.elapsed_ms >= 2000


def test_an_answer_behind_a_timer_is_waited_for() -> None:
    html = """<input id=box><p id=out></p><script>
      box.oninput = () => setTimeout(() => { out.textContent = "3" }, 700);
    </script>"""
    assert visit_page(html, SUM).text == "3"


def test_an_answer_of_a_worker_that_the_page_made_itself_is_found() -> None:
    html = """<input id=box><p id=out></p><script>
      box.oninput = () => {
        const script = "onconnect = (event) => event.ports[0].postMessage(3)";
        const worker = new SharedWorker(URL.createObjectURL(new Blob([script])));
        worker.port.onmessage = (event) => { out.textContent = event.data };
      };
    </script>"""
    answer = visit_page(html, SUM)
    assert (answer.failure, answer.text) == (None, "3")


def test_what_is_read_of_a_page_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from grader.probes import looks

    sizes: list[int] = []

    def noted(regions: list[str], pieces: list[str]) -> PageText:
        sizes.append(len("".join((*regions, *pieces))))
        return PageText(regions, pieces)

    monkeypatch.setattr(looks, "PageText", noted)
    nested = "<output>" * 100 + "<script>document.write('x'.repeat(100_000))</script>"
    visit_page(nested)
    assert max(sizes) == REGIONS_CAP + TEXT_CAP


def test_an_answer_behind_the_only_button_is_found() -> None:
    html = """<input id=box><button onclick="out.textContent = box.value.length">Go</button>
      <p id=out></p>"""
    assert visit_page(html, SUM).text == str(len(SUM))


def test_a_live_region_counts_before_other_text_that_appears() -> None:
    html = """<textarea id=box></textarea><p id=noise></p><output id=out>Ready</output><script>
      box.oninput = () => { noise.textContent = "You typed"; out.textContent = "3" };
    </script>"""
    assert visit_page(html, SUM).text == "3"


def test_a_page_on_which_nothing_happens_has_an_empty_answer() -> None:
    answer = visit_page("<h1>Hello</h1><input><p>There is text here", SUM)
    assert (answer.failure, answer.text, answer.text_box) == (None, "", True)


def test_a_text_box_is_what_a_person_can_type_into() -> None:
    boxes = [
        "<input list=some>",
        "<textarea></textarea>",
        "<div role=textbox contenteditable style='min-height: 20px'></div>",
        "<input disabled><input readonly><input style='display: none'><input>",
        "<script>setTimeout(() => document.write('<input>'), 600)</script>",
    ]
    answers = together(*(visiting_page(f"<body><p>Ask: {box}") for box in boxes))
    found = dict(zip(boxes, (answer.text_box for answer in answers), strict=True))
    assert found == dict.fromkeys(boxes, True)


def test_what_nobody_can_type_into_is_no_text_box() -> None:
    html = """<body><p>Ask: <input disabled><input readonly><input style='display: none'>
      <input type=checkbox><select><option>a</select><div role=textbox>no</div>"""
    assert visit_page(html, "").text_box is False


def test_a_page_cannot_forge_what_is_read() -> None:
    html = """<input><p>Hello<script>
      Object.defineProperty(HTMLElement.prototype, "innerText", { get: () => "forged" });
      String.prototype.slice = () => "forged";
      Document.prototype.querySelectorAll = () => [document.body];
    </script>"""
    assert visit_page(html, "").text == "Hello"


def test_markup_that_hides_the_document_from_scripts_is_read_as_nothing() -> None:
    answer = visit_page("<input><img name=querySelectorAll><p>Hello", SUM)
    assert (answer.failure, answer.text) == (None, "")


def test_a_clock_on_the_page_is_not_taken_for_the_answer() -> None:
    html = """<input id=box><p id=clock></p><output id=out></output><script>
      setInterval(() => { clock.textContent = Math.random() }, 50);
      box.oninput = () => { out.textContent = "3" };
    </script>"""
    assert visit_page(html, SUM).text == "3"


def test_the_text_that_is_kept_is_bounded() -> None:
    html = "<input><p id=p></p><script>p.textContent = 'x'.repeat(5_000_000)</script>"
    assert len(visit_page(html, "").text) == 64 * 1024


def test_a_login_page_shows_where_it_led() -> None:
    app = Flask("protected")

    @app.get("/")
    def index() -> Response:
        return Response(status=302, headers={"Location": "/login?next=/"})

    @app.get("/login")
    def login() -> tuple[str, int]:
        return "Log in", 401

    with serve(app) as url:
        answer = visit(url, SUM)
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
        answer = visit(url, SUM)
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
        visit(url, secret="s3cret")
    assert heads == ["s3cret"]


def test_nobody_there_is_unreachable_in_words() -> None:
    with raw_server(always(b"")) as server:
        url = server.url
    answer = visit(url, SUM)
    assert answer.failure is Outcome.UNREACHABLE
    assert "connection refused" in answer.detail


def test_what_is_not_http_is_unreachable_in_words() -> None:
    with raw_server(always(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True)) as server:
        answer = visit(server.url, SUM)
    assert answer.failure is Outcome.UNREACHABLE
    assert "sent no HTTP" in answer.detail


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserThread]:
    """A thread whose browser is not started yet, with as many places as a run's."""
    thread = BrowserThread(browser_thread.VISITS_AT_ONCE)
    monkeypatch.setattr(browser, "browser_thread", lambda: thread)
    yield thread
    thread.close()


@pytest.mark.usefixtures("another")
def test_a_missing_browser_is_not_checked_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    answer = visit("http://127.0.0.1:1", SUM)
    assert answer.failure is Outcome.NOT_CHECKED
    assert "playwright install chromium" in answer.detail


@pytest.mark.usefixtures("another")
def test_a_missing_playwright_is_not_checked_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    monkeypatch.delitem(sys.modules, "grader.probes.chromium", raising=False)
    answer = visit("http://127.0.0.1:1", SUM)
    assert answer.failure is Outcome.NOT_CHECKED
    assert "pip install" in answer.detail


def test_one_browser_serves_all_who_ask_at_the_same_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = threading.Barrier(4)

    def make() -> BrowserThread:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=1)  # for the others, should they come in, too
        return BrowserThread(1)

    monkeypatch.setattr(browser_thread, "_browser_thread", functools.cache(make))
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(browser_thread.browser_thread) for _ in range(4)]
        found = {future.result() for future in asked}
    for each in found:
        each.close()
    assert len(found) == 1


class Visits:
    """Visits that hold every place until they are told to end."""

    def __init__(self, thread: BrowserThread) -> None:
        self.over = [threading.Event() for _ in range(browser_thread.VISITS_AT_ONCE)]
        self.futures = [thread.submit(functools.partial(self._stay, each)) for each in self.over]
        self._thread = thread

    async def _stay(self, over: threading.Event, _: "Engine") -> None:
        await asyncio.to_thread(over.wait)

    def wait_until_waiting(self, many: int) -> None:
        """Until so many others wait for a place."""
        wait_until(lambda: len(self._thread._places._waiting) == many)


def test_whoever_was_visited_first_goes_first_again(another: BrowserThread) -> None:
    ended: list[str] = []

    async def ask_again(name: str) -> None:
        await probes[name].ask("", 20)
        ended.append(name)

    async def run() -> None:
        for probe in probes.values():
            await probe.ask("", 20)
        others = Visits(another)
        again = []
        for number, name in enumerate(("second", "first"), 1):
            again.append(asyncio.create_task(ask_again(name)))
            await asyncio.to_thread(others.wait_until_waiting, number)
        others.over[0].set()  # one place is free
        await asyncio.gather(*again)
        others.over[1].set()

    with raw_server(always(reply(b"<input>", "Content-Type: text/html"))) as server:
        guard = Guard(Origin.of(server.url))
        probes = {name: BrowserProbe(server.url, guard) for name in ("first", "second")}
        in_a_thread(run())
    assert ended == ["first", "second"]


def test_waiting_for_a_place_is_not_held_against_a_deployment(another: BrowserThread) -> None:
    seconds = 4.0

    async def run() -> None:
        others = Visits(another)
        visiting = asyncio.create_task(visiting_page("<input>", seconds=seconds))
        await asyncio.to_thread(others.wait_until_waiting, 1)
        await asyncio.sleep(seconds + 0.5)  # longer than the visit itself may take
        assert not visiting.done()
        for each in others.over:
            each.set()
        assert (await visiting).failure is None

    in_a_thread(run())


def test_a_place_is_not_waited_for_without_end(
    another: BrowserThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "_QUEUE_SECONDS", 0.1)
    others = Visits(another)
    answer = visit("http://127.0.0.1:1", seconds=0.1)
    for each in others.over:
        each.set()
    assert answer.failure is Outcome.NOT_CHECKED
    assert answer.detail == "no browser was free"


class Held:
    """A page that never comes, and when the browser hung up on it."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.left = threading.Event()

    def listen(self, connection: socket.socket) -> None:
        read_request(connection)
        self.asked.set()
        hang(connection)
        self.left.set()


def test_a_visit_ends_when_the_ask_is_cancelled(another: BrowserThread) -> None:
    async def run() -> None:
        # Every place is taken by such a visit, and one more waits for a place.
        visits = [asyncio.create_task(visiting(server.url, SUM, 600)) for _ in range(3)]
        assert await asyncio.to_thread(held.asked.wait, PATIENCE)
        for each in visits:
            each.cancel()
        ended = await asyncio.gather(*visits, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended)
        assert await asyncio.to_thread(held.left.wait, PATIENCE)
        # The places are free for others, who are served by the same browser.
        assert (await visiting_page("<input>")).failure is None
        assert await asyncio.wrap_future(another.start()) is engine

    held = Held()
    engine = another.start().result()
    with raw_server(held.listen) as server:
        in_a_thread(run())


@pytest.mark.usefixtures("another")
def test_a_visit_that_is_cancelled_leaves_the_start_of_the_browser_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from grader.probes.chromium import Engine

    start, starts, begun = Engine.start, [], threading.Event()

    async def noted() -> Engine:
        starts.append(start)
        begun.set()
        return await start()

    async def run() -> None:
        first = asyncio.create_task(visiting("http://127.0.0.1:1", SUM))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        first.cancel()
        assert (await visiting_page("<input>")).failure is None

    monkeypatch.setattr(Engine, "start", noted)
    in_a_thread(run())
    assert len(starts) == 1


def test_the_loop_of_whoever_asks_goes_on_meanwhile(another: BrowserThread) -> None:
    """The page comes only once that loop has done something else; it does little for the visit."""

    asked, went_on = threading.Event(), threading.Event()

    def listen(connection: socket.socket) -> None:
        read_request(connection)
        asked.set()
        assert went_on.wait(PATIENCE)
        connection.sendall(reply(b"<input>", "Content-Type: text/html", "Connection: close"))

    async def go_on() -> None:
        await asyncio.to_thread(asked.wait, PATIENCE)
        went_on.set()

    async def run() -> float:
        before = time.thread_time()
        answer, _ = await asyncio.gather(visiting(server.url, SUM), go_on())
        assert answer.failure is None
        return time.thread_time() - before

    with raw_server(listen) as server:
        # The start of the browser, the import of Playwright and the visit, all of it.
        assert in_a_thread(run()) < 0.05


def test_a_platforms_mark_is_kept_in_a_browser_too() -> None:
    answer = reply(
        b"<!doctype html><title>x</title><p>Checkpoint", "Content-Type: text/html",
        "cf-mitigated: challenge", "Retry-After: 7", status="403 Forbidden",
    )  # fmt: skip
    with raw_server(always(answer)) as server:
        got = visit(server.url, "")
    assert (got.status, got.headers["cf-mitigated"], got.retry_after) == (403, "challenge", 7)
    assert is_challenged(got)
