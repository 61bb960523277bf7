"""What a look at /healthz says of the commit that is waited for."""

from datetime import UTC, datetime

import pytest

from grader.model import Reply
from grader.outcomes import Outcome
from grader.waiting import Standing, read

URL = "https://app.example.org/healthz"
AT = datetime(2026, 9, 1, tzinfo=UTC)
WANTED = "abcdef1234567890"


def healthz(text: str = "", status: int = 200, failure: Outcome | None = None) -> Reply:
    return Reply(URL, AT, status=status, text=text, failure=failure, detail="said so")


@pytest.mark.parametrize(
    ("reply", "standing", "words"),
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
def test_what_healthz_says(reply: Reply, standing: Standing, words: str) -> None:
    look = read(reply, WANTED)
    assert look.standing is standing
    assert words in look.words
