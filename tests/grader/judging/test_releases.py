import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.judging import judge, read_release
from grader.model import ConsistencyKey, Judgement, Release, ReleaseKey, Reply
from grader.outcomes import Outcome
from tests.grader.judging.asking import question, reply, unhurried

NEW, OLD = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678", "0" * 40
COMMITS = st.text("0123456789abcdef", min_size=7, max_size=40)


def healthz(commit: object, **told: object) -> Reply:
    body = json.dumps({"status": "ok", "release": {"commit": commit, **told}})
    return replace(reply(body), url="https://app.example/healthz")


def released(commit: str, came: Reply) -> Judgement:
    return judge(question(ReleaseKey(commit), query=""), came)


def compared(replies: Iterable[Reply], connections: int = 8) -> Judgement:
    return judge(question(ConsistencyKey(connections)), *replies)


def test_a_release_is_read_and_nothing_but_short_text_is_kept() -> None:
    came = healthz(NEW, platform="vercel", environment="p" * 500, region=["iad1"])
    assert read_release(came) == Release(NEW, "vercel", "p" * 60, None)
    half_a_pair = healthz(NEW, platform="\ud800", environment=None, region=None)
    assert read_release(half_a_pair) == Release(NEW, "?")


@pytest.mark.parametrize(
    "text",
    [
        "", "ok", "[]", "null", "{", '{"release": 1}', '{"release": null}', "[" * 50_000,
        "<html></html>",
    ],
)  # fmt: skip
def test_what_tells_no_release_is_read_as_none(text: str) -> None:
    came = replace(healthz(NEW), text=text)
    assert read_release(came) is None
    assert released("", came).outcome is Outcome.EMPTY


@pytest.mark.parametrize(
    "commit", ["A1B2C3D4", "a1b2c3", "a" * 41, "main", "a1b2c3d\n", 1234567, None, [NEW]]
)
def test_what_is_no_commit_is_none(commit: object) -> None:
    assert released("", healthz(commit)).outcome is Outcome.EMPTY


@pytest.mark.parametrize("expected", ["", NEW, NEW[:7], NEW[:12]])
def test_the_expected_commit_answers(expected: str) -> None:
    assert released(expected, healthz(NEW)).outcome is Outcome.RIGHT
    assert released(expected, healthz(NEW[:12])).outcome is Outcome.RIGHT


@unhurried
@given(expected=COMMITS, commit=COMMITS)
def test_another_commit_never_does(expected: str, commit: str) -> None:
    size = min(len(expected), len(commit))
    same = expected[:size] == commit[:size]
    assert (released(expected, healthz(commit)).outcome is Outcome.RIGHT) == same


def test_another_commit_is_named() -> None:
    judgement = released(NEW, healthz(OLD))
    assert judgement.outcome is Outcome.WRONG
    assert judgement.reason == "commit 000000000000 answers, not a1b2c3d4e5f6"


def test_an_app_without_the_endpoint_is_told_so() -> None:
    judgement = released(NEW, replace(healthz(NEW), status=404))
    assert judgement.outcome is Outcome.CLIENT_ERROR
    assert judgement.reason == (
        "/healthz answered with status 404: nobody can tell which commit runs"
    )


def test_one_release_and_one_answer_are_consistent() -> None:
    judgement = compared([*[healthz(NEW)] * 8, *[reply("hbovik")] * 7, reply(" HBovik.\n")])
    assert judgement.outcome is Outcome.RIGHT
    assert "one release, commit a1b2c3d4e5f6" in judgement.reason


def test_one_instance_of_another_release_is_named() -> None:
    judgement = compared([*[healthz(NEW)] * 7, healthz(OLD), *[reply("hbovik")] * 8])
    assert judgement.outcome is Outcome.WRONG
    assert judgement.reason == (
        "8 fresh connections met different releases: commit a1b2c3d4e5f6 (7), "
        "commit 000000000000 (1)"
    )


def test_one_instance_that_answers_otherwise_is_quoted() -> None:
    judgement = compared([*[healthz(NEW)] * 8, *[reply("hbovik")] * 7, reply("No Match")])
    assert judgement.outcome is Outcome.WRONG
    assert "different answers: “hbovik” (7), “no match” (1)" in judgement.reason


def test_answers_that_differ_where_no_quotation_shows_it_differ() -> None:
    texts = ["x" * 200 + end for end in "ab"]
    assert compared(map(reply, texts), connections=2).outcome is Outcome.WRONG


def test_an_app_without_the_path_gives_no_answer_that_could_be_compared() -> None:
    missing = replace(reply("Not Found"), status=404)
    assert compared([*[healthz(NEW)] * 8, *[missing] * 8]).outcome is Outcome.CLIENT_ERROR
    # One instance that lacks it is another matter.
    mixed = compared([*[healthz(NEW)] * 8, *[reply("hbovik")] * 7, missing])
    assert mixed.outcome is Outcome.WRONG
    assert "“status 404” (1)" in mixed.reason


def test_many_answers_are_not_all_quoted() -> None:
    judgement = compared([reply(f"answer {number}") for number in range(64)], connections=64)
    assert judgement.reason.endswith("and others")
    assert len(judgement.reason) < 300


def test_an_instance_without_the_endpoint_is_another_release() -> None:
    bare = replace(healthz(NEW), status=404)
    judgement = compared([*[healthz(NEW)] * 7, bare, *[reply("hbovik")] * 8])
    assert judgement.outcome is Outcome.WRONG
    assert "no commit told (1)" in judgement.reason


def test_a_fleet_that_tells_no_release_is_compared_by_its_answers() -> None:
    bare = [replace(healthz(NEW), status=404)] * 8
    assert compared([*bare, *[reply("hbovik")] * 8]).outcome is Outcome.RIGHT
    assert compared([*bare, *[reply("hbovik")] * 7, reply("")]).outcome is Outcome.WRONG


def test_a_connection_that_fails_is_told_as_what_it_is() -> None:
    late = reply(failure=Outcome.TOO_SLOW, detail="no complete reply within 10 s")
    judgement = compared([*[healthz(NEW)] * 8, reply("hbovik"), late])
    assert judgement.outcome is Outcome.TOO_SLOW
    assert judgement.reason == (
        "one of the fresh connections failed: no complete reply within 10 s"
    )


def test_a_second_pass_is_judged_by_itself() -> None:
    late = reply(failure=Outcome.TOO_SLOW)
    first = [*[healthz(OLD)] * 8, reply("No Match"), late]
    second = [*[healthz(NEW)] * 8, *[reply("hbovik")] * 8]
    assert compared([*first, *second]).outcome is Outcome.RIGHT
