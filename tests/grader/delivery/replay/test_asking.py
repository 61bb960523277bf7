"""Two real releases are asked in turn, politely, and no longer than it tells something."""

import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from grader.delivery.replay.asking import AskingAgain, Name, Order, Stopped, replay
from grader.delivery.replay.comparing import Kind
from grader.delivery.replay.report import Report, Result
from grader.model import Limits, Submission, Target
from tests.grader.delivery.replay.releases import NEW, OLD, release
from tests.grader.probes.raw import always, hang, raw_server, read_request, reply
from tests.servers import free_port

QUICK = Limits(timeout=5.0, wake_timeout=1.0, allow_private=True)
MANY = [f"query {number}" for number in range(40)]


def order(
    baseline: str, candidate: str, queries: list[str], limits: Limits = QUICK, rate: float = 1000
) -> Order:
    first, second = (Target(Submission("", url), limits) for url in (baseline, candidate))
    return Order(first, second, Counter(queries), left_out=0, per_second=rate)


def replayed(of: Order) -> Report:
    report = Report(of)
    for event in replay(of):
        report.add(event)
    return report


def kinds(report: Report) -> dict[str, Kind]:
    return {each.query: kind for kind in Kind for each in report.of(kind).queries}


def asked(calls: list[str]) -> Callable[[str], str]:
    def process(query: str) -> str:
        calls.append(query)
        return f"answer to {query}"

    return process


def test_the_same_code_shows_no_difference_and_the_baseline_is_asked_twice() -> None:
    first: list[str] = []
    second: list[str] = []
    queries = ["a", "b", "a", ""]
    with release(asked(first)) as baseline, release(asked(second), NEW) as candidate:
        report = replayed(order(baseline, candidate, queries))
    assert report.result is Result.SAME
    assert (report.asked, report.times) == (3, 4)
    assert {name: told and told.commit for name, told in report.releases.items()} == {
        Name.BASELINE: OLD,
        Name.CANDIDATE: NEW,
    }
    assert first == ["a", "a", "b", "b", "", ""]
    assert second == ["a", "b", ""]
    # Nobody looks at replies that are the same.
    assert all(each.replies == () for each in report.of(Kind.SAME).queries)


def test_differences_are_told_by_kind_the_most_frequent_first() -> None:
    old = {"a": "1", "b": "1", "c": "1", "d": "", "e": "1", "f": "1"}
    new = {"a": "1", "b": "2", "c": "", "d": "1", "f": "3"}
    queries = [*"abbcccddddef", "f", "f"]
    with release(old.__getitem__) as baseline, release(new.__getitem__) as candidate:
        report = replayed(order(baseline, candidate, queries))
    assert report.result is Result.DIFFERENT
    found = [
        (group.kind, group.times, [each.query for each in group.queries]) for group in report.groups
    ]
    assert found == [
        (Kind.CHANGED, 5, ["f", "b"]),
        (Kind.NEW, 4, ["d"]),
        (Kind.LOST, 3, ["c"]),
        (Kind.ERROR, 1, ["e"]),  # a KeyError
    ]
    assert kinds(report)["a"] is Kind.SAME
    assert all(len(each.replies) == 2 for group in report.groups for each in group.queries)


def test_what_differs_between_two_replies_of_the_same_code_is_noise() -> None:
    count = itertools.count()
    said: list[str] = []

    def old(query: str) -> str:
        return f"call {next(count)}" if "count" in query else "4"

    def new(query: str) -> str:
        said.append(query)
        # An error that comes once is nobody's regression either.
        if query == "once" and said.count(query) == 1:
            raise ValueError(query)
        return "4"

    with release(old) as baseline, release(new) as candidate:
        report = replayed(order(baseline, candidate, ["count", "once", "x"]))
    assert kinds(report) == {"count": Kind.NOISE, "once": Kind.NOISE, "x": Kind.SAME}
    assert report.result is Result.SAME
    assert said == ["count", "once", "x", "once"]


@pytest.mark.parametrize(
    ("statuses", "expected", "result"),
    [
        # Limited, then an error that comes once: nobody's regression.
        (("429 Too Many Requests", "500 Oops", "200 OK"), Kind.NOISE, Result.SAME),
        (("429 Too Many Requests", "500 Oops", "500 Oops"), Kind.ERROR, Result.DIFFERENT),
        (("429 Too Many Requests", "200 OK"), Kind.SAME, Result.SAME),
    ],
)
def test_a_difference_at_the_second_look_has_to_show_at_a_third_one(
    statuses: tuple[str, ...], expected: Kind, result: Result
) -> None:
    left = iter(statuses)

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            connection.sendall(reply(b"x", status=next(left) if b"/api" in head else "200 OK"))

    with release(lambda _: "x") as baseline, raw_server(handle) as candidate:
        report = replayed(order(baseline, candidate.url, ["one"]))
    assert (kinds(report), report.result) == ({"one": expected}, result)
    assert next(left, None) is None


def test_a_baseline_that_is_down_tells_nothing() -> None:
    with release(str) as candidate:
        report = replayed(order(f"http://127.0.0.1:{free_port()}", candidate, MANY))
    assert (report.result, report.asked) == (Result.UNTOLD, 0)
    assert report.stopped is not None
    assert report.stopped.by is Name.BASELINE
    assert "connection refused" in report.stopped.reason


def test_a_candidate_that_is_down_is_the_difference() -> None:
    with release(str) as baseline:
        report = replayed(order(baseline, f"http://127.0.0.1:{free_port()}", MANY))
    assert (report.result, report.asked) == (Result.DIFFERENT, 0)
    assert report.stopped is not None
    assert report.stopped.by is Name.CANDIDATE


