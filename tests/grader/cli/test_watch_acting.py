"""What `grader watch` does about incidents, as its users run it."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.grader.apps import app
from tests.grader.cli.conftest import Grader
from tests.grader.delivery.watch.hosting import SERVICE, Hosting, hosting
from tests.grader.delivery.watch.receivers import receiving

HERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRADER_WEBHOOK", "GRADER_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosting]:
    with hosting(monkeypatch) as made:
        yield made


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--act", "--store", "{}"], "Say who serves the app: --platform NAME --project ID"),
        (["--platform", "render"], "Say which project of render: --project ID"),
        (["--act", "--platform", "render", "--project", "x"], "--act needs --store DIR"),
        (["--platform", "render", "--project", "x", "http://localhost:9"], "concerns one app"),
        (["--command", "say 'it"], "it cannot be split into words"),
        (["--command", " "], "it must not be empty"),
        (["--command", "nosuchprog x"], "there is no program “nosuchprog”"),
        (["--webhook-format", "slack"], "Put the webhook's address into $GRADER_WEBHOOK"),
        (["--page", "{}/nowhere/watch.html"], "nowhere: make it first"),
        (["--page", "{}/watch.json"], "watch.json, too: name it watch.html"),
    ],
)
def test_options_that_do_not_fit_together_are_said(
    grader: Grader, tmp_path: Path, options: list[str], words: str
) -> None:
    given = [each.format(tmp_path) for each in options]
    assert words in " ".join(grader("watch", HERE, "--once", *given, code=2).output.split())


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a folder that nobody can write")
def test_a_page_that_can_never_be_written_is_said_at_the_start(grader: Grader) -> None:
    said = " ".join(
        grader("watch", HERE, "--once", "--page", "/proc/x.html", code=2).output.split()
    )
    assert "'--page': /proc/x.html cannot be written (" in said


def test_a_missing_token_is_said_before_anything_is_asked(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RENDER_API_KEY", raising=False)
    options = ("--platform", "render", "--project", SERVICE)
    assert "RENDER_API_KEY" in grader("watch", HERE, *options, code=2).output


def test_a_webhook_that_cannot_be_used_is_said_and_not_shown(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_WEBHOOK", "hooks.example/T0SECRET")
    said = grader("watch", HERE, code=2).output
    assert "GRADER_WEBHOOK holds no address of a webhook" in said
    assert "T0SECRET" not in said


def test_alerts_have_arrived_when_a_single_round_ends(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, page = tmp_path / "heard.json", tmp_path / "watch.html"
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    line = shlex.join([sys.executable, "-c", code, str(heard)])
    with app(lambda _: "no idea") as url, receiving() as receiver:
        monkeypatch.setenv("GRADER_WEBHOOK", receiver.address)
        options = ("--every", 0.1, "--page", page, "--command", line, "--webhook-format", "slack")
        said = grader("watch", url, "--once", *options, code=1).output
    (body,) = receiver.bodies
    assert json.loads(body)["text"].startswith(f"Incident: {url[7:]} misses right answers since")
    assert json.loads(heard.read_text())["data"]["url"] == url
    assert "1 of 1 app misses an objective" in page.read_text("utf-8")
    assert "tokenxyz" not in said


def test_an_app_on_this_machine_opens_no_private_network_for_the_webhook(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_WEBHOOK", "http://10.255.255.1/T0SECRET")
    assert "holds an http address" in grader("watch", HERE, code=2).output


def test_a_dry_run_says_what_it_would_do(grader: Grader, hosted: Hosting) -> None:
    options = ("--every", 0.1, "--platform", "render", "--project", SERVICE)
    said = grader("watch", hosted.url, "--once", *options, code=1).output
    assert (
        "Dry run: with --act, render would be rolled back from commit bbbbbbbbbbbb to commit "
        "aaaaaaaaaaaa."
    ) in said
    assert hosted.rollbacks == []


def test_a_single_round_waits_until_the_rollback_is_verified(
    grader: Grader, hosted: Hosting, tmp_path: Path
) -> None:
    options = ("--platform", "render", "--project", SERVICE, "--act", "--store", tmp_path)
    said = grader("watch", hosted.url, "--once", "--every", 0.1, *options, code=1).output
    assert f"Verified: commit aaaaaaaaaaaa answers at {hosted.url}" in said
    assert hosted.rollbacks == ["dep-1"]


def test_a_page_that_cannot_be_written_does_not_end_the_watching(
    grader: Grader, tmp_path: Path
) -> None:
    page, in_the_way = tmp_path / "watch.html", tmp_path / "watch-still.html"
    in_the_way.mkdir()
    with app(lambda _: "no idea") as url:
        said = grader("watch", url, "--once", "--every", 0.1, "--page", page, code=1).output
    assert f"The page {in_the_way} was not written: " in said
    assert "has begun" in said
