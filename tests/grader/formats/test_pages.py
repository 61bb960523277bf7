import re
from dataclasses import replace
from itertools import count

import pytest
from bs4 import BeautifulSoup

from grader.formats import markup, report_html, student_html, terminal
from grader.model import Question, State, Verdict
from grader.outcomes import Outcome
from grader.questions import draw, load_battery
from tests.grader.formats.classes import RUN, LargeClass, scorecard, small_class, verdict

CLASS = small_class()


def long_answer(question: Question, number: int) -> Verdict:
    """Longer than the report shows, in every third case wrong with a reason that is, too."""
    outcome = Outcome.RIGHT if number % 3 else Outcome.WRONG
    answer = verdict(question, outcome, "I think that it is so: " * 90, "It is not so: " * 20)
    return replace(answer, degraded=number % 10 == 0)


def test_500_students_with_long_replies_stay_below_5_mb() -> None:
    battery = load_battery("extreme")
    cards = [
        replace(
            card,
            state=State.GRADED,
            verdicts=tuple(map(long_answer, draw(battery, card.submission, seed=1), count())),
        )
        for card in LargeClass(500, questions=1)
    ]
    text = "".join(report_html.render(replace(RUN, battery=battery), cards))
    assert text.count("I think that") > 500 * 30
    assert len(text.encode()) < 5_000_000


def test_a_class_is_streamed() -> None:
    large = LargeClass(30)
    assert len(list(report_html.render(RUN, large))) > 3
    assert large.passes == 3


def test_a_very_large_class_keeps_its_replies_in_the_students_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report_html, "MOST_STUDENTS_WITH_REPLIES", 8)
    text = "".join(report_html.render(RUN, CLASS))
    assert "Checks and replies" not in text
    assert 'id="student-abc123"' in text
    assert '<a href="students/abc123.html">abc123</a>' in text


def test_a_report_names_what_is_needed_to_repeat_it() -> None:
    text = "".join(report_html.render(RUN, CLASS))
    for part in ("activity", "313", "2026-03-02 14:05 UTC", "Two students handed in"):
        assert part in text


def test_the_report_and_the_terminal_tell_the_same_figures() -> None:
    cards = [
        scorecard("ada", [Outcome.PROTECTED] * 5, url="https://one.example"),
        scorecard("ben", [Outcome.WRONG] * 4 + [Outcome.RIGHT], url="https://one.example"),
    ]
    report, words = "".join(report_html.render(RUN, cards)), terminal.summary_table(cards)
    for heading in ("Needs a look", "Worth asking about"):
        assert f'{heading} <span class="count">1</span>' in report
        assert f"{heading} (1)" in words
    assert "2.5 to 7.5 %" in report
    assert "middle half 2.5 to 7.5 %" in words


def test_the_report_and_the_terminal_tell_the_same_shares() -> None:
    report, words = "".join(report_html.render(RUN, CLASS)), terminal.summary_table(CLASS)
    shares = re.findall(r" (\d+(?:\.\d)? %)  [#.]+$", words, re.MULTILINE)
    assert shares == ["44.4 %", "55.6 %", "12.5 %", "12.5 %", "37.5 %"]
    assert re.findall(r">([\d.]+ %)<small>\d+ of \d", report) == shares


def test_a_report_says_how_questions_and_deployments_did() -> None:
    text = "".join(report_html.render(RUN, LargeClass(60)))
    assert re.search(r"0\.\d\d<small>very well</small>", text)
    assert "<caption>Slowest deployments</caption>" in text
    assert "<b class=look>but slow</b>" in text


def test_discrimination_is_silent_where_too_few_differ_on_either_side() -> None:
    assert "Discrimination" not in "".join(report_html.render(RUN, CLASS))
    assert "Discrimination</th>" in "".join(report_html.render(RUN, LargeClass(60)))


def test_a_class_that_was_not_reached_has_no_latency() -> None:
    down = [scorecard("abc", [Outcome.UNREACHABLE] * 5, State.UNREACHABLE)]
    text = "".join(report_html.render(RUN, down))
    assert "How fast they answered" not in text
    assert "Unreachable." in text


def test_a_report_of_nobody() -> None:
    text = "".join(report_html.render(RUN, []))
    assert "Nothing: every submission was graded" in text


def test_replies_are_cut_in_the_report_and_whole_in_the_page() -> None:
    card = scorecard("abc123", [Outcome.WRONG] * 5)
    reply = replace(card.verdicts[0].replies[0], text="x" * 5000)
    card = replace(card, verdicts=(replace(card.verdicts[0], replies=(reply,)),))
    assert "x" * 120 not in "".join(report_html.render(RUN, [card]))
    assert "x" * 119 + "…" in "".join(report_html.render(RUN, [card]))
    assert "x" * 5000 in student_html.render(RUN, card)


def test_a_student_page_holds_the_evidence() -> None:
    text = student_html.render(RUN, CLASS[1])
    assert "bcd234" in text
    assert "try later" in text
    assert "grader ask &#34;https://bcd234.example.com&#34; &#34;What is 76 plus 92?&#34;" in text
    assert "webapp/query_processor.py" in text


def test_a_student_page_holds_nothing_of_the_class() -> None:
    text = student_html.render(RUN, CLASS[1])
    assert "fgh678" not in text
    assert "s3cret-bypass" not in text
    assert "555-0100" not in text


def test_no_score_is_shown_where_there_is_none() -> None:
    text = student_html.render(RUN, CLASS[8])
    assert "<strong>&ndash;</strong> of 100 points" in text
    assert "no zero" in text


@pytest.mark.parametrize(
    ("outcome", "tone"),
    [
        (Outcome.RIGHT, "good"),
        (Outcome.WRONG, "bad"),
        (Outcome.PROTECTED, "look"),
        (Outcome.SKIPPED, "mute"),
        (Outcome.NOT_CHECKED, "mute"),
    ],
)
def test_tones(outcome: Outcome, tone: str) -> None:
    assert markup.tone(outcome) == tone


def test_a_picture_is_shown_on_the_students_page_alone() -> None:
    card = scorecard("abc123", [Outcome.WRONG] * 5)
    seen = replace(card.verdicts[0].replies[0], screenshot_png="iVBORw0KGgo=")
    card = replace(card, verdicts=(replace(card.verdicts[0], replies=(seen,)),))
    page = student_html.render(RUN, card)
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="The page' in page
    assert "img-src data:;" in page
    assert "iVBORw0KGgo=" not in "".join(report_html.render(RUN, [card]))


def test_what_was_not_asked_is_folded_on_the_students_page() -> None:
    page = BeautifulSoup(student_html.render(RUN, CLASS[3]), "lxml")
    folded = {each.select("summary")[0].text: each for each in page.select("details.folded")}
    assert list(folded) == ["2 not asked, since what comes before them failed", "1 right"]
    skipped, right = folded.values()
    assert [each.text for each in skipped.select(".pill")] == ["skipped"] * 2
    assert [each.text for each in right.select(".pill")] == ["right"]
    shown = [each for each in page.select(".pill") if not each.find_parents("details")]
    assert [each.text for each in shown] == ["protected"] * 2


def test_what_a_crash_kept_from_being_asked_is_folded_too() -> None:
    card = CLASS[8]
    unasked = replace(card.verdicts[-1], replies=())
    page = BeautifulSoup(
        student_html.render(RUN, replace(card, verdicts=(*card.verdicts[:-1], unasked))), "lxml"
    )
    folded = [each.select("summary")[0].text for each in page.select("details.folded")]
    assert folded == ["1 not asked", "2 right"]
