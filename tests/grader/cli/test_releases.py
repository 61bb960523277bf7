"""`grader releases`: what platforms on loopback have deployed, and the app behind them."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from grader.cli import releases_words
from grader.delivery.releases import pipeline
from grader.delivery.watch import Incident, IncidentEvent, Step, open_history
from grader.delivery.watch.incidents import save
from tests.components import ROOT
from tests.grader.cli.conftest import Grader
from tests.grader.delivery.releases.fake_heroku import FakeHeroku, uuid
from tests.grader.delivery.releases.fake_render import FakeRender
from tests.grader.delivery.releases.fake_vercel import FakeVercel
from tests.grader.delivery.releases.fakes import (
    TOKEN,
    A,
    B,
    C,
    D,
    Fake,
    at,
    deployed,
    error,
    served,
)
from tests.grader.delivery.releases.made import release
from tests.servers import serve, wait_until

ON_VERCEL = ("--platform", "vercel", "--project", "quiz")
ON_RENDER = ("--platform", "render", "--project", "srv-quiz", "--staging", "srv-staging")
ON_HEROKU = ("--platform", "heroku", "--project", "quiz", "--staging", "quiz-staging")
EVERYWHERE = pytest.mark.parametrize(
    ("fake", "where"),
    [(FakeVercel, ON_VERCEL), (FakeRender, ON_RENDER), (FakeHeroku, ON_HEROKU)],
    ids=["vercel", "render", "heroku"],
)


@contextlib.contextmanager
def live(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The platform and its app are served; the app's address."""
    with served(fake, monkeypatch), deployed(fake) as url:
        yield url


def listed(grader: Grader, *where: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        grader("releases", "list", *where, "--format", "json").stdout
    )
    return document


@EVERYWHERE
def test_releases_are_listed(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, fake: type[Fake], where: tuple[str, ...]
) -> None:
    with served(fake(), monkeypatch):
        said = grader("releases", "list", *where).output
        document = listed(grader, *where)
        one = grader("releases", "list", *where, "--limit", 1).output
    assert re.search(rf"^{B[:12]}  .*live", said, re.M)
    assert "can be rolled back to" in said
    assert len(one.splitlines()) in (2, 3)
    assert (document["platform"], document["project"]) == (where[1], where[3])
    keys = ["id", "commit", "created_at", "live_at", "live", "staged", "url", "can_roll_back"]
    assert all(list(each) == [*keys, "words"] for each in document["releases"])
    assert [each["commit"] for each in document["releases"] if each["live"]] == [B]
    assert [each["commit"] for each in document["releases"] if each["staged"]] == [C]
    assert [each["commit"] for each in document["releases"] if each["can_roll_back"]] == [A]


