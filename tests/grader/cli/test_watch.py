"""`grader watch` as its users run it, on real apps."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from grader.delivery.watch.history import STORE
from tests.components import ROOT
from tests.grader.apps import app
from tests.grader.cli.conftest import Grader
from tests.servers import PATIENCE, wait_until

POET = "Shakespeare was a poet"
QUICK = ("--every", 0.1, "--timeout", 1)
OBJECTIVES = """
[[objective]]
name = "mostly right"
indicator = "right"
percent = 90
minutes = 0.25
"""


class Answer:
    """What an app answers just now."""

    def __init__(self) -> None:
        self.words = POET

    def __call__(self, _query: str) -> str:
        return self.words


@pytest.fixture
def answer() -> Answer:
    return Answer()


@pytest.fixture
def url(answer: Answer) -> Iterator[str]:
    with app(answer) as url:
        yield url


@pytest.fixture
def objectives(tmp_path: Path) -> Path:
    path = tmp_path / "objectives.toml"
    path.write_text(OBJECTIVES)
    return path


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_once_is_for_cron(grader: Grader, url: str, answer: Answer, tmp_path: Path) -> None:
    once = ("watch", url, "--once", *QUICK, "--store", tmp_path)
    told = grader(*once).output
    assert f":) {url} right 100 %, up 100 %" in told
    assert ":) right answers: 100 % (at least 99 % over 5 min); 12 looks" in told
    answer.words = "nobody"
    told = grader(*once, code=1).output
    assert f":( Incident 1 at {url} has begun" in told
    assert "2 of 14 looks were bad (wrong 2)" in told
    assert "24 looks" in told
    told = grader(*once, code=1).output
    assert f":( Incident 1 at {url} is open since " in told
    assert "has begun" not in told


def test_cron_ends_an_incident_too(
    grader: Grader, url: str, answer: Answer, objectives: Path, tmp_path: Path
) -> None:
    once = ("watch", url, "--once", *QUICK, "--store", tmp_path, "--objectives", objectives)
    answer.words = "nobody"
    grader(*once, code=1)
    answer.words = POET
    said: list[str] = []

    def is_over() -> bool:
        said.append(grader(*once, code=None).output)
        return "Incident 1" in said[-1] and "is over after" in said[-1]

    wait_until(is_over, lambda: said[-1])


def test_minutes_end_with_how_it_is_then(
    grader: Grader, url: str, answer: Answer, objectives: Path
) -> None:
    a_while = ("watch", url, *QUICK, "--minutes", 0.03, "--objectives", objectives)
    assert "mostly right: 100 % (at least 90 % over 15 s)" in grader(*a_while).output
    answer.words = "nobody"
    assert "missed: mostly right 0 %" in grader(*a_while, code=1).output


def test_json_is_a_line_for_each_event_and_one_for_the_end(
    grader: Grader, url: str, answer: Answer
) -> None:
    answer.words = "\x1b]0;owned\x07\u202enobody"
    told = lines(grader("watch", url, "--once", *QUICK, "--format", "json", code=1).output)
    assert [each["event"] for each in told] == ["look"] * 12 + ["incident", "end"]
    assert told[0]["outcome"] == "wrong"
    assert told[12]["step"] == "started"
    end = told[-1]
    assert end["targets"][0]["missed"] is True
    assert end["incidents"][0]["objectives"] == ["right answers"]
    assert end["incidents"][0]["ended_at"] is None


def test_what_strangers_answer_does_not_steer_the_terminal(
    grader: Grader, url: str, answer: Answer
) -> None:
    answer.words = "\x1b]0;owned\x07\u202enobody"
    told = grader("watch", url, "--once", *QUICK, code=1).output
    assert "nobody" in told
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_a_pause_needs_no_watcher_and_has_a_reason(
    grader: Grader, url: str, answer: Answer, tmp_path: Path
) -> None:
    answer.words = "nobody"
    told = grader("watch", "--pause", f"{url}=moving house", "--store", tmp_path).output
    assert told.startswith(f"Paused: {url} (moving house)\n")
    once = ("watch", url, "--once", *QUICK, "--store", tmp_path)
    assert f":| {url} right -, up -: paused: moving house" in grader(*once).output
    told = grader(*once, "--resume", url, code=1).output
    assert f"Watched again: {url}\n" in told


def test_a_pause_of_an_address_that_no_watcher_has_met_is_doubted(
    grader: Grader, url: str, tmp_path: Path
) -> None:
    grader("watch", url, "--once", *QUICK, "--store", tmp_path)
    other = "http://localhost:1"
    for _ in range(2):
        told = grader("watch", "--pause", f"{other}=x", "--store", tmp_path).output
        assert told.splitlines() == [
            f"Paused: {other} (x)",
            f"No watcher of this store has met {other}: is it right? The store knows {url}.",
        ]
    told = grader("watch", "--pause", f"{url}=x", "--store", tmp_path).output
    assert told == f"Paused: {url} (x)\n"


def test_only_a_pause_that_there_is_can_end(grader: Grader, url: str, tmp_path: Path) -> None:
    grader("watch", url, "--once", *QUICK, "--store", tmp_path)
    told = grader("watch", "--resume", url, "--store", tmp_path).output
    assert told == f"Was not paused: {url}\n"
    told = grader("watch", "--resume", "http://localhost:1", "--store", tmp_path).output
    assert "No watcher of this store has met http://localhost:1: is it right?" in told


def test_a_certificate_at_an_http_address_is_not_ok_without_a_word(
    grader: Grader, url: str, objectives: Path
) -> None:
    objectives.write_text('[[objective]]\nindicator = "certificate"\ndays = 14\n')
    told = grader("watch", url, "--once", *QUICK, "--objectives", objectives).output
    assert "  :| certificate: there is no certificate at an http address\n" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Write at least one address"),
        (("--pause", "http://localhost:1=x"), "Say which watcher is meant: --store"),
        (("--pause", "http://localhost:1", "--store", "."), "write it as --pause https://your-app"),
        (("http://localhost:1", "--every", 0), "0 is out of range: 0.1 to 3600"),
        (("http://localhost:1", "--every", 60), "look at least every 25 s, or make the period lo"),
        (("http://localhost:1", "http://localhost:1"), "is given twice"),
        (("nothing",), "nothing"),
    ],
)
def test_mistakes_are_told_in_words(
    grader: Grader, arguments: tuple[object, ...], words: str
) -> None:
    assert words in grader("watch", *arguments, code=2).output


def test_faults_in_the_objectives_have_file_and_line(
    grader: Grader, url: str, objectives: Path
) -> None:
    objectives.write_text(OBJECTIVES.replace("percent", "percentt"))
    told = grader("watch", url, "--once", "--objectives", objectives, code=2).output
    assert f"{objectives}:5: objective 1 'percentt': is not known here; did you mean per" in told


@contextmanager
def watching(*arguments: object, stderr: IO[str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """The command as a process; killed at the end if it still runs."""
    command = [sys.executable, "-m", "grader", "watch", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first(process: subprocess.Popen[str], step: str) -> dict[str, Any]:
    """The first event of this step that the process tells."""
    assert process.stdout is not None
    for line in process.stdout:
        told: dict[str, Any] = json.loads(line)
        if told.get("step") == step:
            return told
    raise AssertionError(f"it ended without {step}")


def test_killed_in_mid_incident_it_goes_on_with_the_same_one(
    url: str, answer: Answer, objectives: Path, tmp_path: Path
) -> None:
    arguments = (
        url, "--store", tmp_path, "--objectives", objectives, *QUICK, "--format", "json",
    )  # fmt: skip
    answer.words = "nobody"
    with watching(*arguments) as killed:
        started = first(killed, "started")
        killed.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        killed.wait(PATIENCE)
    with watching(*arguments) as again:
        resumed = first(again, "resumed")
        answer.words = POET
        ended = first(again, "ended")
    assert resumed["incident"] == started["incident"]
    assert ended["incident"]["id"] == started["incident"]["id"] == 1
    assert ended["incident"]["started_at"] == started["incident"]["started_at"]


def test_two_watchers_of_one_store_would_tell_everything_twice(
    grader: Grader, url: str, tmp_path: Path
) -> None:
    with watching(url, "--store", tmp_path, *QUICK, "--format", "json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        told = grader("watch", url, "--once", "--store", tmp_path, code=2).output
    assert "another grader is at work in" in told


@pytest.mark.parametrize("columns", [60, 120])
def test_on_a_terminal_a_table_is_drawn_again(url: str, answer: Answer, columns: int) -> None:
    pty = pytest.importorskip("pty", reason="Windows has no such terminals")
    answer.words = "\x1b]0;owned\x07[bold]nobody"
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "20", "TERM": "xterm"}
    command = [sys.executable, "-m", "grader", "watch", url, *map(str, QUICK), "--minutes", "0.05"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=theirs, env=environment)
    os.close(theirs)
    told = b""
    try:
        while more := os.read(ours, 65536):
            told += more
    except OSError:  # how Linux tells the end of a terminal
        pass
    os.close(ours)
    assert process.wait(PATIENCE) == 1
    shown = told.decode()
    assert "\x1b]0;" not in shown
    tables = re.findall(r"Target.*State", shown)
    assert 2 <= len(tables) <= 7  # within three seconds, and the last one
    assert ("Certificate" in shown) == (columns == 120)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert ":(" in plain
    assert (
        max(len(line.rstrip()) for line in re.split("[\r\n]", plain) if "Target" in line) <= columns
    )


def test_the_store_is_private(grader: Grader, url: str, tmp_path: Path) -> None:
    grader("watch", url, "--once", *QUICK, "--store", tmp_path / "new", "--bypass-secret", "s3cr3t")
    path = tmp_path / "new" / STORE
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    assert b"s3cr3t" not in path.read_bytes()


def test_ctrl_c_ends_it_without_a_traceback(url: str, tmp_path: Path) -> None:
    # Two targets: whatever one of them is at, the other one is at something else.
    other = url.replace("127.0.0.1", "localhost")
    store, printed = tmp_path / "store", tmp_path / "stderr"
    with (
        printed.open("w") as stderr,
        watching(
            url, other, "--store", store, *QUICK, "--format", "json", stderr=stderr
        ) as process,
    ):
        assert process.stdout is not None
        for _ in range(40):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(PATIENCE) == 130
    assert not (store / f"{STORE}-wal").exists()
    assert printed.read_text().strip() == "Stopped."
