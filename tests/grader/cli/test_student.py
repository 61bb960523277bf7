import json
import signal
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from grader.model import Submission
from grader.questions import draw
from tests.grader.apps import ACTIVITY, SEED, app, finished_app, right_answers
from tests.grader.cli.conftest import Grader
from tests.grader.probes.raw import always, raw_server, read_request, reply
from tests.servers import free_port, serve
from webapp.app import create_app
from webapp.query_processor import process

QUICK = ("--timeout", 2, "--wake-timeout", 2)


def test_a_finished_app_gets_100_of_100(grader: Grader) -> None:
    with finished_app("abc123") as url:
        result = grader("check", url, "--andrew-id", "abc123", "--seed", SEED)
    assert "Score: 100 of 100 points" in result.output


def test_the_starter_gets_40_and_is_told_where_to_go_on(grader: Grader) -> None:
    with app(process) as url:
        result = grader("check", url, "--andrew-id", "abc123", code=1)
    assert "Score: 40 of 100 points" in result.output
    assert "Answer with your own Andrew ID alone" in result.output
    assert f'grader ask "{url}" ' in result.output
    assert f"{url}/api?q=" in result.output


def test_what_is_right_but_slow_is_said_and_costs_nothing(grader: Grader) -> None:
    with finished_app("abc123") as url:
        check = ("check", url, "--andrew-id", "abc123", "--seed", SEED, "--degraded-after")
        slow = grader(*check, 0.00001).output
        quick = grader(*check, 60).output
    assert "  right, but slow (" in slow
    assert "6 right, but slow." in slow
    assert "Score: 100 of 100 points" in slow
    assert "Replies: median " in quick
    assert "slow" not in quick


def test_the_pass_mark_decides_the_exit_code(grader: Grader) -> None:
    with app(process) as url:
        grader("check", url, "--andrew-id", "abc123", "--pass-mark", 40)
        grader("check", url, "--andrew-id", "abc123", "--pass-mark", 41, code=1)


def test_an_expected_commit_has_to_answer(grader: Grader) -> None:
    answers = right_answers("abc123")
    release = {"commit": "a" * 40, "platform": None, "environment": None, "region": None}
    made = create_app({"PROCESS": lambda query: answers.get(query, ""), "RELEASE": release})
    with serve(made) as url:
        check = ("check", url, "--andrew-id", "abc123", "--seed", SEED, "--expect-commit")
        result = grader(*check, "AAAAAAA")
        assert "0 of 0  the release  right: commit aaaaaaaaaaaa answers" in result.output
        assert (
            "0 of 0  one release everywhere  right: 8 fresh connections met one answer"
            in result.output
        )
        result = grader(*check, "b" * 12, code=1)
    assert "commit aaaaaaaaaaaa answers, not bbbbbbbbbbbb" in result.output
    assert "Score: 100 of 100 points" in result.output
    assert "Falls short: bbbbbbbbbbbb is not what answers everywhere." in result.output


def test_an_app_that_tells_no_commit_loses_nothing(grader: Grader) -> None:
    answers = right_answers("abc123")
    made = create_app({"PROCESS": lambda query: answers.get(query, ""), "RELEASE": {}})
    with serve(made) as url:
        result = grader(
            "check", url, "--andrew-id", "abc123", "--seed", SEED, "--expect-commit", "a" * 7
        )
    assert "/healthz tells no commit" in result.output
    assert "Score: 100 of 100 points" in result.output


def test_a_commit_that_cannot_be_asked_for_falls_short(grader: Grader) -> None:
    ok, broken = reply(b"x"), reply(b"", status="500 Internal Server Error")

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            connection.sendall(broken if b"/healthz" in head else ok)

    with raw_server(handle) as server:
        result = grader(
            "check", server.url, "--andrew-id", "x", "--pass-mark", 0, "--expect-commit", "a" * 7,
            code=1,
        )  # fmt: skip
    assert "nobody can tell whether aaaaaaa answers: the app answered with status 500" in (
        result.output
    )


@pytest.mark.parametrize("commit", ["main", "123456", "a" * 41, "abcdefg"])
def test_what_is_no_commit_is_refused(grader: Grader, commit: str) -> None:
    result = grader(
        "check", "http://localhost:1", "--andrew-id", "x", "--expect-commit", commit, code=2
    )
    assert "7 to 40 hexadecimal digits" in result.output


def test_each_check_draws_new_questions_unless_a_seed_is_given(grader: Grader) -> None:
    with app(process) as url:
        seeds = {
            json.loads(grader("check", url, "--andrew-id", "x", "--format", "json", code=1).output)[
                "seed"
            ]
            for _ in range(3)
        }
    assert len(seeds) == 3