def test_a_candidate_behind_a_login_tells_nothing() -> None:
    with (
        release(str) as baseline,
        raw_server(always(reply(b"Log in", status="401 Unauthorized"))) as candidate,
    ):
        report = replayed(order(baseline, candidate.url, MANY))
    assert report.result is Result.UNTOLD
    assert report.stopped is not None
    assert report.stopped.by is None
    assert "candidate: the app answered with status 401" in report.stopped.reason


@contextmanager
def ending(after: int, answer: bytes = b"") -> Iterator[str]:
    """An app that replies `x` so often, and then `answer`, or not at all; its URL."""
    left = itertools.count(after, -1)
    lock = threading.Lock()

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            with lock:
                goes_on = next(left) > 0
            if not (goes_on or answer):
                return
            connection.sendall(reply(b"x") if goes_on else answer)

    with raw_server(handle) as server:
        yield server.url


@pytest.mark.parametrize(
    ("answer", "words"),
    [(b"", "closed"), (reply(b"", status="502 Bad Gateway"), "status 502")],
)
def test_a_baseline_that_goes_away_is_not_held_against_the_candidate(
    answer: bytes, words: str
) -> None:
    with ending(20, answer) as baseline, release(lambda _: "x") as candidate:
        report = replayed(order(baseline, candidate, MANY))
    assert report.result is Result.UNTOLD
    assert report.stopped is not None
    assert report.stopped.by is Name.BASELINE
    assert words in report.stopped.reason
    assert 0 < report.asked < 20


def test_a_candidate_that_goes_away_is_the_difference() -> None:
    with release(lambda _: "x") as baseline, ending(10) as candidate:
        report = replayed(order(baseline, candidate, MANY))
    assert report.result is Result.DIFFERENT
    assert report.stopped is not None
    assert report.stopped.by is Name.CANDIDATE
    assert len(report.of(Kind.ERROR).queries) == 5


def test_errors_of_an_app_that_is_there_are_replies_like_others() -> None:
    looks: list[bytes] = []

    def broken(connection: socket.socket) -> None:
        while head := read_request(connection):
            if b"/api" not in head:
                looks.append(head)
                connection.sendall(reply(b'{"commit": null}', "Content-Type: application/json"))
            else:
                connection.sendall(reply(b"a bug", status="500 Internal Server Error"))

    with raw_server(broken) as server:
        report = replayed(order(server.url, server.url, MANY))
    assert (report.result, report.asked) == (Result.SAME, len(MANY))
    # Whether it is still there is looked at now and then, and not after each error.
    assert len(looks) == 2 * (1 + len(MANY) // 5)


def test_queries_that_hang_end_it_before_they_take_for_ever() -> None:
    limits = Limits(timeout=0.2, wake_timeout=1.0, allow_private=True)

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            if b"/api" in head:
                hang(connection)
            connection.sendall(reply(b'{"commit": null}', "Content-Type: application/json"))

    with release(str) as baseline, raw_server(handle) as candidate:
        report = replayed(order(baseline, candidate.url, MANY, limits))
    assert report.result is Result.DIFFERENT
    assert report.stopped == Stopped(Name.CANDIDATE, "candidate: 20 replies never came")
    assert report.asked == 20


def test_a_platform_that_limits_the_rate_tells_nothing() -> None:
    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            limited = b"/api" in head
            status = "429 Too Many Requests" if limited else "200 OK"
            connection.sendall(reply(b'{"commit": null}', status=status))

    with release(str) as baseline, raw_server(handle) as candidate:
        report = replayed(order(baseline, candidate.url, MANY))
    assert (report.result, report.asked) == (Result.UNTOLD, 5)
    assert report.stopped is not None
    assert report.stopped.by is None
    assert "asked too often" in report.stopped.reason


def test_nothing_is_called_the_same_that_was_not_told() -> None:
    def limited(connection: socket.socket) -> None:
        while head := read_request(connection):
            status = "429 Too Many Requests" if b"q=one" in head else "200 OK"
            connection.sendall(reply(b"x", status=status))

    with release(lambda _: "x") as baseline, raw_server(limited) as candidate:
        report = replayed(order(baseline, candidate.url, ["two", "one", "three"]))
    assert (report.result, report.asked, report.stopped) == (Result.UNTOLD, 3, None)
    assert kinds(report)["one"] is Kind.UNTOLD


def test_what_was_seen_before_an_end_by_hand_is_no_result() -> None:
    with release(str) as baseline, release(str) as candidate:
        report = Report(order(baseline, candidate, MANY))
        for event in replay(report.order):
            report.add(event)
            if report.asked == 3:
                break
    assert (report.result, report.stopped) == (Result.UNTOLD, None)


def test_neither_gets_more_requests_than_allowed() -> None:
    times: list[float] = []

    def old(query: str) -> str:
        times.append(time.monotonic())
        return query

    rate = 40
    with release(old) as baseline, release(str) as candidate:
        replayed(order(baseline, candidate, MANY[:8], rate=rate))
    # The rate is an upper limit: a busy machine can only make it slower.
    assert times[-1] - times[0] >= (len(times) - 1) / rate - 0.03


def test_only_what_is_not_sure_is_asked_again() -> None:
    with release(str) as baseline, release(lambda query: "5" * (query == "b")) as candidate:
        of = order(baseline, candidate, ["b", "c", ""])
        again = [event for event in replay(of) if isinstance(event, AskingAgain)]
    assert again == [AskingAgain(2)]
