"""The one interface: which release is live, and which is the one to go back to."""

import pytest

from grader.delivery.releases.platform import (
    NAMES,
    PlatformError,
    PlatformRelease,
    is_commit,
    live_release,
    next_release,
    platform_named,
    previous_release,
)
from tests.grader.delivery.releases.fakes import TOKEN, A, B, C, D
from tests.grader.delivery.releases.made import release


@pytest.mark.parametrize(
    ("newest_first", "expected"),
    [
        ([release(B, 1, live=True), release(A, 0)], "r0"),
        # What is newer than the live one, or was never live, is none to go back to.
        ([release(C, 2, staged=True, can_roll_back=False), release(B, 1, live=True)], None),
        (
            [
                release(C, 2, live=True),
                release(B, 1, can_roll_back=False, live_at=None),
                release(A, 0),
            ],
            "r0",
        ),
        # A change of settings made a release of the same code.
        ([release(B, 2, live=True), release(B, 1), release(A, 0)], "r0"),
        # After a rollback to A, B is not to come back.
        (
            [
                release(A, 3, live=True, is_rollback=True),
                release(B, 2),
                release(A, 1),
                release(D, 0),
            ],
            "r0",
        ),
        ([release(A, 2, live=True, is_rollback=True), release(B, 1), release(A, 0)], None),
        # The same code once more, deployed on purpose.
        ([release(A, 2, live=True), release(B, 1), release(A, 0)], "r1"),
        # Vercel makes no release for a rollback: an older one is live.
        ([release(C, 2), release(B, 1, live=True), release(A, 0)], "r0"),
        ([release(None, 1, live=True), release(None, 0)], "r0"),
        ([release(B, 1), release(A, 0)], None),
        ([], None),
    ],
)
def test_the_one_to_go_back_to(newest_first: list[PlatformRelease], expected: str | None) -> None:
    found = previous_release(tuple(newest_first))
    assert (found.id if found else None) == expected


@pytest.mark.parametrize("commit", [None, A])
def test_after_a_rollback_to_nobody_knows_what_none_is_chosen(commit: str | None) -> None:
    """The next one back may be the one that was left."""
    live = release(commit, 3, live=True, is_rollback=True)
    with pytest.raises(PlatformError, match="name the one you want: --release ID"):
        previous_release((live, release(B, 2), release(None, 1)))
    assert previous_release((live,)) is None


@pytest.mark.parametrize(
    ("newest_first", "expected"),
    [
        ([release(D, 3, staged=True), release(C, 2, staged=True), release(B, 1, live=True)], "r3"),
        # C has waited since before D was made: users would get older code.
        ([release(D, 3, live=True), release(C, 2, staged=True)], None),
        ([release(C, 2, staged=True)], "r2"),
        ([release(B, 1, live=True)], None),
        ([], None),
    ],
)
def test_the_one_to_promote(newest_first: list[PlatformRelease], expected: str | None) -> None:
    found = next_release(newest_first)
    assert (found.id if found else None) == expected


def test_the_live_one() -> None:
    releases = (release(C, 2), release(B, 1, live=True), release(A, 0))
    assert live_release(releases) == releases[1]
    assert live_release(()) is None


@pytest.mark.parametrize(
    ("known", "asked", "same"),
    [(A, A, True), (A, A[:7], True), (A[:8], A, True), (A, B, False), (None, A, False)],
)
def test_commits_may_be_abbreviated(known: str | None, asked: str, same: bool) -> None:
    assert is_commit(release(known, 0), asked) is same


@pytest.mark.parametrize("name", ["vercel", "render", "heroku"])
def test_a_platform_is_made_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for token in ("VERCEL_TOKEN", "RENDER_API_KEY", "HEROKU_API_KEY"):
        monkeypatch.setenv(token, TOKEN)
    platform = platform_named(name, "quiz")
    assert platform.name == name
    assert name in NAMES
    assert TOKEN not in repr(vars(platform)) + repr(platform)


def test_staging_is_no_word_of_vercels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERCEL_TOKEN", TOKEN)
    with pytest.raises(PlatformError, match="leave staging out"):
        platform_named("vercel", "quiz", staging="other")


def test_an_unknown_platform_is_refused() -> None:
    with pytest.raises(PlatformError, match="'skynet' is none of the platforms vercel, render"):
        platform_named("skynet", "quiz")