def test_quiet_prints_the_result_alone(grader: Grader) -> None:
    with finished_app("abc123") as url:
        result = grader("check", url, "--andrew-id", "abc123", "--seed", SEED, "--quiet")
    assert result.output.startswith("Score: 100 of 100")


def test_json_holds_every_item_and_nothing_else(grader: Grader) -> None:
    with finished_app("abc123") as url:
        result = grader(
            "check", url, "--andrew-id", "abc123", "--seed", SEED, "--format", "json",
            "--bypass-secret", "s3cret",
        )  # fmt: skip
    told = json.loads(result.output)
    assert (told["seed"], told["andrew_id"], told["score"]) == (SEED, "abc123", 100)
    assert [item["family"] for item in told["items"]] == [
        "page", "api", "shakespeare", "robust", "andrew_id", "andrew_id",
    ]  # fmt: skip
    assert "s3cret" not in result.output


def test_junit_is_xml_with_a_case_for_each_question(grader: Grader) -> None:
    with app(process) as url:
        result = grader("check", url, "--andrew-id", "x", "--format", "junit", code=1)
    root = ET.fromstring(result.output)  # noqa: S314
    assert len(list(root.iter("testcase"))) == 6
    assert len(list(root.iter("failure"))) == 2


def test_github_gets_its_step_summary(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Earlier step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    with app(process) as url:
        grader("check", url, "--andrew-id", "abc123", code=1)
    assert summary.read_text().startswith("# Earlier step\n")
    assert "40 of 100" in summary.read_text()


def test_an_app_that_is_down_falls_short(grader: Grader) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        result = grader("check", url, "--andrew-id", "abc123", *QUICK, code=1)
    assert "Score: 0 of 100" in result.output
    assert "refused" in result.output


def test_a_fault_of_ours_is_exit_code_3(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("grader.asking.ask.judge", crash)
    with finished_app("abc123") as url:
        result = grader("check", url, "--andrew-id", "abc123", code=3)
    assert "Traceback" not in result.output


def test_links_are_repaired_and_that_is_said(grader: Grader) -> None:
    with finished_app("abc123") as url:
        result = grader("check", f"{url}/api?q=hi", "--andrew-id", "abc123", "--seed", SEED)
    assert "Note: " in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "https://github.com/a/b", "--andrew-id", "x"), "repository"),
        (("check", "http://10.0.0.1", "--andrew-id", "x"), "private"),
        (("check", "nonsense", "--andrew-id", "x"), "Error: "),
        (("check", "http://localhost:1"), "--andrew-id"),
        (("check", "http://localhost:1", "--andrew-id", "x", "--probe", "api,smell"), "smell"),
        (("check", "http://localhost:1", "--andrew-id", "x", "--timeout", "0"), "--timeout"),
        (("check", "http://localhost:1", "--andrew-id", "x", "--timeout", "nan"), "--timeout"),
        (("check", "http://localhost:1", "--andrew-id", "x", "--pass-mark", "80%"), "such as 80"),
        (("check", "http://localhost:1", "--andrew-id", "x", "--value", "team"), "--value team=R"),
        (("check", "http://localhost:1", "--andrew-id", "x", "--seed", "-1"), "--seed"),
        (("check", "http://localhost:1", "--andrew-id", "x", "--bypass-secret", "a b"), "--bypass"),
        (("check", "http://localhost:1", "--andrew-id", "x", "--battery", "nope"), "nope"),
        (("questions", "--andrew-id", "x", "--battery", "nope.toml"), "nope.toml"),
        (("questions", "--andrew-id", "x", "--battery", "."), "Error: "),
        (("ask", "ftp://x", "query"), "Error: "),
    ],
)
def test_bad_input_is_exit_code_2_in_words(
    grader: Grader, arguments: tuple[str, ...], words: str
) -> None:
    result = grader(*arguments, code=2)
    assert words in result.output
    assert "Traceback" not in result.output


def test_ask_shows_the_reply_as_the_grader_sees_it(grader: Grader) -> None:
    with raw_server(always(reply(b"3\x1b[2J\n", "Content-Type: text/plain"))) as server:
        result = grader("ask", server.url, "What is 1 plus 2?")
    assert f"{server.url}/api?q=What%20is%201%20plus%202%3F" in result.output
    assert "200" in result.output
    assert "\x1b" not in result.output
    assert "3\\x1b[2J" in result.output


def test_ask_says_what_went_wrong(grader: Grader) -> None:
    with raw_server(always(b"nonsense\r\n\r\n", close=True)) as server:
        result = grader("ask", server.url, "x", "--timeout", 2, code=1)
    assert "not HTTP" in result.output
    refused = grader("ask", f"http://127.0.0.1:{free_port()}", "x", code=1)
    assert "could not be reached" in refused.output


