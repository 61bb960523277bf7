"""What is the app's own, what may change by waiting, and what is old."""

from datetime import UTC, datetime

import pytest

from grader.judging import judge
from grader.judging.second_look import (
    is_from_a_cache,
    is_own,
    may_change,
    seen_own,
    silence,
    worth_another_look,
)
from grader.model import NumberKey, ProbeKind, Reply, Verdict
from grader.outcomes import Cause, Outcome
from tests.grader.judging.asking import question, reply

API, PAGE = ProbeKind.API, ProbeKind.PAGE
HTML = "<!doctype html><p>Starting up"


@pytest.mark.parametrize(
    ("came", "probe", "own"),
    [
        (reply("23"), API, True),
        (reply(""), API, True),
        (reply("Internal error", content_type="text/html"), API, True),
        (reply("wrong", status=201), API, True),
        (reply(HTML), API, False),
        (reply("<p>x", content_type="text/html"), API, False),
        (reply("23", status=404), API, False),
        (reply("23", status=500), API, False),
        (reply(failure=Outcome.TOO_LARGE), API, True),
        (reply(failure=Outcome.TOO_SLOW), API, False),
        (reply("", text_box=True), PAGE, True),
        (reply("", text_box=False), PAGE, False),
        (reply("", text_box=None), PAGE, False),
        (reply("", text_box=True, status=404), PAGE, False),
    ],
)
def test_what_is_the_apps_own(came: Reply, probe: ProbeKind, own: bool) -> None:
    assert is_own(came, probe) is own


@pytest.mark.parametrize(
    ("came", "may"),
    [
        (reply(HTML), True),
        (reply(status=404), True),
        (reply(status=403), True),
        (reply(status=401), False),
        (reply(status=429), True),
        (reply(status=502), True),
        (reply(HTML, final_url="https://vercel.com/login"), False),
        (reply(failure=Outcome.TOO_SLOW), True),
        (reply(failure=Outcome.UNREACHABLE), True),
        (reply(failure=Outcome.UNREACHABLE, lasting=True), False),
        (reply(failure=Outcome.TOO_LARGE), False),
        (reply(failure=Outcome.FORBIDDEN_ADDRESS), False),
        (reply(failure=Outcome.NOT_CHECKED), False),
    ],
)
def test_what_may_change_by_waiting(came: Reply, may: bool) -> None:
    assert may_change(came) is may


def _verdict(came: Reply) -> Verdict:
    asked = question(NumberKey(23))
    return Verdict(asked, judge(asked, came), (came,))


def test_one_reply_of_the_apps_own_is_enough_and_healthz_is_none() -> None:
    lost = [_verdict(reply(status=404)), _verdict(reply(HTML))]
    assert not seen_own(lost)
    assert worth_another_look(lost)
    assert not seen_own([_verdict(reply("{}", url="https://app.example/healthz"))])
    assert seen_own([*lost, _verdict(reply("no idea"))])
    assert not worth_another_look([_verdict(reply(status=401))])


def test_silence_is_what_all_places_share() -> None:
    down = reply(failure=Outcome.UNREACHABLE, detail="refused")
    assert (told := silence([down, down])) is not None
    assert (told.outcome, told.reason) == (Outcome.UNREACHABLE, "refused")
    assert silence([down, reply(status=404)]) is None
    challenged = silence([reply(status=404), reply(headers={"cf-mitigated": "challenge"})])
    assert challenged is not None
    assert challenged.cause is Cause.BOT_PROTECTION


@pytest.mark.parametrize(
    ("headers", "old"),
    [
        ({}, False),
        ({"x-vercel-cache": "STALE"}, True),
        ({"x-vercel-cache": "HIT"}, True),
        ({"x-vercel-cache": "MISS"}, False),
        ({"x-vercel-cache": "PRERENDER"}, False),
        ({"cf-cache-status": "HIT"}, True),
        ({"cf-cache-status": "DYNAMIC"}, False),
        ({"x-cache": "Hit from cloudfront"}, True),
        ({"x-cache": "Miss from cloudfront"}, False),
        ({"age": "0"}, False),
        ({"age": "3600"}, True),
        ({"age": "-3600"}, False),
        ({"age": "9" * 5000}, False),
        ({"age": "\u0665\u0665"}, False),
    ],
)
def test_what_a_cache_answered(headers: dict[str, str], old: bool) -> None:
    assert is_from_a_cache(reply("23", headers=headers)) is old


def test_after_right_answers_a_refusing_page_is_bot_protection() -> None:
    right = _verdict(reply("23"))
    page = reply(HTML, status=403, content_type="text/html")
    alone = judge(question(NumberKey(23)), page)
    assert alone.outcome is Outcome.PROTECTED
    after = judge(question(NumberKey(23)), page, earlier=[right])
    assert (after.outcome, after.cause) == (Outcome.NOT_CHECKED, Cause.BOT_PROTECTION)
    plain = judge(question(NumberKey(23)), reply("slow down", status=429), earlier=[right])
    assert plain.outcome is Outcome.RATE_LIMITED


def test_404_to_one_query_among_others_is_told_to_answer_nothing() -> None:
    first = judge(question(NumberKey(23)), reply(status=404))
    assert "path spelled" in first.reason
    later = judge(question(NumberKey(23)), reply(status=404), earlier=[_verdict(reply("23"))])
    assert later.outcome is Outcome.CLIENT_ERROR
    assert "path" not in later.reason
    assert "status 200" in later.advice


def test_how_long_an_app_wants_to_be_left_alone() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert reply(asked_at=at).ask_again_at is None
    asked = reply(asked_at=at, elapsed_ms=500, retry_after=12)
    assert asked.ask_again_at is not None
    assert (asked.ask_again_at - at).total_seconds() == 12.5
    years = reply(asked_at=at, elapsed_ms=0, retry_after=1e12)
    assert years.ask_again_at is not None
    assert (years.ask_again_at - at).total_seconds() == 120
