"""How a deployment answered: what is said of https, the certificate and the speed, and where."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from grader.formats import scorecard_json, student_html, terminal, transcript_text, transport, words
from grader.model import (
    ProbeKind,
    Reply,
    Scorecard,
    ScorecardKind,
    StoredScorecard,
    Timings,
    Transcript,
    Verdict,
)
from grader.outcomes import Outcome
from tests.grader.formats.classes import (
    QUESTIONS,
    RUN,
    START,
    finished,
    scorecard,
    small_class,
    verdict,
)

FULL, *_, UNREACHABLE = small_class()[:6]


def asked(*urls: str, link: str = "") -> Scorecard:
    """A scorecard whose replies came from these URLs, the last of a redirect's beginning."""
    replies = tuple(Reply(url, START, 200, final_url=urls[-1]) for url in urls)
    card = scorecard("abc123", [Outcome.RIGHT], questions=QUESTIONS[:1], url=link or urls[0])
    return replace(card, verdicts=(replace(card.verdicts[0], replies=replies),))


def expiring(in_days: float) -> Scorecard:
    card = asked("https://a.example/")
    expires = card.finished_at + timedelta(days=in_days)
    reply = replace(card.verdicts[0].replies[0], certificate_expires_at=expires)
    return replace(card, verdicts=(replace(card.verdicts[0], replies=(reply,)),))


@pytest.mark.parametrize(
    ("card", "secure"),
    [
        (asked("https://a.example/"), True),
        (asked("http://a.example/"), False),
        (asked("http://a.example/", "https://a.example/"), False),
        (asked("https://a.example/", "http://a.example/"), False),
        (UNREACHABLE, None),
    ],
)
def test_https_from_the_link_on(card: Scorecard, secure: bool | None) -> None:
    assert transport.https(card) is secure


def test_plain_http_gets_a_kind_word_but_not_on_ones_own_machine() -> None:
    assert "others on the way can read" in transport.connection(asked("http://a.example/"))
    for own in ("http://localhost:3000", "http://127.0.0.1:80", "http://[::ffff:127.0.0.1]"):
        assert transport.connection(asked(own)) == ""
    assert transport.connection(UNREACHABLE) == ""


@pytest.mark.parametrize(
    ("in_days", "said"),
    [
        (90, "https, certificate valid until 2026-05-31 14:05 UTC"),
        (14, "https, certificate valid until 2026-03-16 14:05 UTC"),
        (13.9, "ends in 13 days, 2026-03-16 11:41 UTC"),
        (1.5, "ends in a day, "),
        (0.2, "ends in hours, "),
    ],
)
def test_a_certificate_that_ends_soon_is_a_warning(in_days: float, said: str) -> None:
    words_of_it = transport.connection(expiring(in_days))
    assert said in words_of_it
    assert ("renewed" in words_of_it) == (in_days < 14)


def test_the_speed_names_what_was_right_but_slow() -> None:
    assert transport.speed(FULL) == "median 42 ms, 95th percentile 2.3 s; 1 right, but slow"
    assert transport.speed(asked("https://a.example/")) == "median 0 ms, 95th percentile 0 ms"
    assert transport.speed(UNREACHABLE) == ""


def test_no_phase_is_claimed_that_was_not_measured() -> None:
    reply = Reply("https://a.example/", START)
    assert words.phases(reply) == ""
    assert words.phases(replace(reply, timings=Timings())) == ""
    whole = Timings(12, 20.4, 35, 110, 2.4)
    assert words.phases(replace(reply, timings=whole)) == (
        "resolve 12 ms, connect 20 ms, TLS 35 ms, first byte 110 ms, transfer 2 ms"
    )
    kept = Timings(first_byte=110, transfer=0.0)
    assert words.phases(replace(reply, timings=kept)) == "first byte 110 ms, transfer 0 ms"


def test_every_place_says_it() -> None:
    stored = StoredScorecard(
        FULL, ScorecardKind.GRADED, 1, START, START, superseded=False, current=True
    )
    shown = transcript_text.render(RUN, Transcript(FULL.submission, (stored,), ()))
    page = student_html.render(RUN, FULL)
    for text in (finished(FULL), shown, page):
        assert "https, certificate valid until 2026-05-01 14:05 UTC" in text
        assert transport.speed(FULL) in text
    for text in (terminal.judged(FULL.verdicts[-1], FULL.submission), shown, page):
        assert "right, but slow (2.3 s)" in text
    for text in (shown, page):
        assert "resolve 12 ms, connect 8 ms, TLS 10 ms, first byte 10 ms, transfer 0 ms" in text


def test_programs_read_it() -> None:
    student = json.loads(scorecard_json.render(RUN, FULL))
    assert (student["https"], student["certificate_expires_at"], student["latency"]) == (
        True,
        "2026-05-01T14:05:00.000Z",
        {"median_ms": 41.5, "p95_ms": 2312.4},
    )
    first, *_, last = student["items"]
    assert first["timings"] == {
        "resolve_ms": 12.3,
        "connect_ms": 8.0,
        "tls_ms": 10.2,
        "first_byte_ms": 9.9,
        "transfer_ms": 0.4,
    }
    assert (first["degraded"], last["degraded"]) == (False, True)
    assert last["timings"]["tls_ms"] is None


def repeated(value: Verdict) -> str:
    return words.repeat_command(FULL.submission, value)


@pytest.mark.parametrize("probe", ProbeKind)
def test_the_line_to_repeat_asks_through_the_same_probe(probe: ProbeKind) -> None:
    through = "" if probe is ProbeKind.API else f"--probe {probe} "
    question = replace(QUESTIONS[3], probe=probe)
    assert repeated(verdict(question, Outcome.WRONG)) == (
        f'grader ask {through}"https://abc123.example.com" "What is your Andrew ID?"'
    )


def test_what_the_line_could_not_repeat_has_none() -> None:
    letters = replace(QUESTIONS[3], probe=ProbeKind.BROWSER, typing="letters")
    assert repeated(verdict(letters, Outcome.WRONG)) == ""
    assert repeated(verdict(QUESTIONS[0], Outcome.WRONG)) == "", "there is no query"
    assert repeated(verdict(QUESTIONS[3], Outcome.SKIPPED)) == ""
    typed = replace(letters, probe=ProbeKind.PAGE)
    assert repeated(verdict(typed, Outcome.WRONG)), "the page probe does not type"
