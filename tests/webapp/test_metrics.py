import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from webapp.app import create_app
from webapp.release import Release

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]

ALWAYS_THERE = {
    "webapp_queries",
    "webapp_query_duration_seconds",
    "webapp_errors",
    "webapp_threads_busy",
    "webapp_workers",
    "webapp_release",
    "webapp_serverless",
}


def make_client(process: Callable[[str], object] = str, **config: Any) -> FlaskClient:
    return create_app({"PROCESS": process, **config}).test_client()


def scrape(client: FlaskClient) -> Series:
    """Each series of the page, by name and labels."""
    page = client.get("/metrics")
    assert page.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


def value(client: FlaskClient, name: str, **labels: str) -> float:
    return scrape(client)[name, tuple(sorted(labels.items()))]


def queries(client: FlaskClient) -> tuple[float, float]:
    """How many are answered, and how many are not."""
    answered, not_answered = (
        value(client, "webapp_queries_total", answered=word) for word in ("yes", "no")
    )
    for word, number in (("yes", answered), ("no", not_answered)):
        assert value(client, "webapp_query_duration_seconds_count", answered=word) == number
    return answered, not_answered


def errors(client: FlaskClient) -> dict[str, float]:
    """How many there are of each kind, without those that have none."""
    found = scrape(client).items()
    return {dict(labels)["kind"]: n for (name, labels), n in found if "_errors_" in name and n}


def raising(error: BaseException) -> Callable[[str], str]:
    def process(query: str) -> str:
        raise error

    return process


def test_the_page_begins_with_the_queries_and_is_never_kept() -> None:
    page = make_client().get("/metrics")
    assert page.text.startswith("# HELP webapp_queries_total ")
    assert page.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    families = {family.name for family in text_string_to_metric_families(page.text)}
    assert families >= ALWAYS_THERE


def test_everything_is_there_before_the_first_query_and_is_zero() -> None:
    client = make_client()
    assert queries(client) == (0, 0)
    assert errors(client) == {}


def test_api_and_page_both_count_and_nothing_else_does() -> None:
    client = make_client(lambda query: "" if query == "unknown" else "an answer")
    for path in ("/api", "/"):
        for query in ("known", "known", "unknown"):
            client.get(path, query_string={"q": query})
    for path in ("/", "/?q=", "/?q=+", "/healthz", "/metrics", "/static/ask.js"):
        client.get(path, buffered=True)
    assert queries(client) == (4, 2)
    assert errors(client) == {}


@pytest.mark.parametrize("reply", ["", " \n", None, "half a pair: \ud800"])
def test_a_query_without_a_usable_answer_is_not_answered(reply: object) -> None:
    client = make_client(lambda _query: reply)
    client.get("/api?q=x")
    client.get("/?q=x")
    assert queries(client) == (0, 2)


@pytest.mark.parametrize("error", [ZeroDivisionError(), SystemExit()])
def test_a_query_that_fails_is_not_answered_and_an_error(error: BaseException) -> None:
    client = make_client(raising(error))
    client.get("/api?q=x")
    client.get("/?q=x")
    assert queries(client) == (0, 2)
    assert errors(client) == {"failed": 2}


def test_each_kind_of_error_has_its_name() -> None:
    app = create_app()
    for status in (418, 503):
        app.add_url_rule(f"/{status}", str(status), lambda status=status: ("", status))
    client = app.test_client()
    client.get("/api")
    client.get("/nope")
    client.post("/")
    client.get("/api", query_string={"q": "x" * 501})
    client.get("/418")
    client.get("/503")
    kinds = ("bad_request", "not_found", "method", "too_long", "client", "server")
    assert errors(client) == dict.fromkeys(kinds, 1)
    assert queries(client) == (0, 1)


def test_a_status_that_is_none_is_handed_on_all_the_same() -> None:
    app = create_app()
    app.add_url_rule("/own", "own", lambda: Response("fine", "as you like"))
    client = app.test_client()
    assert client.get("/own").text == "fine"
    assert errors(client) == {}


