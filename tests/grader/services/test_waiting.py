"""What a look at /healthz says of the commit that is waited for."""

import socket
from datetime import UTC, datetime

import pytest

from grader.model import Limits, Reply
from grader.outcomes import Outcome
from grader.services.waiting import Standing, read, wait_for
from tests.grader.apps import job
from tests.grader.probes.raw import raw_server, read_request, reply

URL = "https://app.example.org/healthz"
AT = datetime(2026, 9, 1, tzinfo=UTC)
WANTED = "abcdef1234567890"


def healthz(text: str = "", status: int = 200, failure: Outcome | None = None) -> Reply:
    return Reply(URL, AT, status=status, text=text, failure=failure, detail="said so")


@pytest.mark.parametrize(
    ("came", "standing", "words"),
    [
        (healthz('{"release": {"commit": "abcdef1"}}'), Standing.LIVE, "commit abcdef1 answers"),
        (
            healthz('{"release": {"commit": "abcdef12345678901234"}}'),
            Standing.LIVE,
            "commit abcdef123456 answers",
        ),
        (healthz('{"release": {"commit": "abcdef2"}}'), Standing.OTHER, "commit abcdef2 answers"),
        (healthz('{"release": {"commit": null}}'), Standing.UNTOLD, "knows no commit"),
        (healthz('{"release": {"commit": "main"}}'), Standing.UNTOLD, "knows no commit"),
        (healthz("<p>Starting up ...</p>"), Standing.UNREADABLE, "status 200, and tells no commit"),
        (healthz("Not found", 404), Standing.UNREADABLE, "status 404"),
        (healthz("Log in", 401), Standing.LASTING, "status 401"),
        (healthz("", 503), Standing.AWAY, "status 503"),
        (healthz(failure=Outcome.UNREACHABLE), Standing.AWAY, "said so"),
        (healthz(failure=Outcome.NOT_CHECKED), Standing.OURS, "said so"),
    ],
)
def test_what_healthz_says(came: Reply, standing: Standing, words: str) -> None:
    look = read(came, WANTED)
    assert look.standing is standing
    assert words in look.words


def _looks(answers: list[bytes], wake_timeout: float) -> list[Standing]:
    """What is seen of an app that gives these answers, the last one for ever."""
    left = iter(answers)
    last = answers[-1]

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(next(left, last))

    limits = Limits(timeout=30, wake_timeout=wake_timeout, allow_private=True)
    with raw_server(handle) as server:
        seen = wait_for(job(server.url, limits=limits), WANTED, seconds=60)
        return [look.standing for look in seen]


OLD, NEW = (
    reply(f'{{"release": {{"commit": "{commit}"}}}}'.encode()) for commit in ("0" * 40, WANTED)
)
GONE = reply(b"Not Found", "x-render-routing: no-server", status="404 Not Found")


def test_the_moment_of_a_redeploy_is_waited_out() -> None:
    # Longer than an app that never told a commit would have.
    seen = _looks([OLD, OLD, *[GONE] * 6, NEW], wake_timeout=0.5)
    assert seen == [*[Standing.OTHER] * 2, *[Standing.UNREADABLE] * 6, Standing.LIVE]


def test_what_never_tells_a_commit_is_given_up() -> None:
    seen = _looks([GONE], wake_timeout=0.5)
    assert set(seen) == {Standing.UNREADABLE}
    assert len(seen) < 6
