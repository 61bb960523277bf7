from dataclasses import replace

import pytest

from grader.formats import terminal
from grader.model import Awake, Judged, Release, Scorecard, WakingUp
from grader.outcomes import Outcome
from tests.grader.formats.classes import (
    HINT,
    QUESTIONS,
    LargeClass,
    scorecard,
    small_class,
    verdict,
)

CLASS = small_class()
STUDENT = CLASS[1].submission


def test_says_what_it_waits_for() -> None:
    words = terminal.waking_up(WakingUp(STUDENT, 90.0))
    assert "https://bcd234.example.com" in words
    assert "90 s" in words


def test_says_which_release_answered() -> None:
    release = Release("a83654c0ffee", "vercel", "production", "iad1")
    words = terminal.awake(Awake(release, 1234.5))
    assert words == (
        "It answered after 1.2 s, running commit a83654c0ffee on vercel (production, iad1)."
    )
    assert terminal.awake(Awake(None, 99.4)) == "It answered after 99 ms."


def test_a_right_reply_takes_one_line() -> None:
    right = verdict(QUESTIONS[4], Outcome.RIGHT, "168", "The reply is 168.")
    assert terminal.judged(Judged(right, 5, 12), STUDENT) == (
        " 5/12  :)    10 of 10  What is 76 plus 92?  The reply is 168."
    )


def test_a_wrong_reply_comes_with_what_helps() -> None:
    wrong = verdict(QUESTIONS[3], Outcome.WRONG, "YOUR ID HERE", "This is not your id.")
    assert terminal.verdict(wrong, STUDENT).split("\n") == [
        ":(     0 of 60  What is your Andrew ID?  This is not your id.",
        "      Reply:  YOUR ID HERE",
        f"      Do:     {HINT}",
        "      Open:   https://app.example.com/api?q=Who+was+Shakespeare%3F",
        '      Repeat: grader ask "https://bcd234.example.com" "What is your Andrew ID?"',
    ]


def test_the_hint_of_an_answer_is_not_given_for_a_fault_of_the_deployment() -> None:
    down = verdict(QUESTIONS[3], Outcome.SERVER_ERROR)
    assert HINT not in terminal.verdict(down, STUDENT)
    assert Outcome.SERVER_ERROR.rule.advice in terminal.verdict(down, STUDENT)


def test_what_was_not_asked_cannot_be_repeated() -> None:
    skipped = terminal.verdict(verdict(QUESTIONS[3], Outcome.SKIPPED), STUDENT)
    assert skipped.startswith(":|")
    assert "Repeat" not in skipped
    assert "Open" not in skipped


def test_the_end_says_where_to_implement_the_id() -> None:
    words = terminal.finished(CLASS[1])
    assert words.startswith("Score: 20 of 100 points (20 %)\n")
    assert "What to do next:" in words
    assert "webapp/query_processor.py" in words


def test_the_end_names_a_task_once() -> None:
    twice = replace(CLASS[1], verdicts=(CLASS[1].verdicts[3],) * 2)
    assert terminal.finished(twice).count(HINT) == 1


def test_a_skipped_check_is_not_a_task_of_its_own() -> None:
    words = terminal.finished(CLASS[3])
    assert Outcome.PROTECTED.rule.advice in words
    assert Outcome.SKIPPED.rule.advice not in words


def test_the_end_of_full_points() -> None:
    words = terminal.finished(CLASS[0])
    assert "Score: 100 of 100 points (100 %)" in words
    assert "commit a83654c0ffee on vercel" in words
    assert "Everything is right" in words


@pytest.mark.parametrize("card", CLASS[5:], ids=lambda card: card.state)
def test_the_end_of_what_could_not_be_graded(card: Scorecard) -> None:
    words = terminal.finished(card)
    assert card.reason in words
    assert "What to do next" not in words


def test_not_graded_is_no_zero() -> None:
    assert terminal.finished(CLASS[8]).startswith("Score: - of 100 points\n")


def test_a_class_fits_80_columns() -> None:
    strange = scorecard("漢" * 40, [Outcome.PROTECTED] * 5)
    for students in (CLASS, LargeClass(300), [strange], []):
        assert max(map(len, terminal.summary_table(students).split("\n"))) <= 80


def test_a_class_in_trouble_lists_ten_and_counts_the_rest() -> None:
    down = [scorecard(f"id{n}", [Outcome.PROTECTED] * 5) for n in range(25)]
    assert "and 15 more" in terminal.summary_table(down)


def test_what_cannot_be_checked_in_this_way_names_the_other_and_blames_nobody() -> None:
    unchecked = verdict(QUESTIONS[4], Outcome.NOT_CHECKED, "", "ask it with --probe browser")
    judgement = replace(unchecked.judgement, final=True)
    final = replace(unchecked, judgement=judgement)
    told = terminal.judged(Judged(final, 5, 12), STUDENT)
    assert "--probe browser" in told
    assert "run the grader again" not in told
    assert "Repeat:" not in told
    card = replace(CLASS[8], verdicts=(final,), reason=judgement.reason)
    assert "asked in that way, it can be graded" in terminal.finished(card)
    mixed = replace(card, verdicts=(final, unchecked))
    assert "Run the grader again." in terminal.finished(mixed)


def test_a_page_that_crashed_is_to_be_looked_at_and_not_the_query() -> None:
    for text_box, expected in ((False, "console (F12)"), (True, HINT)):
        wrong = verdict(QUESTIONS[3], Outcome.WRONG, "Application error", "the script failed")
        shown = replace(wrong.replies[-1], page_error="TypeError: x", text_box=text_box)
        crashed = replace(wrong, replies=(shown,))
        assert expected in terminal.judged(Judged(crashed, 4, 12), STUDENT)
