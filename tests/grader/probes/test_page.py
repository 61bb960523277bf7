"""The page probe on our own page, on pages of other makes, and on pages that cannot be asked."""

import asyncio
import socket
import threading
import tracemalloc

import pytest
from flask import Flask, request

from grader.model import Limits, ProbeKind, Reply, Submission
from grader.outcomes import Outcome
from grader.probes import Deployment
from grader.probes.markup import Markup, read_markup
from grader.probes.page import PAGE_CAP
from tests.grader.probes.loops import deployed, in_a_thread
from tests.grader.probes.raw import always, raw_server, read_request, reply
from tests.servers import serve
from webapp.app import create_app


def _ask(url: str, *queries: str) -> list[Reply]:
    limits = Limits(timeout=5, allow_private=True)
    with deployed(Submission("abc", url), limits) as deployment:
        return [deployment.ask(ProbeKind.PAGE, query) for query in queries]


def _page(html: str) -> Reply:
    with raw_server(always(reply(html.encode(), "Content-Type: text/html"))) as server:
        return _ask(server.url, "")[0]


def test_our_own_page_has_a_text_box_and_answers() -> None:
    with serve(create_app({"PROCESS": lambda query: query.upper()})) as url:
        page, answer = _ask(url, "", "What is 1 plus 2?")
    assert page.text_box is True
    assert "Welcome!!" in page.text
    assert answer.text == "WHAT IS 1 PLUS 2?"
    assert answer.status == 200


def test_no_match_on_our_own_page_is_an_empty_answer() -> None:
    with serve(create_app({"PROCESS": lambda _query: ""})) as url:
        (answer,) = _ask(url, "What is 1 plus 2?")
    assert answer.text == ""
    assert answer.failure is None


def test_a_page_without_a_live_region_is_compared_with_its_blank_self() -> None:
    app = Flask("other")

    @app.get("/")
    def index() -> str:
        asked = request.args.get("question", "")
        answer = f"<p>You asked:</p><p>{asked}</p><b>Three</b>" if asked else ""
        return f"<h1>Hello</h1><form action='/'><textarea name=question></textarea></form>{answer}"

    with serve(app) as url:
        (answer,) = _ask(url, "What is 1 plus 2?")
    assert answer.text == "You asked: Three"


def test_text_boxes_are_recognized_whatever_their_markup() -> None:
    for markup in (
        "<input>",
        "<input type=''>",
        "<input type=TEXT>",
        "<input type=search>",
        "<textarea></textarea>",
        "<div role=textbox contenteditable=true></div>",
    ):
        assert _page(f"<html><body>{markup}").text_box is True, markup


def test_other_inputs_are_no_text_boxes() -> None:
    for markup in (
        "<input type=submit>",
        "<input type=hidden>",
        "<input type=text disabled>",
        "<p>input",
        "<!-- <input> -->",
    ):
        assert _page(f"<html><body>{markup}").text_box is False, markup


@pytest.mark.parametrize(
    "body",
    [
        "<input id=q><div id=answer></div>",
        "<form onsubmit='answer(); return false'><input id=q></form>",
        "<form method=post><input name=q></form>",
        "<form action='javascript:void(0)' onsubmit='answer()'><input name=q></form>",
        "<form action=' JavaScript:;'><input name=q></form>",
        "<form action='mailto:me@example.com'><input name=q></form>",
        "<noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div>",
        "<div id=app></div><style>p { color: red }</style><!-- here -->",
    ],
)
def test_a_page_that_answers_in_the_browser_only_is_not_checked(body: str) -> None:
    html = f"<html><head><title>App</title></head><body>{body}<script>run()</script>"
    with raw_server(always(reply(html.encode(), "Content-Type: text/html"))) as server:
        first, second = _ask(server.url, "What is 1 plus 2?", "What is 3 plus 4?")
    for answer in (first, second):
        assert answer.failure is Outcome.NOT_CHECKED
        assert answer.lasting
    assert "--probe browser sees it" in first.detail
    assert "--probe page" not in second.detail


# Python itself raises at each of these: an open bracket, ports, and what folds into "/" or "#".
@pytest.mark.parametrize(
    "action",
    [
        "http://[",
        "//[",
        "http://a:b:c/",
        "//x:99999999",
        "http://\N{ACCOUNT OF}/",
        "http://ex\N{FULLWIDTH NUMBER SIGN}.com",
        "https:///ask",
    ],
)
def test_a_form_whose_action_nobody_can_read_is_not_checked(action: str) -> None:
    html = f"<form action='{action}'><input name=q></form>"
    with raw_server(always(reply(html.encode(), "Content-Type: text/html; charset=utf-8"))) as it:
        (answer,) = _ask(it.url, "What is 1 plus 2?")
    assert (answer.failure, answer.lasting) == (Outcome.NOT_CHECKED, True)
    assert "--probe browser sees it" in answer.detail


