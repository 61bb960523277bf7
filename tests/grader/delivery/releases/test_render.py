"""Render's releases, against a server with the documented shapes."""

import pytest

from grader.delivery.releases import render
from grader.delivery.releases.http import RefusedError
from grader.delivery.releases.pace import Pace
from grader.delivery.releases.platform import (
    OutcomeUnknownError,
    PlatformError,
    PlatformRelease,
    previous_release,
)
from tests.grader.delivery.releases.fake_render import FakeRender
from tests.grader.delivery.releases.fakes import IMPATIENT, QUICK, A, B, C, D, at, error, served


def service(pace: Pace = QUICK, staging: str = "srv-staging") -> render.Render:
    return render.connect("srv-quiz", staging=staging, pace=pace)


def by_commit(platform: render.Render, commit: str) -> PlatformRelease:
    return next(each for each in platform.releases(20) if each.commit == commit)


def test_deploys_are_listed_with_what_waits_on_staging(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(FakeRender(), monkeypatch):
        failed, staged, live, old = service().releases(20)
    assert [each.commit for each in (failed, staged, live, old)] == [D, C, B, A]
    assert [each.words for each in (failed, staged, live, old)] == [
        "build failed: Break the build",
        "live on staging: Answer powers",
        "live: Answer products",
        "deactivated: Answer sums",
    ]
    assert [each.live for each in (failed, staged, live, old)] == [False, False, True, False]
    assert [each.staged for each in (failed, staged, live, old)] == [False, True, False, False]
    assert [each.can_roll_back for each in (failed, staged, live, old)] == [
        *[False] * 3,
        True,
    ]
    assert (live.created_at, live.live_at, live.committed_at) == (at(1), at(1.05), at(0.5))
    assert failed.live_at is None


def test_what_is_live_already_does_not_wait_on_staging(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRender()
    fake.deploys["srv-staging"][0]["commit"]["id"] = B
    with served(fake, monkeypatch):
        assert not any(each.staged for each in service().releases(20))


def test_pages_are_read_until_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRender()
    fake.deploys["srv-quiz"] = [
        FakeRender.deploy(f"dep-{number}", A, number, "deactivated", "")
        for number in reversed(range(250))
    ]
    with served(fake, monkeypatch):
        releases = service(staging="").releases(220)
    assert [each.id for each in releases] == [f"dep-{number}" for number in range(249, 29, -1)]
    assert len(fake.requests) == 3


@pytest.mark.parametrize("queues", [False, True])
def test_a_commit_is_promoted(monkeypatch: pytest.MonkeyPatch, queues: bool) -> None:
    fake = FakeRender(queues=queues)
    with served(fake, monkeypatch):
        platform = service()
        platform.promote(by_commit(platform, C))
    assert fake.orders() == ["POST /v1/services/srv-quiz/deploys"]
    assert fake.order() == {"commitId": C}
    assert fake.release["commit"] == C


def test_somebody_elses_deploy_is_not_taken_for_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRender()

    def queued() -> tuple[str, int]:
        fake._new("srv-quiz", C, "api")
        pushed = FakeRender.deploy("dep-E", "e" * 40, 11, "build_failed", "Pushed meanwhile")
        fake.deploys["srv-quiz"].insert(0, pushed)
        return "", 202

    fake.fail("POST", "/deploys", queued)
    with served(fake, monkeypatch):
        platform = service()
        platform.promote(by_commit(platform, C))
    assert fake.release["commit"] == C


def test_automatic_deploys_end_before_a_rollback(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRender()
    with served(fake, monkeypatch):
        platform = service()
        target = previous_release(platform.releases(20))
        assert target is not None
        platform.roll_back(target)
        newest = platform.releases(20)[0]
        # The next one back would be older than what was restored: there is none.
        assert previous_release(platform.releases(20)) is None
    assert fake.orders() == ["PATCH /v1/services/srv-quiz", "POST /v1/services/srv-quiz/rollback"]
    assert fake.auto_deploy == "no"
    assert (newest.commit, newest.live, newest.is_rollback) == (A, True, True)


def test_a_refused_rollback_says_that_automatic_deploys_are_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = FakeRender()
    fake.fail("POST", "/rollback", error(400, {"id": "r", "message": "image has expired"}))
    with served(fake, monkeypatch):
        platform = service()
        with pytest.raises(RefusedError, match=r"image has expired.*Automatic deploys.*off now"):
            platform.roll_back(by_commit(platform, A))


def test_what_is_known_before_is_read_before_automatic_deploys_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = FakeRender()
    with served(fake, monkeypatch):
        platform = service()
        target = by_commit(platform, A)
        limited = error(429, {"id": "r", "message": "slow down"}, Retry_After="3600")
        fake.fail("GET", "/deploys", limited)
        with pytest.raises(RefusedError, match="nothing was done"):
            platform.roll_back(target)
    assert (fake.orders(), fake.auto_deploy) == ([], "yes")


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "could not be switched off"), (500, "nobody knows whether automatic deploys are off")],
)
def test_if_automatic_deploys_stay_nothing_is_rolled_back(
    monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    fake = FakeRender()
    fake.fail("PATCH", "/services/", error(status, {"id": "r", "message": "no"}))
    with served(fake, monkeypatch):
        platform = service()
        with pytest.raises(PlatformError, match=f"Nothing was rolled back, .*{words}") as seen:
            platform.roll_back(by_commit(platform, A))
    assert not isinstance(seen.value, OutcomeUnknownError)
    assert fake.orders() == ["PATCH /v1/services/srv-quiz"]


@pytest.mark.parametrize("ends", ["build_failed", "canceled", "update_failed", "pre_deploy_failed"])
def test_a_deploy_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    with served(FakeRender(ends=ends), monkeypatch):
        platform = service()
        with pytest.raises(PlatformError, match=f"failed: it is {ends.replace('_', ' ')}") as seen:
            platform.promote(by_commit(platform, C))
    assert not isinstance(seen.value, OutcomeUnknownError)


def test_a_deploy_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(FakeRender(ends=None), monkeypatch):
        platform = service(IMPATIENT)
        with pytest.raises(OutcomeUnknownError, match="it is build in progress"):
            platform.promote(by_commit(platform, C))


def test_a_release_without_a_commit_cannot_be_promoted(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRender()
    del fake.deploys["srv-staging"][0]["commit"]
    with served(fake, monkeypatch):
        platform = service()
        staged = next(each for each in platform.releases(20) if each.staged)
        with pytest.raises(PlatformError, match="tells no commit"):
            platform.promote(staged)
    assert fake.orders() == []
