"""`grader gate` on real deployments: what it says, its JSON, and its exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.cli.exit_codes import BAD_INPUT, DONE, FALLS_SHORT, NOT_GRADED
from tests.grader.apps import SEED
from tests.grader.cli.conftest import Grader
from tests.grader.delivery.gate.sides import NEW, OLD, deployed, right, served, slow, wrong_sums
from tests.servers import LOOPBACK, free_port, serve

OPTIONS = ("--seed", SEED, "--samples", 60, "--rate", 1000, "--andrew-id", "abc123")


@pytest.fixture(scope="module")
def baseline() -> Iterator[str]:
    with served(commit=OLD) as url:
        yield url


def captured(folder: Path, *queries: str) -> Path:
    line = {
        "time": "2026-11-26T10:00:00Z", "status": 200, "sha256": "0" * 64, "ms": 1.5,
        "release": None,
    }  # fmt: skip
    file = folder / "capture.jsonl"
    lines = (json.dumps(line | {"query": query}) + "\n" for query in queries)
    file.write_text("".join(lines), encoding="utf-8")
    return file


def test_a_good_candidate_is_promoted(grader: Grader, baseline: str) -> None:
    with served() as url:
        end = grader("gate", url, "--baseline", baseline, *OPTIONS, code=DONE)
    said = end.stdout.splitlines()
    assert said[0] == "PROMOTE: nothing speaks against the candidate."
    rules = [line.split()[1] for line in said if line.startswith("ok ")]
    assert rules == ["health", "release", "release", "answers", "errors", "latency", "data"]
    assert said[-1].startswith("60 pairs asked in ")
    assert "Asking pairs (60 of 60) ..." in end.stderr


def test_a_wrong_one_is_rejected_with_the_requests_behind_it(grader: Grader, baseline: str) -> None:
    with served(wrong_sums) as url:
        end = grader("gate", url, "--baseline", baseline, *OPTIONS, code=FALLS_SHORT)
    assert end.stdout.startswith("REJECT: ")
    (line,) = (line for line in end.stdout.splitlines() if line.startswith("reject"))
    assert line.startswith("reject  answers  ")
    assert f"    {url}/api?q=" in end.stdout
    assert f"    {baseline}/api?q=" in end.stdout


def test_a_slow_one_is_held(grader: Grader, baseline: str) -> None:
    with served(slow) as url:
        end = grader("gate", url, "--baseline", baseline, *OPTIONS, code=NOT_GRADED)
    assert end.stdout.splitlines()[0] == (
        "HOLD: the answers are right, but slower. Somebody has to decide."
    )
    assert "\nhold    latency  median " in end.stdout


def test_a_baseline_that_is_down_holds(grader: Grader) -> None:
    nowhere = f"http://{LOOPBACK}:{free_port()}"
    with served() as url:
        end = grader(
            "gate", url, "--baseline", nowhere, *OPTIONS, "--wake-timeout", 1, code=NOT_GRADED
        )
    assert end.stdout.startswith("HOLD: this cannot be decided by machine")
    assert "\nhold    health   the baseline does not answer" in end.stdout


def test_the_json_has_reasons_with_requests_and_all_samples(grader: Grader, baseline: str) -> None:
    with served(wrong_sums) as url:
        end = grader(
            "gate", url, "--baseline", baseline, *OPTIONS, "--format", "json", code=FALLS_SHORT
        )
    document: dict[str, Any] = json.loads(end.stdout)
    assert document["decision"] == "reject"
    assert (document["candidate"], document["baseline"]) == (url, baseline)
    assert (document["battery"], document["seed"]) == ("extreme", SEED)
    answers = next(each for each in document["reasons"] if each["rule"] == "answers")
    assert answers["decision"] == "reject"
    assert answers["numbers"]["regressions"] >= 1
    here, there = answers["requests"][:2]
    assert (here["outcome"], there["outcome"]) == ("wrong", "right")
    assert here["query"] == there["query"]
    assert here["replies"][-1]["reply"] == "7"
    assert here["replies"][-1]["url"].startswith(url)
    grades = [sample["candidate"]["grade"] for sample in document["samples"]]
    assert grades.count("wrong") == answers["numbers"]["wrong"]
    assert {sample["baseline"]["grade"] for sample in document["samples"]} == {"right"}


def test_quiet_says_the_result_alone(grader: Grader, baseline: str) -> None:
    with served() as url:
        end = grader("gate", url, "--baseline", baseline, *OPTIONS, "--quiet")
    assert end.stderr == ""


def test_the_expected_commit_has_to_answer(grader: Grader, baseline: str) -> None:
    expect = ("--expect-commit", NEW[:8].upper())
    with served() as url, served(commit=OLD) as old:
        grader("gate", url, "--baseline", baseline, *OPTIONS, *expect, code=DONE)
        end = grader("gate", old, "--baseline", baseline, *OPTIONS, *expect, code=FALLS_SHORT)
    assert f"52 fresh connections met commit {OLD[:12]}, not {NEW[:8]}." in end.stdout


def test_captured_queries_are_asked_as_well(grader: Grader, baseline: str, tmp_path: Path) -> None:
    file = captured(tmp_path, "the meaning of life", "another one")
    options = ("--battery", "activity", "--replay", file)

    def answer(query: str) -> str:
        return "42" if "life" in query else right(query)

    with served(answer) as url:
        end = grader("gate", url, "--baseline", baseline, *OPTIONS, *options, code=FALLS_SHORT)
    assert "1 question wrong that the baseline answers right: “the meaning of life”" in end.stdout


def test_of_many_captured_queries_the_most_frequent_are_asked(
    grader: Grader, baseline: str, tmp_path: Path
) -> None:
    once = [f"once {number}" for number in range(100)]
    file = captured(tmp_path, *once, "often", "often")
    options = ("--battery", "activity", "--replay", file)

    def answer(query: str) -> str:
        return "changed" if query == "often" else right(query)

    with served(answer) as url:
        end = grader("gate", url, "--baseline", baseline, *OPTIONS, *options, code=FALLS_SHORT)
    assert "1 question wrong that the baseline answers right: “often”" in end.stdout


def test_the_secret_opens_both_sides_and_is_never_printed(grader: Grader) -> None:
    made = deployed()

    @made.before_request
    def protected() -> tuple[str, int] | None:
        from flask import request

        opened = request.headers.get("x-vercel-protection-bypass") == "open-sesame"
        return None if opened else ("Log in", 401)

    with serve(made) as url, serve(made) as old:
        sides = ("gate", url, "--baseline", old, *OPTIONS, "--wake-timeout", 1)
        grader(*sides, code=NOT_GRADED)
        end = grader(*sides, "--bypass-secret", "open-sesame", "--format", "json", code=DONE)
    assert "open-sesame" not in end.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--battery", "page"), "no question for the API"),
        (("--battery", "none.toml"), "no battery of this name"),
        (("--samples", 19), "out of range"),
        (("--rate", 0), "out of range"),
        (("--minutes", "1e-12"), "out of range: 0.1 to 120"),
        (("--expect-commit", "xyz"), "is no commit"),
        (("--expect-commit", "xyz"), "the last commit of this folder, write HEAD"),
        (("--replay", "none.jsonl"), "none.jsonl"),
        (("--andrew-id", "hboevik <x>"), "'hboevik <x>' cannot be a student id"),
        (("--baseline", ""), "Invalid value for --baseline: It is empty. Write the address"),
        (
            ("--baseline", "my-app"),
            'Invalid value for --baseline: There is no link in "my-app". Write the address of a',
        ),
    ],
)
def test_bad_input_is_told(
    grader: Grader, baseline: str, options: tuple[object, ...], words: str
) -> None:
    sides = ("gate", "http://localhost:1", "--baseline", baseline)
    said = grader(*sides, *OPTIONS, *options, code=BAD_INPUT).output
    assert words in said
    assert "--wait-for-commit" not in said
    assert "and in" not in said  # nobody hands in anything here


def test_the_address_that_is_meant_is_named(grader: Grader, baseline: str) -> None:
    said = grader("gate", "my-app", "--baseline", baseline, *OPTIONS, code=BAD_INPUT).output
    assert 'Invalid value for CANDIDATE: There is no link in "my-app".' in said


def test_an_address_is_not_compared_with_itself(grader: Grader, baseline: str) -> None:
    said = grader("gate", f"{baseline}/", "--baseline", baseline, *OPTIONS, code=BAD_INPUT).output
    assert "CANDIDATE and --baseline are the same address." in said


def test_two_sides_with_one_commit_are_promoted_with_a_remark(
    grader: Grader, baseline: str
) -> None:
    with served(commit=OLD) as url:
        sides = ("gate", url, "--baseline", baseline, *OPTIONS)
        said = grader(*sides, code=DONE).stdout
        expected = grader(*sides, "--expect-commit", OLD, code=DONE).stdout
    remark = f"Remark: Both tell the same commit, {OLD[:12]}: is the new release deployed?"
    assert remark in said
    assert "the same commit" not in expected


def test_a_sentence_ends_once(grader: Grader, baseline: str) -> None:
    def nothing(environ: Any, start: Any) -> list[bytes]:
        start("404 Not Found", [("Content-Type", "text/html")])
        return [b"<h1>Not found</h1>"]

    with serve(nothing) as url:
        sides = ("gate", url, "--baseline", baseline, *OPTIONS, "--wake-timeout", 1)
        said = grader(*sides, code=FALLS_SHORT).stdout
    assert "small letters included?\n" in said


def test_a_strangers_reply_does_not_steer_the_terminal(grader: Grader, baseline: str) -> None:
    with served(lambda _: "\x1b[2J\x1b]0;owned\x07") as url:
        end = grader("gate", url, "--baseline", baseline, *OPTIONS, code=FALLS_SHORT)
    assert "\x1b" not in end.output
