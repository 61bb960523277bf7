"""The time that is told of an answer in a browser, and the picture that is kept of it."""

import time

import pytest
from flask import Flask

from grader.model import Reply, Typing
from grader.probes.browser import BrowserProbe
from grader.probes.guard import Guard, Origin
from tests.components import require
from tests.grader.probes.raw import always, raw_server, reply
from tests.servers import serve

pytest.importorskip("playwright")
pytestmark = pytest.mark.browser

SUM = "What is 1 plus 2?"
LONG = f"Which of the following numbers are primes: {', '.join(map(str, range(100, 160)))}?"


@pytest.fixture(autouse=True, scope="module")
def _chromium() -> None:
    require("chromium")
    ask_page("<input>", "")  # the browser is started, and no visit's time holds that


def ask(url: str, query: str, typing: Typing = "at once") -> Reply:
    return BrowserProbe(url, Guard(Origin.of(url)), typing).ask(query, 20)


def ask_page(html: str, query: str = SUM, typing: Typing = "at once") -> Reply:
    with raw_server(always(reply(html.encode(), "Content-Type: text/html"))) as server:
        return ask(server.url, query, typing)


def untold(html: str, typing: Typing = "at once") -> tuple[float, Reply]:
    """How many seconds of a visit are not told as the answer's time, and the answer."""
    started = time.monotonic()
    answer = ask_page(html, typing=typing)
    assert answer.failure is None
    assert answer.elapsed_ms > 0
    return time.monotonic() - started - answer.elapsed_ms / 1000, answer


# Seconds that the grader waits: until a page has settled, and after each thing that it tries.
SETTLED, ACT = 0.4, 1.0


@pytest.mark.parametrize(
    ("html", "text", "waited"),
    [
        ("<input>", "", SETTLED + 3 * ACT),
        ("<p>Hello", "", SETTLED + ACT),
        ("<input onchange='out.textContent = 3'><p id=out>", "3", SETTLED + ACT),
        ("<input><button onclick='out.textContent = 3'>Go</button><p id=out>", "3", 2 * ACT),
        # A button that nobody can press.
        ("<input><button style='pointer-events: none'><div>Go</div></button>", "", 4 * ACT),
    ],
)
def test_what_the_grader_waits_is_not_the_pages_slowness(
    html: str, text: str, waited: float
) -> None:
    seconds, answer = untold(html)
    assert answer.text == text
    assert seconds >= waited


def test_how_fast_the_grader_types_is_not_the_pages_slowness() -> None:
    html = "<input id=box oninput='out.textContent = box.value.length'><p id=out>"
    seconds, answer = untold(html, typing="letters")
    assert answer.text == str(len(SUM))
    assert seconds >= len(SUM) * 0.01 + SETTLED


def test_what_never_comes_to_rest_is_not_waited_for_at_the_pages_cost() -> None:
    busy = """<input oninput="out.ariaBusy = 'false'; out.textContent = 3">
      <output id=out aria-busy=true></output>"""
    seconds, answer = untold(busy)
    assert answer.text == "3"
    assert seconds >= 5  # a quarter of the deadline


@pytest.mark.parametrize(("said", "text"), [("3", "3"), ("", ""), ("No Match", "")])
def test_how_long_the_page_itself_takes_is_told(said: str, text: str) -> None:
    app = Flask("slow")
    script = "box.onchange = async () => { out.textContent = await (await fetch('/slow')).text() }"
    app.add_url_rule("/", "index", lambda: f"<input id=box><p id=out></p><script>{script}</script>")

    @app.get("/slow")
    def slow() -> str:
        time.sleep(1.5)
        return said

    with serve(app) as url:
        answer = ask(url, SUM)
    assert answer.text == text
    assert answer.elapsed_ms >= 1500


@pytest.mark.parametrize("box", ["<input id=box>", "<textarea id=box rows=1></textarea>"])
def test_a_picture_shows_the_beginning_of_a_long_query(box: str) -> None:
    """The picture is that of the same page with its box scrolled back."""
    scroll = "onkeyup = () => { box.scrollLeft = 9999; box.scrollTop = 9999 }"
    seen = ask_page(f"{box}<script>{scroll}</script>", LONG)
    assert seen.screenshot_png
    kept = "box.onscroll = () => { box.scrollLeft = 0; box.scrollTop = 0 }"
    assert seen.screenshot_png == ask_page(f"{box}<script>{kept}</script>", LONG).screenshot_png