def broken_hook(app: Flask) -> None:
    @app.after_request
    def fail(response: Response) -> Response:
        raise ZeroDivisionError


def test_a_failure_around_the_view_is_counted_too() -> None:
    app = create_app({"PROCESS": str})
    client = app.test_client()
    indicators = app.wsgi_app
    broken_hook(app)
    assert client.get("/api?q=x").status_code == 500
    app.after_request_funcs[None].pop()
    assert app.wsgi_app is indicators
    assert queries(client) == (0, 1)
    assert errors(client) == {"failed": 1}


def test_an_error_that_nobody_catches_is_counted_and_frees_the_thread() -> None:
    client = make_client(raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        client.get("/api?q=x")
    assert errors(client) == {"failed": 1}
    assert value(client, "webapp_threads_busy") == 1


def test_durations_are_those_of_the_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("webapp.metrics.perf_counter", lambda: next(clock) * 0.3)
    client = make_client()
    client.get("/api?q=x")
    assert value(client, "webapp_query_duration_seconds_bucket", answered="yes", le="0.25") == 0
    assert value(client, "webapp_query_duration_seconds_bucket", answered="yes", le="0.5") == 1
    assert value(client, "webapp_query_duration_seconds_sum", answered="yes") == pytest.approx(0.3)


def test_busy_threads_are_those_that_answer_right_now() -> None:
    asked, go_on = threading.Barrier(4), threading.Event()

    def process(query: str) -> str:
        asked.wait(30)
        assert go_on.wait(30)
        return ""

    app = create_app({"PROCESS": process})
    threads = [threading.Thread(target=app.test_client().get, args=("/api?q=x",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    asked.wait(30)
    client = app.test_client()
    assert value(client, "webapp_threads_busy") == 4, "three queries and this request"
    go_on.set()
    for thread in threads:
        thread.join()
    assert value(client, "webapp_threads_busy") == 1


def test_two_apps_in_one_process_count_apart() -> None:
    asked, idle = make_client(), make_client()
    asked.get("/api?q=x")
    assert queries(asked) == (1, 0)
    assert queries(idle) == (0, 0)


@pytest.mark.parametrize(("platform", "serverless"), [("vercel", 1), ("render", 0), (None, 0)])
def test_the_release_and_whether_processes_last(platform: str | None, serverless: int) -> None:
    client = make_client(RELEASE=Release("0123456", platform, "production"))
    labels = {
        "commit": "0123456",
        "platform": platform or "",
        "environment": "production",
        "region": "",
    }
    assert value(client, "webapp_release", **labels) == 1
    assert value(client, "webapp_serverless") == serverless


def test_the_process_and_the_machine_where_the_system_tells_them() -> None:
    found = scrape(make_client())
    assert found["webapp_workers", ()] == 1
    worker = (("worker", "1"),)
    of_process = ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds")
    of_machine = ("host_memory_available_bytes", "host_open_files")
    told: Series = {(f"process_{name}", worker): 0 for name in of_process}
    told |= {(name, ()): 0 for name in of_machine}
    if sys.platform == "linux":
        assert all(found[series] > 0 for series in told)
        assert found["host_load1", ()] >= 0
    else:
        assert not told.keys() & found.keys()


STRANGERS = make_client()  # one app for all of them
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]


@given(
    st.sampled_from(METHODS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=600),
)
@example("GET", "api", 'x",kind="y"} 1\nmine 1')
@example("GET", "", "x" * 501)
def test_whatever_a_stranger_sends_no_series_is_added(method: str, path: str, query: str) -> None:
    before = scrape(STRANGERS).keys()
    STRANGERS.open(
        f"/{quote(path, safe='')}?{urlencode({'q': query})}",
        method=method,
        headers={"User-Agent": "stranger"},
        buffered=True,
    )
    page = STRANGERS.get("/metrics").text
    assert scrape(STRANGERS).keys() == before
    assert "stranger" not in page
