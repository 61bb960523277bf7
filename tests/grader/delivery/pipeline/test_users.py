import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from grader.delivery.pipeline.users import Users, users
from grader.model import NumberKey, Question
from tests.servers import free_port, serve, wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

QUESTION = Question("addition", "What is 3 plus 4?", NumberKey(7), 10)


def behind_proxy(status: str, text: str, *, served_by: str = "127.0.0.1:5") -> "WSGIApplication":
    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        assert parse_qs(environ["QUERY_STRING"]) == {"q": [QUESTION.query]}
        headers = [("Content-Type", "text/plain")]
        start_response(status, headers + [("X-Served-By", served_by)] * bool(served_by))
        return [text.encode()]

    return answer


@pytest.fixture
def asked_of() -> Callable[[int], Users]:
    def ask(port: int) -> Users:
        asking = Users(port, [QUESTION], began=0.0)
        asking.releases = {5: "abc1234"}
        with users(asking):
            wait_until(lambda: asking.counts(0.0)[0] >= 3)
        return asking

    return ask


@pytest.mark.parametrize(
    ("app", "right", "lost", "told"),
    [
        (behind_proxy("200 OK", "7"), True, False, True),
        (behind_proxy("200 OK", "8"), False, False, True),
        (behind_proxy("500 Internal Server Error", "7"), False, False, True),
        (behind_proxy("502 Bad Gateway", "", served_by=""), False, True, False),
    ],
    ids=["right", "wrong", "error of the app", "error of the proxy"],
)
def test_what_users_meet_is_counted(
    asked_of: Callable[[int], Users],
    app: "WSGIApplication",
    right: bool,
    lost: bool,
    told: bool,
) -> None:
    with serve(app) as url:
        asking = asked_of(int(url.rpartition(":")[2]))
    asked, are_right, are_lost = asking.counts(0.0)
    assert (are_right, are_lost) == (asked * right, asked * lost)
    seconds = list(asking.seconds())
    assert sum(each.asked for each in seconds) == asked
    assert sum(each.releases.get("abc1234", 0) for each in seconds) == asked * told
    assert asking.counts(seconds[-1].at + 1) == (0, 0, 0)


def test_a_closed_port_loses_requests(asked_of: Callable[[int], Users]) -> None:
    asked, right, lost = asked_of(free_port()).counts(0.0)
    assert (right, lost) == (0, asked)


def test_users_stop_with_the_context(asked_of: Callable[[int], Users]) -> None:
    before = threading.active_count()
    asked_of(free_port())
    assert threading.active_count() == before
