import logging
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.app import create_app
from webapp.views import MAX_QUERY_LENGTH

SHA = "0123456789abcdef0123456789abcdef01234567"


def replying(reply: object) -> Callable[[str], object]:
    def process(query: str) -> object:
        return reply

    return process


def make_client(process: Callable[[str], object] = str) -> FlaskClient:
    return create_app({"PROCESS": process}).test_client()


def raising(error: BaseException) -> Callable[[str], str]:
    def process(query: str) -> str:
        raise error

    return process


class Page(HTMLParser):
    """What a person finds on the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.text: dict[str, str] = {}
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in self.attributes or tag in ("meta", "link", "div")
        self.attributes[tag] = dict(attrs)
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.text[self._inside[-1]] = self.text.get(self._inside[-1], "") + data


def read_page(client: FlaskClient, query: str, status: int = 200) -> Page:
    response = client.get("/", query_string={"q": query})
    assert response.status_code == status
    assert response.content_type == "text/html; charset=utf-8"
    return Page(response.text)


def test_page_has_its_words_and_one_labelled_text_box() -> None:
    page = Page(make_client().get("/").text)
    assert page.text["h1"] == "Welcome!!"
    assert page.text["label"] == "Please enter your query in the box below:"
    assert page.attributes["input"]["type"] == "text"
    assert page.attributes["input"]["id"] == page.attributes["label"]["for"]
    assert page.attributes["input"]["name"] == "q"
    assert page.attributes["p"]["role"] == "status"


def test_page_shows_the_answer_below_the_query() -> None:
    page = read_page(make_client(lambda query: f"so: {query}"), '"<b>&')
    assert page.attributes["input"]["value"] == '"<b>&'
    assert page.text["p"] == 'so: "<b>&'
    assert "class" not in page.attributes["p"]


@pytest.mark.parametrize("reply", ["", " \n"])
def test_page_says_no_match(reply: str) -> None:
    assert read_page(make_client(replying(reply)), "x").text["p"] == "No Match"


@pytest.mark.parametrize("query", ["", "  "])
def test_page_shows_nothing_for_an_empty_query(query: str) -> None:
    assert "p" not in read_page(make_client(replying("an answer")), query).text


def test_page_addresses_are_relative() -> None:
    html = make_client().get("/").text
    assert 'href="/' not in html
    assert 'src="/' not in html
    assert "action=" not in html


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_api_answers_in_plain_text(path: str) -> None:
    response = make_client(lambda query: f"{query}!").get(path, query_string={"q": "a + b"})
    assert response.status_code == 200
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.text == "a + b!"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=MAX_QUERY_LENGTH))
@example("\x00\r\n<script>")
@example("é \N{EARTH GLOBE AMERICAS} +%26")
def test_api_hands_over_every_query_and_reply_unchanged(text: str) -> None:
    response = make_client(lambda query: query).get("/api", query_string={"q": text})
    assert response.status_code == 200
    assert response.text == text


def test_api_answers_nothing_where_nothing_matches() -> None:
    response = make_client(replying("")).get("/api?q=x")
    assert (response.status_code, response.content_length) == (200, 0)


def test_api_survives_bytes_that_are_no_text() -> None:
    response = make_client(lambda query: query).get("/api?q=%ff%fe")
    assert (response.status_code, response.text) == (200, "%FF%FE")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api?query=x"])
def test_api_without_a_query_says_how_to_ask(path: str) -> None:
    response = make_client().get(path)
    assert response.status_code == 400
    assert "/api?q=" in response.text
    assert response.content_type == "text/plain; charset=utf-8"


def test_longest_query_is_answered_and_a_longer_one_refused_in_words() -> None:
    client = make_client(replying("fine"))
    longest = "é" * MAX_QUERY_LENGTH
    assert client.get("/api", query_string={"q": longest}).text == "fine"

    refused = client.get("/api", query_string={"q": longest + "x"})
    assert refused.status_code == 414
    assert "501 characters" in refused.text
    assert "500" in refused.text
    page = read_page(client, longest + "x", status=414)
    assert page.text["p"] == refused.text
    assert page.attributes["p"]["class"] == "failed"


@pytest.mark.parametrize(
    "process",
    [
        raising(ZeroDivisionError("secret")),
        raising(SystemExit("secret")),
        replying(None),
        replying(83),
        replying(b"secret"),
        replying("secret \ud800"),
    ],
    ids=["raises", "exits", "None", "number", "bytes", "surrogate"],
)
def test_failing_process_is_a_sentence_outside_and_a_traceback_in_the_log(
    process: Callable[[str], object], caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(process)
    response = client.get("/api?q=who%0Ame")
    assert response.status_code == 500
    assert response.text == "The app failed on this query. Its log says why."
    assert response.content_type == "text/plain; charset=utf-8"
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "process('who\\nme') failed"
    assert record.exc_info is not None

    page = read_page(client, "who", status=500)
    assert page.text["p"] == response.text
    assert page.attributes["input"]["value"] == "who"


def test_unknown_address_and_method_are_told_in_words() -> None:
    client = make_client()
    missing = client.get("/nope")
    assert (missing.status_code, missing.content_type) == (404, "text/plain; charset=utf-8")
    assert missing.text.startswith("The requested URL was not found")
    refused = client.post("/api?q=x")
    assert (refused.status_code, refused.content_type) == (405, "text/plain; charset=utf-8")
    assert "GET" in refused.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/api?q=x", "/healthz", "/static/style.css"])
def test_head(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.views.monotonic", lambda: 112.5)  # the uptime has a length, too
    client = make_client(replying("answer"))
    head, get = client.head(path, buffered=True), client.get(path, buffered=True)
    assert (head.status_code, head.data) == (200, b"")
    assert head.content_length == get.content_length
    assert head.content_type == get.content_type


@pytest.mark.parametrize(
    "path", ["/", "/api?q=x", "/api", "/healthz", "/nope", "/static/ask.js", "/static/no"]
)
def test_security_headers(path: str) -> None:
    headers = make_client().get(path, buffered=True).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_a_view_of_the_students_own_that_fails_has_the_headers_too() -> None:
    app = create_app()

    @app.get("/own")
    def own() -> str:
        raise ZeroDivisionError

    failed = app.test_client().get("/own")
    assert (failed.status_code, failed.headers["Cache-Control"]) == (500, "no-store")
    assert failed.headers["X-Content-Type-Options"] == "nosniff"


def test_only_static_files_may_be_kept_by_a_cache() -> None:
    client = make_client()
    for path in ("/", "/api?q=x", "/healthz", "/nope"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
    static = client.get("/static/ask.js", buffered=True)
    assert static.headers["Cache-Control"] == "no-cache"
    etag = {"If-None-Match": static.headers["ETag"]}
    again = client.get("/static/ask.js", headers=etag, buffered=True)
    assert again.status_code == 304


def test_healthz_tells_release_and_uptime(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COMMIT_SHA": SHA, "ENV": "production"}.items():
        monkeypatch.setenv(f"VERCEL_{name.replace('COMMIT', 'GIT_COMMIT')}", value)
    monkeypatch.setattr("webapp.app.monotonic", lambda: 100.0)
    monkeypatch.setattr("webapp.views.monotonic", lambda: 112.5)
    client = make_client()
    # The release is looked up once: what changes later is not the running release.
    monkeypatch.setenv("VERCEL_GIT_COMMIT_SHA", "f" * 40)
    response = client.get("/healthz")
    assert response.content_type == "application/json"
    assert response.get_json() == {
        "status": "ok",
        "release": {
            "commit": SHA,
            "platform": "vercel",
            "environment": "production",
            "region": None,
        },
        "uptime_seconds": 12.5,
    }