def test_ask_opens_what_the_bypass_secret_opens(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            known = b"x-vercel-protection-bypass: s3cret" in head.lower()
            status = "200 OK" if known else "401 Unauthorized"
            connection.sendall(reply(b"3", "Content-Type: text/plain", status=status))

    with raw_server(handle) as server:
        assert "Status:  401" in grader("ask", server.url, "x").output
        assert "Status:  200" in grader("ask", server.url, "x", "--bypass-secret", "s3cret").output
        monkeypatch.setenv("GRADER_BYPASS_SECRET", "s3cret")
        assert "Status:  200" in grader("ask", server.url, "x").output


def test_one_connection_compares_nothing(grader: Grader) -> None:
    asked = ("check", "http://localhost:1", "--andrew-id", "x", "--connections", 1)
    assert "none to be compared with" in grader(*asked, code=2).output


def test_ask_reads_the_page_too(grader: Grader) -> None:
    with app(process) as url:
        result = grader("ask", url, "Who was Shakespeare?", "--probe", "page")
    assert "playwright" in result.output


def test_questions_are_the_ones_that_will_be_asked(grader: Grader) -> None:
    result = grader("questions", "--andrew-id", "abc123", "--seed", SEED, "--format", "json")
    rows = json.loads(result.output)
    drawn = draw(ACTIVITY, Submission("abc123", url=""), SEED)
    assert [(row["query"], row["family"], row["expected"], row["points"]) for row in rows] == [
        (question.query, question.family, str(question.key), question.points) for question in drawn
    ]


def test_a_battery_that_asks_for_columns_is_told_them(grader: Grader, tmp_path: Path) -> None:
    battery = tmp_path / "teams.toml"
    battery.write_text(
        'title = "Teams"\n[[entry]]\nquery = "How many are in {team}, {section}?"\npoints = 1\n'
        'key = { kind = "number", value = "{Team size}" }\n'
    )
    asked = ("--battery", battery, "--andrew-id", "ada")
    given = ("--value", "team=Reds", "--value", "section=A", "--value", "team_size=4")
    with app(lambda query: "4" if query == "How many are in Reds, A?" else "") as url:
        for command in (("questions",), ("check", url)):
            result = grader(*command, *asked, code=2)
            assert "say it with --value team=..." in result.output
        assert "How many are in Reds, A?" in grader("questions", *asked, *given).output
        assert "1 of 1 points" in grader("check", url, *asked, *given).output


def test_an_app_that_answers_what_questions_prints_gets_full_marks(grader: Grader) -> None:
    rows = json.loads(
        grader(
            "questions", "--battery", "extreme", "--andrew-id", "abc123", "--seed", 3,
            "--format", "json",
        ).output
    )  # fmt: skip
    answers = {row["query"]: row["expected"] for row in rows}
    with app(lambda query: answers.get(query, "")) as url:
        result = grader("check", url, "--battery", "extreme", "--andrew-id", "abc123", "--seed", 3)
    assert "(100 %)" in result.output


def test_the_table_of_questions_names_its_seed(grader: Grader) -> None:
    result = grader("questions", "--andrew-id", "abc123", "--seed", SEED)
    assert f"seed {SEED}" in result.output
    assert all(query in result.output for query in right_answers("abc123"))


def test_both_probes_share_the_points(grader: Grader) -> None:
    with finished_app("abc123") as url:
        result = grader(
            "check", url, "--andrew-id", "abc123", "--seed", SEED, "--probe", "api,page",
            "--format", "json",
        )  # fmt: skip
    student = json.loads(result.output)
    assert (student["score"], student["max_score"]) == (100, 100)
    assert {item["probe"] for item in student["items"]} == {"api", "page"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", "http://localhost:1", "\udcff"),
        ("ask", "http://localhost:1", "  "),
        ("check", "http://localhost:1", "--andrew-id", ""),
        ("questions", "--andrew-id", "\udcff"),
    ],
)
def test_what_is_no_text_is_refused_in_words(grader: Grader, arguments: tuple[str, ...]) -> None:
    assert "Error: Invalid value" in grader(*arguments, code=2).output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a child process")
def test_ctrl_c_is_no_verdict() -> None:
    hanging = threading.Event()

    def hang(connection: socket.socket) -> None:
        read_request(connection)
        hanging.set()
        connection.recv(1)

    with raw_server(hang) as server:
        child = subprocess.Popen(
            [sys.executable, "-m", "grader", "check", server.url, "--andrew-id", "x"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert hanging.wait(60)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert said == "\nStopped.\n"
