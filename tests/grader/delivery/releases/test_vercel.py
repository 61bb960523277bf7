"""Vercel's releases, against a server with the documented shapes."""

import pytest

from grader.delivery.releases import vercel
from grader.delivery.releases.http import RefusedError
from grader.delivery.releases.pace import Pace
from grader.delivery.releases.platform import (
    OutcomeUnknownError,
    PlatformError,
    PlatformRelease,
    live_release,
    previous_release,
)
from tests.grader.delivery.releases.fake_vercel import FakeVercel
from tests.grader.delivery.releases.fakes import IMPATIENT, QUICK, A, B, C, at, error, served


def project(pace: Pace = QUICK) -> vercel.Vercel:
    return vercel.connect("quiz", pace=pace)


def by_commit(platform: vercel.Vercel, commit: str) -> PlatformRelease:
    return next(each for each in platform.releases(20) if each.commit == commit)


def test_releases_are_listed_with_their_state(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(FakeVercel(), monkeypatch):
        failed, staged, live, old = project().releases(20)
    assert (live.commit, live.live, live.can_roll_back) == (B, True, False)
    assert (old.commit, old.live, old.can_roll_back, old.staged) == (A, False, True, False)
    assert (staged.commit, staged.staged, staged.live) == (C, True, False)
    assert (staged.url, staged.live_at) == ("https://quiz-c-team.vercel.app", None)
    assert (failed.live_at, failed.staged, failed.can_roll_back) == (None, False, False)
    assert [each.words for each in (failed, staged, live, old)] == [
        "error: Break the build",
        "staged: Answer powers",
        "live: Answer products",
        "promoted: Answer sums",
    ]
    assert (live.created_at, live.live_at) == (at(1), at(1.02))


def test_what_is_served_counts_and_not_what_the_project_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served(FakeVercel(live="dpl_A", told_live="dpl_B"), monkeypatch):
        live = live_release(project().releases(20))
    assert live is not None
    assert live.commit == A
    # Without a domain of its own there is nothing but what the project says.
    with served(FakeVercel(live="dpl_A", told_live="dpl_B", domains=()), monkeypatch):
        live = live_release(project().releases(20))
    assert live is not None
    assert live.commit == B


def test_pages_are_read_until_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [
        FakeVercel.deployment(f"dpl_{number:03d}", A, number, "PROMOTED", "")
        for number in range(250)
    ]
    fake = FakeVercel(deployments=many, live="dpl_249")
    with served(fake, monkeypatch):
        releases = project().releases(220)
    assert [each.id for each in releases] == [f"dpl_{n:03d}" for n in range(249, 29, -1)]
    assert sum("/v7/deployments" in asked for asked in fake.requests) == 3


@pytest.mark.parametrize("status", [201, 202])
def test_a_staged_release_is_promoted(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    fake = FakeVercel(promoted_with=status, pinned=True)
    with served(fake, monkeypatch):
        platform = project()
        platform.promote(by_commit(platform, C))
        assert fake.orders() == ["POST /v10/projects/prj_1/promote/dpl_C"]
        live = live_release(platform.releases(20))
    assert live is not None
    assert live.commit == C
    assert not fake.pinned


def test_what_was_promoted_is_live_since_then(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVercel()
    with served(fake, monkeypatch):
        platform = project()
        platform.promote(by_commit(platform, C))
        live = live_release(platform.releases(20))
        assert live is not None
        assert live.live_at == at(100)
        platform.roll_back(by_commit(platform, B))
        restored = live_release(platform.releases(20))
    assert restored is not None
    assert restored.live_at == at(1.02)


def test_a_release_is_rolled_back_and_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVercel(plan="free")
    with served(fake, monkeypatch):
        platform = project()
        target = previous_release(platform.releases(20))
        assert target is not None
        assert target.commit == A
        platform.roll_back(target)
    (order,) = fake.orders()
    assert order.startswith("POST /v1/projects/prj_1/rollback/dpl_A?description=")
    assert (fake.live, fake.pinned) == ("dpl_A", True)


def test_promoting_what_is_live_already_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVercel()
    with served(fake, monkeypatch):
        platform = project()
        platform.promote(by_commit(platform, B))
        # Another conflict stays one.
        told = {"error": {"code": "conflict", "message": "Another request is in progress"}}
        fake.fail("POST", "/promote/", error(409, told))
        with pytest.raises(RefusedError, match="Another request is in progress"):
            platform.promote(by_commit(platform, C))
    assert fake.live == "dpl_B"


@pytest.mark.parametrize("status", [402, 403])
def test_the_free_plan_goes_one_step_back_only(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    oldest = FakeVercel.deployment("dpl_0", "0" * 40, -1, "PROMOTED", "Start")
    fake = FakeVercel(plan="free")
    fake.deployments.insert(0, oldest)
    if status == 403:
        fake.fail("POST", "/rollback/", error(403, {"error": {"message": "Not on this plan"}}))
    with served(fake, monkeypatch):
        platform = project()
        with pytest.raises(RefusedError, match="previous production deployment only") as caught:
            platform.roll_back(by_commit(platform, "0" * 40))
    assert caught.value.status == status
    assert fake.live == "dpl_B"


def test_a_promotion_that_fails_names_the_domains(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(FakeVercel(ends="failed"), monkeypatch):
        platform = project()
        with pytest.raises(PlatformError, match=r"these domains to it: quiz\.example\.org") as seen:
            platform.promote(by_commit(platform, C))
    assert not isinstance(seen.value, OutcomeUnknownError)


def test_one_that_is_skipped_has_failed_unless_it_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(FakeVercel(ends="skipped"), monkeypatch):
        platform = project()
        with pytest.raises(PlatformError, match="Vercel skipped it"):
            platform.promote(by_commit(platform, C))


def test_one_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(FakeVercel(ends=None), monkeypatch):
        platform = project(IMPATIENT)
        with pytest.raises(OutcomeUnknownError, match=r"not finished after 0.3 s.*in-progress"):
            platform.promote(by_commit(platform, C))


def test_a_fault_while_it_is_followed_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVercel()
    with served(fake, monkeypatch):
        platform = project()
        staged = by_commit(platform, C)
        seen = len(fake.requests)
        # The second time that it is looked at, for as long as it is repeated.
        fake.fail("GET", "/v9/projects/quiz", lambda: fake.project("quiz"), times=2)
        fake.fail("GET", "/v9/projects/quiz", error(400, {"error": {"message": "Odd"}}))
        platform.promote(staged)
    assert fake.live == "dpl_C"
    assert seen < len(fake.requests)


def test_somebody_elses_request_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVercel()

    def overtaken() -> tuple[str, int]:
        fake._begin("promote", "dpl_A")
        return "", 201

    fake.fail("POST", "/promote/", overtaken)
    with served(fake, monkeypatch):
        platform = project()
        with pytest.raises(PlatformError, match="somebody else had Vercel point to dpl_A"):
            platform.promote(by_commit(platform, C))


def test_an_older_request_is_not_taken_for_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    # C was promoted once before, and for some looks the project tells of that alone.
    old = {"toDeploymentId": "dpl_C", "jobStatus": "succeeded", "type": "promote"}
    fake = FakeVercel(
        alias_request={**old, "fromDeploymentId": "dpl_A", "requestedAt": 1}, unseen=3
    )
    with served(fake, monkeypatch):
        platform = project()
        platform.promote(by_commit(platform, C))
    assert fake.live == "dpl_C"


def test_rolling_releases_are_left_to_the_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVercel()
    rolling = {"id": "prj_1", "rollingRelease": {"stages": []}, "targets": {}}
    with served(fake, monkeypatch):
        platform = project()
        staged = by_commit(platform, C)
        fake.fail("GET", "/v9/projects/quiz", lambda: rolling)
        with pytest.raises(PlatformError, match="rolling releases"):
            platform.promote(staged)
    assert fake.orders() == []


@pytest.mark.parametrize(("team", "sent"), [("team_1", "teamId=team_1"), ("acme", "slug=acme")])
def test_the_team_is_named_in_every_request(
    monkeypatch: pytest.MonkeyPatch, team: str, sent: str
) -> None:
    fake = FakeVercel()
    monkeypatch.setenv("VERCEL_TEAM", team)
    with served(fake, monkeypatch):
        platform = project()
        platform.promote(by_commit(platform, C))
    assert all(sent in asked for asked in fake.requests)


def test_what_a_stranger_wrote_stays_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = FakeVercel.deployment(
        "dpl_B", "not a commit", 1, "PROMOTED", "\x1b[2Jwiped\u202e" * 50, url="evil.org/\x1b[2J"
    )
    fake = FakeVercel(deployments=[hostile])
    with served(fake, monkeypatch):
        (release,) = project().releases(20)
    assert release.words.isprintable()
    assert len(release.words) < 100
    assert (release.commit, release.url) == (None, "")


def test_no_id_leads_out_of_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVercel(deployments=[FakeVercel.deployment("dpl_B", B, 1, "PROMOTED", "")])
    with served(fake, monkeypatch):
        fake.deployments[0]["uid"] = "../../v1/evil"
        with pytest.raises(PlatformError, match=r"deployments\.0\.uid"):
            project().releases(20)
    for name in ("../evil", "a/b", "a?b", "", "..", "\x1b[2J"):
        with pytest.raises(PlatformError, match="no name of a project"):
            vercel.connect(name)
