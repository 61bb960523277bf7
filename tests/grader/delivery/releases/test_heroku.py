"""Heroku's releases, against a server with the documented shapes."""

import pytest

from grader.delivery.releases import heroku
from grader.delivery.releases.http import RefusedError
from grader.delivery.releases.pace import Pace
from grader.delivery.releases.platform import (
    OutcomeUnknownError,
    PlatformError,
    PlatformRelease,
    live_release,
    previous_release,
)
from tests.grader.delivery.releases.fake_heroku import FakeHeroku, uuid
from tests.grader.delivery.releases.fakes import IMPATIENT, QUICK, A, B, C, served


def app(pace: Pace = QUICK, staging: str = "quiz-staging") -> heroku.Heroku:
    return heroku.connect("quiz", staging=staging, pace=pace)


def by_commit(platform: heroku.Heroku, commit: str) -> PlatformRelease:
    return next(each for each in platform.releases(20) if each.commit == commit)


def test_releases_are_listed_with_the_commits_of_their_slugs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served(FakeHeroku(), monkeypatch):
        staged, live, old, first = app().releases(20)
    assert [each.commit for each in (staged, live, old, first)] == [C, B, A, None]
    assert [each.words for each in (staged, live, old, first)] == [
        "live on staging: v7, Deploy cccccccc",
        "live: v3, Deploy bbbbbbbb",
        "succeeded: v2, Deploy aaaaaaaa",
        "succeeded: v1, Initial release",
    ]
    assert [each.live for each in (staged, live, old, first)] == [False, True, False, False]
    assert [each.can_roll_back for each in (staged, live, old, first)] == [
        False,
        False,
        True,
        False,
    ]
    assert staged.staged


def test_the_newest_are_asked_for_and_each_slug_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeHeroku()
    fake.apps["quiz"].append(FakeHeroku.made(4, uuid(202), 3, "Set GREETING config vars"))
    with served(fake, monkeypatch):
        platform = app(staging="")
        assert [each.id for each in platform.releases(2)] == [uuid(4), uuid(3)]
        platform.releases(2)
    assert sum("/slugs/" in asked for asked in fake.requests) == 1


def test_the_code_before_is_the_one_to_go_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeHeroku()
    fake.apps["quiz"][-1]["current"] = False
    fake.apps["quiz"].append(FakeHeroku.made(4, uuid(202), 3, "Set X config vars", current=True))
    with served(fake, monkeypatch):
        target = previous_release(app(staging="").releases(20))
    assert target is not None
    assert target.commit == A


def test_a_slug_that_has_expired_has_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeHeroku()
    del fake.slugs[uuid(201)]
    fake.slugs[uuid(202)] = None
    with served(fake, monkeypatch):
        commits = [each.commit for each in app(staging="").releases(20)]
    assert commits == [None, None, None]


def test_a_release_is_rolled_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeHeroku()
    with served(fake, monkeypatch):
        platform = app()
        platform.roll_back(by_commit(platform, A))
        live = live_release(platform.releases(20))
    assert fake.orders() == ["POST /apps/quiz/releases"]
    assert fake.order() == {"release": uuid(2)}
    assert live is not None
    assert (live.commit, live.is_rollback, live.words) == (A, True, "live: v4, Rollback to v2")


def test_a_staged_slug_is_promoted_as_it_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeHeroku()
    with served(fake, monkeypatch):
        platform = app()
        platform.promote(by_commit(platform, C))
        live = live_release(platform.releases(20))
    assert fake.order() == {
        "pipeline": {"id": uuid(900)},
        "source": {"app": {"id": uuid(501)}, "release": {"id": uuid(7)}},
        "targets": [{"app": {"id": uuid(500)}}],
    }
    assert live is not None
    assert live.commit == C


def test_without_a_pipeline_nothing_is_promoted(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeHeroku()
    with served(fake, monkeypatch):
        staged = by_commit(app(), C)
        with pytest.raises(PlatformError, match="name it with --staging"):
            app(staging="").promote(staged)
        fake.pipelines["quiz"] = uuid(901)
        with pytest.raises(PlatformError, match="are in different pipelines"):
            app().promote(staged)
        del fake.pipelines["quiz"]
        with pytest.raises(RefusedError, match="Is the app quiz in a pipeline"):
            app().promote(staged)
    assert fake.orders() == []


def test_a_failure_is_told_with_herokus_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(FakeHeroku(ends="failed"), monkeypatch):
        platform = app()
        with pytest.raises(PlatformError, match="failed: Release command failed"):
            platform.promote(by_commit(platform, C))
        with pytest.raises(PlatformError, match="failed: it is failed, says Heroku"):
            platform.roll_back(by_commit(platform, A))
        with pytest.raises(RefusedError, match="Cannot roll back to that release"):
            platform.roll_back(platform.releases(20)[-1])


def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(FakeHeroku(ends=None), monkeypatch):
        platform = app(IMPATIENT)
        with pytest.raises(OutcomeUnknownError, match="it is pending"):
            platform.roll_back(by_commit(platform, A))
        with pytest.raises(OutcomeUnknownError, match="Heroku has not finished it"):
            platform.promote(by_commit(platform, C))


def test_an_order_that_nobody_can_follow_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeHeroku()
    fake.fail("POST", "/releases", lambda: ("<p>Created</p>", 201))
    with served(fake, monkeypatch):
        platform = app()
        with pytest.raises(OutcomeUnknownError, match="took the order"):
            platform.roll_back(by_commit(platform, A))
