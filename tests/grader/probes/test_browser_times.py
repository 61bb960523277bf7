"""The time that is told of an answer in a browser, and the picture that is kept of it."""

import time

import pytest
from flask import Flask

from grader.model import Reply, Typing
from grader.probes.browser_thread import BrowserThread
from tests.grader.probes.visiting import together, visit_page, visiting, visiting_page
from tests.servers import serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SUM = "What is 1 plus 2?"
LONG = f"Which of the following numbers are primes: {', '.join(map(str, range(100, 160)))}?"


@pytest.fixture(autouse=True, scope="module")
def _started(chromium: BrowserThread) -> None:
    """The browser is started: no visit's time holds that."""
    chromium.start().result()


def untold(html: str, typing: Typing = "at once") -> tuple[float, Reply]:
    """How many seconds of a visit are not told as the answer's time, and the answer."""
    started = time.monotonic()
    answer = visit_page(html, SUM, typing=typing)
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


def test_how_long_the_page_itself_takes_is_told() -> None:
    app = Flask("slow")
    script = """box.onchange = async () => {
      out.textContent = await (await fetch("/slow" + location.pathname)).text();
    }"""
    html = f"<input id=box><p id=out></p><script>{script}</script>"
    said = {"sum": "3", "empty": "", "none": "No Match"}

    @app.get("/<name>/")
    def index(name: str) -> str:
        return html

    @app.get("/slow/<name>/")
    def slow(name: str) -> str:
        time.sleep(1.5)
        return said[name]

    with serve(app) as url:
        answers = together(*(visiting(f"{url}/{name}", SUM) for name in said))
    assert [answer.text for answer in answers] == ["3", "", ""]
    assert all(answer.elapsed_ms >= 1500 for answer in answers)


def test_a_picture_shows_the_beginning_of_a_long_query() -> None:
    """The picture is that of the same page with its box scrolled back."""
    scrolled = "onkeyup = () => { box.scrollLeft = 9999; box.scrollTop = 9999 }"
    kept = "box.onscroll = () => { box.scrollLeft = 0; box.scrollTop = 0 }"
    boxes = ("<input id=box>", "<textarea id=box rows=1></textarea>")
    pages = [f"{box}<script>{script}</script>" for box in boxes for script in (scrolled, kept)]
    seen = [
        answer.screenshot_png for answer in together(*(visiting_page(page, LONG) for page in pages))
    ]
    assert all(seen)
    assert (seen[0], seen[2]) == (seen[1], seen[3])
