"""The browser probe on pages whose scripts fail."""

import pytest
from flask import Flask

from grader.judging import judge
from grader.model import AnythingKey, Judgement, Key, NumberKey, PageKey, ProbeKind, Question, Reply
from grader.outcomes import Outcome
from tests.grader.probes.raw import always, raw_server
from tests.grader.probes.visiting import together, visit, visit_page, visiting_page
from tests.servers import serve

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("chromium")]

SUM = "What is 1 plus 2?"
ANYTHING = AnythingKey("abc123")
BOX = "<div id=root><input id=box><p id=out></p></div>"
# What Next.js does with an error while it shows an answer: it is caught, and told on the console.
APPLICATION_ERROR = """root.innerHTML = "<h2>Application error: a client-side exception has \
occurred (see the browser console for more information).</h2>"; """


def with_script(script: str, body: str = BOX) -> str:
    return f"{body}<script>{script}</script>"


def ask_page(script: str, body: str = BOX, query: str = SUM) -> Reply:
    return visit_page(with_script(script, body), query)


def ask_pages(*scripts: str) -> dict[str, Reply]:
    """What a page with each of these scripts replies."""
    replies = together(*(visiting_page(with_script(script), SUM) for script in scripts))
    return dict(zip(scripts, replies, strict=True))


def judged(key: Key, answer: Reply) -> Judgement:
    return judge(Question("any", SUM, key, 10, probe=ProbeKind.BROWSER), answer)


def test_a_page_that_crashed_earns_nothing() -> None:
    crashes = [
        f"box.oninput = () => {{ {APPLICATION_ERROR} console.error(new TypeError('no sum')) }}",
        f"box.oninput = () => {{ {APPLICATION_ERROR} throw new TypeError('no sum') }}",
        "box.oninput = () => { root.remove(); Promise.reject(new TypeError('no sum')) }",
        "box.onkeydown = () => { root.remove(); setTimeout(() => { throw TypeError('no sum') }) }",
        "box.oninput = () => { const e = TypeError('no sum'); out.textContent = e; throw e }",
    ]
    for crash, answer in ask_pages(*crashes).items():
        assert answer.page_error == "TypeError: no sum", crash
        for key in (ANYTHING, NumberKey(3)):
            verdict = judged(key, answer)
            assert verdict.outcome is Outcome.WRONG, crash
            assert "TypeError: no sum" in verdict.reason, crash


def test_a_script_that_fails_beside_the_answer_costs_nothing() -> None:
    scripts: dict[str, Key] = {
        # What a script of somebody else's does beside the answer.
        "box.oninput = () => { analytics.track() }": ANYTHING,
        "box.oninput = () => { out.textContent = 'No Match'; analytics.track() }": ANYTHING,
        "box.oninput = () => { out.textContent = 'I do not know'; throw Error('x') }": ANYTHING,
        "box.oninput = () => { out.textContent = '3'; throw Error('x') }": NumberKey(3),
        "box.oninput = () => { out.textContent = 'Error: x'; throw Error('y') }": ANYTHING,
        # What was caught, and did no harm.
        "box.oninput = () => { console.error(Error('x')) }": ANYTHING,
        "box.oninput = () => { const e = Error('x'); console.error(e); out.textContent = e }": (
            ANYTHING
        ),
        # A page that has another view for its answer.
        "box.oninput = () => { root.textContent = 'Nothing found' }": ANYTHING,
        "box.oninput = () => { root.textContent = '3' }": NumberKey(3),
        # A box that is closed, hidden from screen readers or made anew is no box that is gone.
        "box.oninput = () => { box.disabled = true; throw Error('x') }": ANYTHING,
        "box.oninput = () => { root.ariaHidden = 'true'; throw Error('x') }": ANYTHING,
        "box.oninput = () => { root.innerHTML = '<input>'; throw Error('x') }": ANYTHING,
    }
    for script, answer in ask_pages(*scripts).items():
        assert judged(scripts[script], answer).outcome is Outcome.RIGHT, script


def test_what_failed_before_it_was_asked_is_told_where_nothing_came_of_the_query() -> None:
    working = "box.oninput = () => { out.textContent = '4' }; throw Error('x')"
    broken, fine = ask_pages("throw new TypeError('no fetch')", working).values()
    assert broken.page_error == "TypeError: no fetch"
    assert judged(ANYTHING, broken).outcome is Outcome.RIGHT
    reason = judged(NumberKey(3), broken).reason
    assert reason == "no answer appeared, and the page's script failed with “TypeError: no fetch”"
    assert fine.page_error == ""


def test_a_page_that_crashes_as_it_loads_says_how() -> None:
    blank = ask_page("root.remove(); console.error(Error('no props'))", query="")
    verdict = judged(PageKey(), blank)
    assert verdict.outcome is Outcome.WRONG
    assert "Error: no props" in verdict.reason


def test_an_error_in_a_frame_is_none_of_the_page() -> None:
    frame = """<iframe srcdoc="<script>setInterval(() => { throw Error('x') }, 50)</script>">
      </iframe>"""
    answer = ask_page("box.oninput = () => { root.remove() }", BOX + frame)
    assert answer.page_error == ""


def test_whatever_is_thrown_is_told_in_a_short_line() -> None:
    thrown = (
        "null", "undefined", "'just text'", "{}", "NaN", "'x\\ny'.repeat(1e5)", "Error('')"
    )  # fmt: skip
    answers = ask_pages(*(f"box.oninput = () => {{ throw {each} }}" for each in thrown))
    for script, answer in answers.items():
        assert 0 < len(answer.page_error) <= 200, script
        assert answer.page_error.isprintable(), script


def test_a_page_that_writes_errors_without_end_is_read_to_its_end() -> None:
    flood = "setInterval(() => { for (let i = 0; i < 5; i++) console.error(Error(i)) }, 1)"
    answer = ask_page(f"{flood}; box.oninput = () => {{ out.textContent = '3' }}")
    assert (answer.failure, answer.text) == (None, "3")


def test_what_our_proxy_could_not_load_is_not_held_against_the_page() -> None:
    with raw_server(always(b"")) as server:
        elsewhere = server.url  # private, and nobody is there any more
    answer = ask_page(
        f"box.oninput = async () => {{ root.remove(); await fetch('{elsewhere}/track') }}"
    )
    assert answer.page_error == ""
    assert "Failed to fetch, but nothing could be loaded from 127.0.0.1" in answer.detail
    assert judged(ANYTHING, answer).outcome is Outcome.RIGHT


def test_a_page_for_the_answer_alone_needs_no_box_whatever_fails_on_it() -> None:
    app = Flask("two pages")

    @app.get("/")
    def index() -> str:
        return "<form action=/answer><input name=q></form>"

    @app.get("/answer")
    def answer_page() -> str:
        return "<p>Nothing found</p><script>analytics.track()</script>"

    with serve(app) as url:
        answer = visit(url, SUM)
    assert answer.page_error == "ReferenceError: analytics is not defined"
    assert judged(ANYTHING, answer).outcome is Outcome.RIGHT