@pytest.mark.parametrize("body", ["<p>Coming soon<script src=count.js></script>", "<p>", ""])
def test_a_page_without_a_box_has_none_to_ask_in(body: str) -> None:
    with raw_server(always(reply(body.encode(), "Content-Type: text/html"))) as server:
        (answer,) = _ask(server.url, "What is 1 plus 2?")
    assert (answer.failure, answer.text, answer.text_box) == (None, "", False)


def test_a_page_that_fails_is_told_as_it_is() -> None:
    with raw_server(always(reply(b"oh no", status="500 Internal Server Error"))) as server:
        (answer,) = _ask(server.url, "What is 1 plus 2?")
    assert answer.status == 500


def test_a_page_may_be_larger_than_a_reply() -> None:
    assert _page("<input>" + "<p>style</p>" * 10_000).text_box is True


def test_the_body_of_a_redirect_is_under_the_cap_too() -> None:
    moved = reply(b"x" * (PAGE_CAP + 1), "Location: /there", status="302 Found")
    with raw_server(always(moved)) as server:
        (page,) = _ask(server.url, "")
    assert page.failure is Outcome.TOO_LARGE
    assert page.final_url == f"{server.url}/"


def test_a_redirect_is_followed_to_the_page() -> None:
    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            home = head.startswith(b"GET / ")
            moved = reply(b"moved", "Location: /there", status="302 Found")
            connection.sendall(moved if home else reply(b"<input>"))

    with raw_server(handle) as server:
        (page,) = _ask(server.url, "")
    assert page.text_box is True
    assert page.final_url == f"{server.url}/there"


def test_hostile_markup_is_read_without_harm() -> None:
    deep = "<div>" * 20_000
    users = "<form>" + "<input>" * 20_000 + "<input type=password>"
    attributes = " ".join(f"a{number}=b" for number in range(25_000))
    for html in (
        deep + "<input>", deep + users, "<" * 200_000, "<!--" * 50_000, "<a b='" * 50_000,
        f"<a {attributes}>", "<p>x" * 60_000, "<output>" * 2000 + "<i>x</i>" * 25_000,
    ):  # fmt: skip
        assert _page(html).status == 200


def test_regions_within_regions_take_little_memory() -> None:
    html = f"<form><input name=q></form>{'<output>' * 2000}{'x' * 100_000}"
    with raw_server(always(reply(html.encode(), "Content-Type: text/html"))) as server:
        tracemalloc.start()
        (answer,) = _ask(server.url, "What is 1 plus 2?")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert answer.text == ""
    assert most < 50e6


def test_one_connection_serves_the_page_too() -> None:
    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            answer = b"3" if b"?q=" in head else b""
            html = b"<form><input name=q></form><output>%s</output>" % answer
            connection.sendall(reply(html, "Content-Type: text/html", "Set-Cookie: a=b"))

    with raw_server(handle) as server:
        answers = _ask(server.url, "", "one", "two")
        assert [answer.text for answer in answers[1:]] == ["3", "3"]
        assert server.connections == 1


@pytest.mark.parametrize("method", ["", "GET", " get ", "nonsense"])
def test_forms_are_asked_by_get_unless_they_say_post(method: str) -> None:
    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            answer = "3" if b"?q=" in head else ""
            html = f"<form method='{method}'><input name=q></form><output>{answer}</output>"
            connection.sendall(reply(html.encode(), "Content-Type: text/html"))

    with raw_server(handle) as server:
        (answer,) = _ask(server.url, "one")
    assert answer.text == "3"


def test_the_loop_goes_on_while_a_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, beaten = threading.Event(), threading.Event()

    def read(html: str, url: str) -> Markup:
        reading.set()
        assert beaten.wait(30), "the loop stood still"
        return read_markup(html, url)

    async def ask_and_beat(url: str) -> Reply:
        async with Deployment(Submission("abc", url), Limits(allow_private=True)) as deployment:
            asking = asyncio.create_task(deployment.ask(ProbeKind.PAGE, ""))
            while not reading.is_set():
                await asyncio.sleep(0.01)
            beaten.set()
            return await asking

    monkeypatch.setattr("grader.probes.markup.read_markup", read)
    with raw_server(always(reply(b"<input>", "Content-Type: text/html"))) as server:
        assert in_a_thread(ask_and_beat(server.url)).text_box is True
