"""The command `replay`: two real releases, exit codes, formats, and Ctrl-C."""

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.grader.apps import app
from tests.grader.cli.conftest import Grader
from tests.grader.delivery.replay.releases import NEW, OLD, captured, release
from tests.grader.probes.raw import raw_server, read_request, reply
from tests.servers import PATIENCE, free_port
from webapp.release import Release

FAST = ("--rate", 1000, "--wake-timeout", 1)
HOSTILE = "\x1b[2J\u202e<script>alert(1)</script>"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return captured(tmp_path / "capture.jsonl", "same", "sum", "sum", "gone", HOSTILE)


def old(query: str) -> str:
    return HOSTILE if query == HOSTILE else "4"


def new(query: str) -> str:
    return {"sum": "5", "gone": "", HOSTILE: f"{HOSTILE} too"}.get(query, "4")


def test_the_same_code_exits_with_0(grader: Grader, capture: Path) -> None:
    with release(old) as baseline, release(old, NEW) as candidate:
        result = grader("replay", capture, "--baseline", baseline, "--candidate", candidate, *FAST)
    assert result.stdout.splitlines() == [
        f"Baseline: {baseline}, commit {OLD[:12]}",
        f"Candidate: {candidate}, commit {NEW[:12]}",
        "",
        "No difference in 4 queries, captured 5 times.",
    ]
    assert "The candidate answered after" in result.stderr


def test_differences_exit_with_1_and_are_shown_to_people(grader: Grader, capture: Path) -> None:
    with release(old) as baseline, release(new) as candidate:
        sides = ("--baseline", baseline, "--candidate", candidate)
        said = grader("replay", capture, *sides, *FAST, "--quiet", code=1)
    assert said.stderr == ""
    assert "\x1b" not in said.stdout
    blocks = said.stdout.split("\n\n")
    assert blocks[1].splitlines()[:5] == [
        "Changed: 2 queries, captured 3 times. Both reply, but not the same.",
        "  sum (2 times)",
        "      Baseline:  4",
        "      Candidate: 5",
        f'      Repeat:    grader ask "{candidate}" "sum"',
    ]
    assert blocks[2].startswith("Lost: 1 query, captured once. The candidate gives nothing")
    assert "3 of 4 queries differ, captured 5 times." in blocks[3]


def test_two_sides_with_one_commit_are_remarked(grader: Grader, capture: Path) -> None:
    with release(old) as baseline, release(old) as candidate:
        result = grader("replay", capture, "--baseline", baseline, "--candidate", candidate, *FAST)
    said = " ".join(result.stdout.split())
    assert f"Both tell the same commit, {OLD[:12]}: is the new release deployed?" in said


