"""What every platform may do to us, through its own adapter."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from flask.typing import ResponseReturnValue

from grader.delivery.releases import heroku, render, vercel
from grader.delivery.releases.http import RefusedError
from grader.delivery.releases.pace import Pace
from grader.delivery.releases.platform import OutcomeUnknownError, Platform, PlatformError
from tests.grader.delivery.releases.fake_heroku import FakeHeroku
from tests.grader.delivery.releases.fake_render import FakeRender
from tests.grader.delivery.releases.fake_vercel import FakeVercel
from tests.grader.delivery.releases.fakes import A, Fake, error, served


class Case(NamedTuple):
    """A platform, and how it says that it was asked too often."""

    fake: type[Fake]
    connect: Callable[[Pace], Platform]
    limited: Callable[[], ResponseReturnValue]


LIMIT = {"remaining": 0, "reset": 7, "resetMs": 7000, "total": 500}
CASES = {
    "vercel": Case(
        FakeVercel,
        lambda pace: vercel.connect("quiz", pace=pace),
        error(429, {"error": {"code": "rate_limited", "message": "Slow down", "limit": LIMIT}}),
    ),
    "render": Case(
        FakeRender,
        lambda pace: render.connect("srv-quiz", pace=pace),
        error(
            429,
            {"id": "req-9", "message": "rate limit exceeded"},
            Ratelimit_Limit="400",
            Ratelimit_Remaining="0",
            Ratelimit_Reset="7",
        ),
    ),
    "heroku": Case(
        FakeHeroku,
        lambda pace: heroku.connect("quiz", pace=pace),
        error(429, {"id": "rate_limit", "message": "Slow down"}, RateLimit_Remaining="0"),
    ),
}
EVERY = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def quick(waits: list[float]) -> Pace:
    return Pace(request=5, call=60, action=5, between=0.01, sleep=waits.append)


@EVERY
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_its_rate_limit_is_waited_out(
    monkeypatch: pytest.MonkeyPatch, case: Case, method: str
) -> None:
    waits: list[float] = []
    fake = case.fake()
    with served(fake, monkeypatch):
        platform = case.connect(quick(waits))
        target = next(each for each in platform.releases(20) if each.commit == A)
        fake.fail(method, "/", case.limited)
        platform.roll_back(target)
    assert fake.release["commit"] == A
    # Heroku does not say how long: then a little longer each time.
    assert max(waits) == pytest.approx(0.5 if case.fake is FakeHeroku else 7, abs=0.1)


@EVERY
def test_a_limit_that_stays_is_told(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    fake = case.fake()
    fake.fail("GET", "/", error(429, {"message": "Enough for today"}, Retry_After="7200"), times=9)
    with served(fake, monkeypatch), pytest.raises(RefusedError, match="Try again in 3 hours"):
        case.connect(quick([])).releases(20)
    assert len(fake.requests) == 1


@EVERY
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html>Bad gateway</html>", "form that grader does not know"),
        ('{"a": 1', "form that grader does not know"),
        ("[" * 50_000, "form that grader does not know"),
        ("[null]", "form that grader does not know"),
        ("[" + " " * 5_000_000 + "]", "more than 4,194,304 bytes"),
    ],
    ids=["page", "half", "deep", "null", "huge"],
)
def test_its_reply_may_be_anything(
    monkeypatch: pytest.MonkeyPatch, case: Case, body: str, words: str
) -> None:
    fake = case.fake()
    fake.fail("GET", "/", lambda: body, times=9)
    with served(fake, monkeypatch), pytest.raises(PlatformError, match=words):
        case.connect(quick([])).releases(20)


@EVERY
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_its_fault_leaves_an_order_open(
    monkeypatch: pytest.MonkeyPatch, case: Case, status: int
) -> None:
    fake = case.fake()
    fake.fail("POST", "/", error(status, {"message": "oops"}), times=9)
    with served(fake, monkeypatch):
        platform = case.connect(quick([]))
        target = next(each for each in platform.releases(20) if each.commit == A)
        with pytest.raises(OutcomeUnknownError, match=rf"status {status}"):
            platform.roll_back(target)
    assert sum(asked.startswith("POST") for asked in fake.requests) == 1