def test_what_else_follows_from_a_rollback_is_said(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fake, where, words in (
        (FakeVercel(), ON_VERCEL, "what you push from now on is staged"),
        (FakeRender(), ON_RENDER, "Automatic deploys are switched off"),
        (FakeHeroku(), ON_HEROKU, "the settings of that release, too"),
    ):
        with live(fake, monkeypatch) as url:
            options = (*where, "--url", url, "--yes")
            assert words in " ".join(grader("releases", "rollback", *options).output.split())
            promoted = grader("releases", "promote", *options, "--commit", C).output
            assert words not in " ".join(promoted.split())


def test_the_platforms_are_those_that_have_an_adapter() -> None:
    from grader.cli.releases_options import PLATFORMS
    from grader.delivery.releases.platform import NAMES

    assert tuple(PLATFORMS) == NAMES


@EVERYWHERE
def test_a_staged_release_is_promoted_and_rolled_back(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, fake: type[Fake], where: tuple[str, ...]
) -> None:
    made = fake()
    with live(made, monkeypatch) as url:
        promoted = grader("releases", "promote", *where, "--url", url, "--yes").output
        assert made.release["commit"] == C
        back = grader("releases", "rollback", *where, "--url", url, "--yes").output
    assert made.release["commit"] == B
    flat = " ".join(promoted.split())
    assert re.search(rf"Promote\. Users get now: {B[:12]} .*They will get: {C[:12]}", flat)
    assert f"Verified: commit {C[:12]} answers at {url}" in promoted
    assert f"Verified: commit {B[:12]} answers at {url}" in back
    assert TOKEN not in promoted + back


def test_a_commit_is_found_where_it_waits_or_is_live(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(FakeVercel(), monkeypatch):
        find = ("releases", "find", *ON_VERCEL, "--commit")
        staged = json.loads(grader(*find, C[:8], "--format", "json").stdout)["release"]
        assert (staged["id"], staged["staged"]) == ("dpl_C", True)
        assert staged["url"] == "https://quiz-c-team.vercel.app"
        assert "https://quiz-c-team.vercel.app" in grader(*find, C).output
        assert json.loads(grader(*find, B, "--format", "json").stdout)["release"]["live"]
        # One that failed to build, one that was live, and one that nobody knows.
        for commit in (D, A, "e" * 40):
            missing = grader(*find, commit, "--format", "json", code=1)
            assert json.loads(missing.stdout)["release"] is None
            assert f"No staged or live release is of commit {commit[:12]}" in missing.stderr


def test_a_release_is_chosen_by_commit_or_id(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = FakeVercel.deployment("dpl_0", "0" * 40, -1, "PROMOTED", "Start")
    fake = FakeVercel()
    fake.deployments.append(older)
    with live(fake, monkeypatch) as url:
        rollback = ("releases", "rollback", *ON_VERCEL, "--url", url, "--yes")
        grader(*rollback, "--commit", "0" * 40)
        assert fake.live == "dpl_0"
        promote = ("releases", "promote", *ON_VERCEL, "--url", url, "--yes")
        grader(*promote, "--release", "dpl_B")
        assert fake.live == "dpl_B"
        said = grader(*rollback, "--commit", D, code=2).output
        assert f"this can be done with is of commit {D[:12]}" in " ".join(said.split())
        # What waits for its promotion was never live, so nobody goes back to it.
        grader(*rollback, "--commit", C, code=2)
        assert "not both" in grader(*rollback, "--commit", A, "--release", "x", code=2).output
    assert fake.live == "dpl_B"


def test_what_is_live_already_is_left_alone(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeVercel()
    with live(fake, monkeypatch) as url:
        promote = ("releases", "promote", *ON_VERCEL, "--url", url, "--commit", B)
        said = grader(*promote).output
    assert "live already. Nothing was changed." in said
    assert "Verified" in said
    assert fake.orders() == []


def test_nothing_staged_and_nothing_earlier_is_said(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = FakeVercel(deployments=[FakeVercel.deployment("dpl_B", B, 1, "PROMOTED", "")])
    with live(only, monkeypatch) as url:
        options = (*ON_VERCEL, "--url", url, "--yes")
        assert "Nothing is staged" in grader("releases", "promote", *options, code=2).output
        said = grader("releases", "rollback", *options, code=2).output
        assert "no earlier release to go back to" in said
    assert only.orders() == []


def test_what_is_staged_and_older_than_the_live_one_has_to_be_named(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeVercel()
    fake.deployments.append(FakeVercel.deployment("dpl_E", "e" * 40, 4, "STAGED", "Answer roots"))
    with live(fake, monkeypatch) as url:
        promote = ("releases", "promote", *ON_VERCEL, "--url", url, "--yes")
        grader(*promote)
        assert fake.live == "dpl_E"
        said = " ".join(grader(*promote, code=2).output.split())
        assert fake.live == "dpl_E"
        grader(*promote, "--commit", C)
    assert "Nothing is staged that is newer than the live release" in said
    assert fake.live == "dpl_C"


def test_after_a_rollback_on_a_platform_that_tells_no_commit_the_next_one_is_named(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeHeroku(slugs={uuid(201): None, uuid(202): None, uuid(203): C})
    with live(fake, monkeypatch) as url:
        rollback = ("releases", "rollback", *ON_HEROKU, "--url", url, "--yes")
        assert "tells no commit" in grader(*rollback, code=3).output
        said = " ".join(grader(*rollback, code=2).output.split())
    assert "name the one you want: --release ID" in said
    assert len(fake.orders()) == 1


def on_a_terminal(url: str, answer: Callable[[], str]) -> tuple[int, str]:
    """Run `promote` in a terminal where somebody answers so; exit code and what was shown."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", "releases", "promote", *ON_VERCEL, "--url", url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown, answered = b"", False
    with contextlib.suppress(OSError):  # the terminal is gone with the process
        while True:
            piece = os.read(ours, 4096)
            if not piece:
                break
            shown += piece
            if b"Go on?" in shown and not answered:
                os.write(ours, f"{answer()}\n".encode())
                answered = True
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize(("typed", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_it_asks_before_it_acts(monkeypatch: pytest.MonkeyPatch, typed: str, code: int) -> None:
    fake = FakeVercel()
    with live(fake, monkeypatch) as url:
        ended, shown = on_a_terminal(url, lambda: typed)
    assert ended == code, shown
    assert shown.index(B[:12]) < shown.index(C[:12]) < shown.index("Go on?")
    assert bool(fake.orders()) is (code == 0)
    assert ("Nothing was changed." in shown) is (code == 1)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_what_changed_during_the_question_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeVercel()

    def answer() -> str:
        fake.live = "dpl_A"  # somebody else rolled back meanwhile
        return "y"

    with live(fake, monkeypatch) as url:
        ended, shown = on_a_terminal(url, answer)
    assert ended == 2, shown
    assert "became live meanwhile" in shown
    assert fake.orders() == []


def test_where_nobody_can_answer_yes_is_needed(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeVercel()
    with live(fake, monkeypatch) as url:
        said = grader("releases", "promote", *ON_VERCEL, "--url", url, code=2).output
    assert "Without asking: --yes" in said
    assert fake.orders() == []


def test_another_commit_at_the_apps_address_is_not_verified(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeVercel()
    with served(fake, monkeypatch), deployed(FakeVercel()) as another:
        promote = ("releases", "promote", *ON_VERCEL, "--url", another, "--yes")
        result = grader(*promote, "--commit-timeout", 0.5, code=1)
    assert fake.live == "dpl_C"
    assert f"Not verified: commit {C[:12]} does not answer at {another}" in result.stderr
    assert f"At last: commit {B[:12]} answers" in result.stderr


@pytest.mark.parametrize("what", ["promote", "rollback"])
def test_the_address_of_another_app_is_found_before_anything_is_done(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    fake, another = FakeVercel(), FakeVercel()
    for told in ("e" * 40, C):  # a commit that nobody knows, and one that only waits
        another.release["commit"] = told
        with served(fake, monkeypatch), deployed(another) as url:
            options = (*ON_VERCEL, "--url", url, "--yes", "--commit-timeout", 0.5)
            result = grader("releases", what, *options, code=2)
        said = " ".join(result.stderr.split())
        assert f"{url} runs commit {told[:12]}, which is not the live release {B[:12]}" in said
        assert "is this the right --url? Nothing was changed." in said
        assert "Users get now" not in result.output
    assert fake.orders() == []


def test_an_app_that_tells_an_earlier_release_is_only_remarked(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeVercel()
    fake.release["commit"] = A
    with live(fake, monkeypatch) as url:
        said = grader("releases", "rollback", *ON_VERCEL, "--url", url, "--yes").output
    assert f"runs commit {A[:12]}, which is not the live release, but an earlier one." in " ".join(
        said.split()
    )
    assert fake.live == "dpl_A"


def test_an_app_that_is_down_or_tells_nothing_hinders_no_rollback(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(Flask(__name__)) as closed:
        pass
    with serve(Flask(__name__)) as mute:
        for url in (closed, mute):
            fake = FakeVercel()
            with served(fake, monkeypatch):
                options = (*ON_VERCEL, "--url", url, "--yes", "--commit-timeout", 0.1)
                grader("releases", "rollback", *options, code=1)
            assert fake.live == "dpl_A"


def test_only_a_pipeline_knows_its_own_address(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GRADER_URL", raising=False)
    fake = FakeVercel()
    with served(fake, monkeypatch), deployed(fake) as url:
        said = grader("releases", "rollback", *ON_VERCEL, "--yes", code=2).output
        assert "Say where the app answers: --url URL" in said
        now = release(B, 0, live=True)
        pipeline.write_releases(tmp_path, url, (replace(now, commit=B),))
        where = ("--platform", "pipeline", "--folder", tmp_path, "--commit", B)
        said = grader("releases", "promote", *where, "--yes").output
    assert f"Verified: commit {B[:12]} answers at {url}" in said


def test_nobody_knows_is_an_exit_code_of_its_own(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeVercel()
    fake.fail("POST", "/promote/", error(502, {"error": {"message": "bad gateway"}}))
    with live(fake, monkeypatch) as url:
        options = (*ON_VERCEL, "--url", url, "--yes")
        said = grader("releases", "promote", *options, code=3).output
    assert "Nobody knows whether it was carried out: Vercel has a fault of its own" in said


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent in another way")
def test_ctrl_c_does_not_stop_the_platform_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = FakeVercel(ends=None)
    with live(fake, monkeypatch) as url:
        promote = ("releases", "promote", *ON_VERCEL, "--url", url, "--yes")
        process = subprocess.Popen(
            [sys.executable, "-m", "grader", *promote],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        wait_until(lambda: fake.alias_request is not None)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "The platform goes on with it: look at grader releases list." in said


def test_a_bad_address_is_found_before_anything_is_done(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeVercel()
    with served(fake, monkeypatch):
        promote = ("releases", "promote", *ON_VERCEL, "--yes", "--url")
        assert "private network" in grader(*promote, "http://10.0.0.1", code=2).output
    assert fake.requests == []


@pytest.mark.parametrize(
    ("fake", "where", "words"),
    [
        (FakeVercel, ("--platform", "vercel", "--project", "other"), "Project not found"),
        (FakeRender, ("--platform", "render", "--project", "srv-x"), "not found: service srv-x"),
        (FakeHeroku, ("--platform", "heroku", "--project", "x"), "Couldn't find that app"),
    ],
)
def test_an_unknown_project_is_said(
    grader: Grader,
    monkeypatch: pytest.MonkeyPatch,
    fake: type[Fake],
    where: tuple[str, ...],
    words: str,
) -> None:
    with served(fake(), monkeypatch):
        said = grader("releases", "list", *where, code=2).output
    assert "refused (status 404)" in said
    assert words in said


@EVERYWHERE
def test_a_wrong_token_is_said_and_not_shown(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, fake: type[Fake], where: tuple[str, ...]
) -> None:
    made = fake()
    with served(made, monkeypatch):
        monkeypatch.setenv(made.token_in, "another-secret")
        said = grader("releases", "list", *where, code=2).output
        monkeypatch.delenv(made.token_in)
        missing = grader("releases", "list", *where, code=2).output
    assert re.search(r"refused \(status 40[13]\)", said)
    assert made.token_in in said
    assert "another-secret" not in said
    assert f"set the environment variable {made.token_in}" in missing


def test_a_project_has_to_be_named(grader: Grader) -> None:
    said = grader("releases", "list", "--platform", "vercel", code=2).output
    assert "--project ID" in said


@pytest.mark.parametrize("columns", [30, 80])
def test_hostile_names_stay_harmless_on_any_terminal(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    fake = FakeHeroku()
    fake.apps["quiz"][-1]["description"] = "\x1b[2J\x07wiped \u202eevil " + "long " * 30
    monkeypatch.setattr("grader.cli.releases.width", lambda: columns)
    with served(fake, monkeypatch):
        said = grader("releases", "list", *ON_HEROKU).output
        document = listed(grader, *ON_HEROKU)
    assert all(line.isprintable() for line in said.splitlines())
    assert all("\x1b" not in each["words"] for each in document["releases"])
    # An id or an address is never broken.
    longest = max(columns, len("              id 01234567-89ab-cdef-0123-000000000003"))
    assert max(map(len, said.splitlines())) <= longest


def test_what_an_adapter_passes_on_stays_on_its_line() -> None:
    hostile = release(A, 0)
    hostile = replace(hostile, words="live\n\x1b[2JVerified: all is well", id="x\x1b[2J")
    shown = releases_words.one(hostile, 100)
    assert len(shown.splitlines()) == 2
    assert all(line.isprintable() for line in shown.splitlines())


def test_delivery_is_measured(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # without a repository, only Render tells when a commit was made
    fake = FakeRender()
    with live(fake, monkeypatch) as url:
        where = ("--platform", "render", "--project", "srv-quiz", "--days", "3650")
        grader("releases", "rollback", *where[:4], "--url", url, "--yes")
        text = grader("releases", "metrics", *where).output
        found = json.loads(grader("releases", "metrics", *where, "--format", "json").output)
    assert found["platform"] == "render"
    assert (found["deployments"], found["lead_times_known"]) == (2, 2)
    assert found["lead_time_median_s"] == pytest.approx(33 * 60)
    assert found["change_failure_rate"] == 0.5
    (failed,) = found["failed"]
    assert (failed["commit"], failed["why"]) == (B, "it was rolled back")
    assert "Change failure rate  50 % (1 of 2 deployments failed)" in text
    assert "Lead time            median 33 min from commit to live (2 of 2 known)" in text
    assert f"commit {B[:12]}: it was rolled back; over 2026-11-01 22:06 UTC" in text
    assert "With --watched DIR" in " ".join(text.split())
    for days in (0, 1e-12):
        refused = grader("releases", "metrics", *where[:4], "--days", days, code=2)
        assert "out of range" in refused.output


def test_a_watchers_incidents_count(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = "https://quiz.example.org"
    seen = Incident(1, url, "right", at(1.5), "it is wrong", ended_at=at(2), commit=B[:12])
    with contextlib.closing(open_history(tmp_path)) as history:
        history.enroll([url])
        with history.engine.begin() as connection:
            save(connection, IncidentEvent(Step.ENDED, seen, at(2)), 1)
    with served(FakeVercel(), monkeypatch):
        where = (*ON_VERCEL, "--days", "3650", "--watched", tmp_path)
        text = grader("releases", "metrics", *where).output
        same = grader("releases", "metrics", *where, "--url", f"{url}/").output
        other = grader("releases", "metrics", *where, "--url", "https://other.example.org").output
    failed = "Change failure rate  50 % (1 of 2 deployments failed)"
    assert failed in text
    assert failed in same
    assert f"commit {B[:12]}: 1 incident began while it was live; over 2026-11-01 14:00 UTC" in text
    assert "Recovery time        median 30 min (1 of 1 known)" in text
    assert "--watched" not in text
    assert "Change failure rate  0 % (0 of 2 deployments failed)" in other