def test_one_query_differs_and_two_differ(
    grader: Grader, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.cli.replay._SECONDS_BETWEEN_SIGNS", 0.0)
    with release(old) as baseline, release(new, NEW) as candidate:
        sides = ("--baseline", baseline, "--candidate", candidate)
        said = grader("replay", capture, *sides, *FAST, code=1).stderr
    assert "2 of 4 asked, 1 query differs\n" in said
    assert "3 of 4 asked, 2 queries differ\n" in said


def test_programs_get_everything(grader: Grader, capture: Path) -> None:
    with release(old) as baseline, release(new, NEW) as candidate:
        sides = ("--baseline", baseline, "--candidate", candidate)
        said = grader("replay", capture, *sides, *FAST, "--format", "json", code=1).stdout
    document = json.loads(said)
    assert said.isascii()
    assert (document["result"], document["why"]) == ("different", "")
    assert document["baseline"]["release"]["commit"] == OLD
    assert document["candidate"]["url"] == candidate
    assert document["queries"] == {"captured": 4, "to_ask": 4, "asked": 4}
    assert document["counts"]["changed"] == 2
    found = document["differences"]
    assert [(each["kind"], each["query"], each["times"]) for each in found] == [
        ("changed", "sum", 2),
        ("changed", HOSTILE, 1),
        ("lost", "gone", 1),
    ]
    last = found[0]["replies"][-1]
    assert [last[name]["text"] for name in ("baseline", "candidate", "baseline_again")] == [
        "4",
        "5",
        "4",
    ]
    assert last["candidate"]["is"] == "answer"
    assert found[2]["replies"][0]["candidate"]["is"] == "nothing"


def test_a_page_shows_strangers_words_as_they_are(grader: Grader, capture: Path) -> None:
    with release(old) as baseline, release(new) as candidate:
        sides = ("--baseline", baseline, "--candidate", candidate)
        page = grader("replay", capture, *sides, *FAST, "--format", "html", code=1).stdout
    assert page.isascii()
    assert "<h1>3 of 4 queries differ</h1>" in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert r"\x1b[2J\u202e&lt;script&gt;alert(1)&lt;/script&gt; too" in page


def test_what_a_deployment_says_of_its_release_stays_on_its_line(
    grader: Grader, capture: Path
) -> None:
    forged = Release(NEW, "render\nNo difference in 4 queries.")
    with release(old) as baseline, app(new, RELEASE=forged) as candidate:
        sides = ("--baseline", baseline, "--candidate", candidate)
        said = grader("replay", capture, *sides, *FAST, code=1)
    for printed in (said.stdout, said.stderr):
        assert r"on render\nNo difference in 4 queries." in printed


def test_several_files_are_one_capture_and_the_rarest_are_left_out(
    grader: Grader, tmp_path: Path
) -> None:
    files = [
        captured(tmp_path / "1", "rare", "often", "often"),
        captured(tmp_path / "2", "also", "also", "often"),
    ]
    with release(str) as baseline, release(str) as candidate:
        sides = ("--baseline", baseline, "--candidate", candidate)
        said = grader("replay", *files, *sides, *FAST, "--limit", 2).stdout
    assert "No difference in 2 queries, captured 5 times." in said
    assert "Left out, since they were captured least often: 1 query; see --limit." in said


def test_a_long_replay_tells_how_long_it_takes_and_a_number_too_large_is_refused(
    grader: Grader, tmp_path: Path
) -> None:
    capture = captured(tmp_path / "capture", *map(str, range(30)))
    down = f"http://127.0.0.1:{free_port()}"
    also = f"http://127.0.0.1:{free_port()}"
    sides = ("--baseline", down, "--candidate", also, "--wake-timeout", 0.3)
    said = grader("replay", capture, *sides, "--rate", 10, code=3).stderr
    assert "Then 30 queries: 6 s at least." in said
    # Apps on this machine are asked faster.
    assert "Then" not in grader("replay", capture, *sides, code=3).stderr
    assert "out of range" in grader("replay", capture, *sides, "--limit", 10_001, code=2).output


def test_what_a_platform_hinders_is_not_known(grader: Grader, capture: Path) -> None:
    def limited(connection: socket.socket) -> None:
        while head := read_request(connection):
            status = "429 Too Many Requests" if b"/api" in head else "200 OK"
            connection.sendall(reply(b"{}", status=status))

    with release(old) as baseline, raw_server(limited) as candidate:
        sides = ("--baseline", baseline, "--candidate", candidate.url)
        said = grader("replay", capture, *sides, *FAST, code=3).stdout
    assert "Not known: 4 queries. A platform or this machine stood in the way" in said


def test_a_baseline_that_is_down_exits_with_3(grader: Grader, capture: Path) -> None:
    down = f"http://127.0.0.1:{free_port()}"
    with release(old) as candidate:
        sides = ("--baseline", down, "--candidate", candidate)
        said = grader("replay", capture, *sides, *FAST, code=3).stdout
        grader("replay", capture, "--baseline", candidate, "--candidate", down, *FAST, code=1)
    assert "Nobody knows whether they differ.\nStopped: baseline: " in said
    assert "4 queries of 4 were not asked." in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--baseline", "http://localhost:1"), "Missing option '--candidate'"),
        (
            ("--baseline", "http://localhost:1", "--candidate", "my-app"),
            'Invalid value for --candidate: There is no link in "my-app". Write the address of a',
        ),
        (
            ("--baseline", "http://localhost:1", "--candidate", "http://localhost:1/"),
            "--candidate and --baseline are the same address.",
        ),
        (
            ("--baseline", "http://10.0.0.1", "--candidate", "http://localhost:1"),
            "nobody outside of it can reach it. If you mean it, add --allow-private",
        ),
    ],
)
def test_bad_input_exits_with_2(
    grader: Grader, capture: Path, options: tuple[object, ...], words: str
) -> None:
    assert words in grader("replay", capture, *options, code=2).output


def test_a_bad_capture_is_told_by_file_and_line(grader: Grader, capture: Path) -> None:
    capture.write_text(capture.read_text() + "\x1b[2J\n" + "more\n")
    sides = ("--baseline", "http://localhost:1", "--candidate", "http://localhost:2")
    said = grader("replay", capture, *sides, code=2).output
    assert f"Error: {capture}:6: this is no JSON object on one line. Give the files" in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a child process")
def test_ctrl_c_tells_what_was_seen_so_far(tmp_path: Path) -> None:
    capture = captured(tmp_path / "capture", "first", "second", "third")
    reached, over = threading.Event(), threading.Event()

    def candidate(query: str) -> str:
        if query == "second":
            reached.set()
            over.wait(PATIENCE)
        return "5"

    with release(lambda _: "4") as baseline, release(candidate) as url:
        command = ("-m", "grader", "replay", str(capture), "--baseline", baseline)
        with subprocess.Popen(
            [sys.executable, *command, "--candidate", url, "--timeout", "50"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            assert reached.wait(PATIENCE)
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=PATIENCE)
            over.set()
    assert child.returncode == 130
    assert "Stopped. This is what was seen so far:" in err
    assert "Traceback" not in err
    assert "1 of 1 query differs, captured once.\n2 queries of 3 were not asked." in out
