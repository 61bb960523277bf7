import re
from dataclasses import replace

import pytest

from grader.formats import terminal
from grader.model import Awake, Judged, ProbeKind, Release, Scorecard, State, WakingUp
from grader.outcomes import Cause, Outcome
from tests.grader.formats.classes import (
    HINT,
    QUESTIONS,
    LargeClass,
    finished,
    scorecard,
    small_class,
    verdict,
)

CLASS = small_class()
STUDENT = CLASS[1].submission


def test_says_what_it_waits_for() -> None:
    words = terminal.waking_up(WakingUp(STUDENT, 90.0))
    assert "https://bcd234.example.com" in words
    assert "free hosts may need up to 90 s" in words
    for url in ("http://localhost:3000", "http://app.localhost:3000", "http://0.0.0.0:3000"):
        local = terminal.waking_up(WakingUp(replace(STUDENT, url=url), 5.0))
        assert local == f"Waiting for {url} to answer (up to 5 s) ..."
    assert terminal.told(WakingUp(STUDENT, 0.2), STUDENT) == ""


def test_says_which_release_answered() -> None:
    release = Release("a83654c0ffee", "vercel", "production", "iad1")
    words = terminal.awake(Awake(release, 1234.5))
    assert words == (
        "It answered after 1.2 s, running commit a83654c0ffee on vercel (production, iad1)."
    )
    assert terminal.awake(Awake(None, 99.4)) == "It answered after 99 ms."


def test_a_right_reply_takes_one_line() -> None:
    right = verdict(QUESTIONS[4], Outcome.RIGHT, "168", "The reply is 168.")
    assert terminal.told(Judged(right, 5, 12), STUDENT) == (
        " 5/12  :)    10 of 10  sum: What is 76 plus 92?  right: The reply is 168."
    )


def test_the_line_of_a_check_names_what_others_build_on() -> None:
    api = verdict(QUESTIONS[1], Outcome.WRONG, reason="it is an HTML page")
    assert terminal.judged(api, STUDENT).startswith(":(     0 of 10  the API  wrong: it is an HTML")


def test_each_check_names_its_own_probe_where_there_are_several() -> None:
    typed = replace(QUESTIONS[4], probe=ProbeKind.BROWSER)
    line = terminal.judged(verdict(QUESTIONS[4], Outcome.RIGHT), STUDENT, several_ways=True)
    assert "sum through the API: What is" in line
    assert "sum in a browser: What is" in terminal.judged(verdict(typed, Outcome.RIGHT), STUDENT)


@pytest.mark.parametrize("width", [40, 60, 79])
def test_prose_is_wrapped_at_the_width_and_what_is_copied_is_not(width: int) -> None:
    wrong = verdict(QUESTIONS[3], Outcome.WRONG, "x", "this is not your id, but another one's")
    lines = terminal.told(Judged(wrong, 5, 12), STUDENT, width=width).split("\n")
    assert lines[-1].endswith(
        'Repeat: grader ask "https://bcd234.example.com" "What is your Andrew ID?"'
    )
    assert all(len(line) <= width for line in lines if not re.search("Open: |Repeat: ", line))
    end = finished(CLASS[1], width=width).split("\n")
    assert max(map(len, end)) <= width
    assert finished(CLASS[1], width=width).split() == finished(CLASS[1]).split()


def test_a_wrong_reply_comes_with_what_helps() -> None:
    wrong = verdict(QUESTIONS[3], Outcome.WRONG, "YOUR ID HERE", "This is not your id.")
    assert terminal.judged(wrong, STUDENT).split("\n") == [
        ":(     0 of 60  andrew id: What is your Andrew ID?  wrong: This is not your id.",
        "      Reply:  YOUR ID HERE",
        "      Open:   https://app.example.com/api?q=Who+was+Shakespeare%3F",
        '      Repeat: grader ask "https://bcd234.example.com" "What is your Andrew ID?"',
    ]


def test_what_was_not_asked_cannot_be_repeated() -> None:
    skipped = terminal.judged(verdict(QUESTIONS[3], Outcome.SKIPPED), STUDENT)
    assert skipped.startswith(":|")
    assert "Repeat" not in skipped
    assert "Open" not in skipped


def test_the_end_says_where_to_implement_the_id() -> None:
    words = finished(CLASS[1])
    assert words.startswith("Score: 20 of 100 points (20 %)\n")
    assert "What to do next:" in words
    assert "webapp/query_processor.py" in words


def test_the_end_names_a_task_once() -> None:
    twice = replace(CLASS[1], verdicts=(CLASS[1].verdicts[3],) * 2)
    assert finished(twice, width=200).count(HINT) == 1


def test_a_skipped_check_is_not_a_task_of_its_own() -> None:
    words = finished(CLASS[3], width=200)
    assert Outcome.PROTECTED.rule.advice in words
    assert Outcome.SKIPPED.rule.advice not in words


def test_the_end_of_full_points() -> None:
    words = finished(CLASS[0])
    assert "Score: 100 of 100 points (100 %)" in words
    assert "commit a83654c0ffee on vercel" in words
    assert "Everything is right" in words


@pytest.mark.parametrize("card", CLASS[5:], ids=lambda card: card.state)
def test_the_end_of_what_could_not_be_graded(card: Scorecard) -> None:
    words = finished(card)
    assert card.reason in words
    assert "What to do next" not in words


def test_not_graded_is_no_zero() -> None:
    assert finished(CLASS[8]).startswith("Score: - of 100 points\n")


def test_a_class_fits_80_columns() -> None:
    strange = scorecard("漢" * 40, [Outcome.PROTECTED] * 5)
    for students in (CLASS, LargeClass(300), [strange], []):
        assert max(map(len, terminal.summary_table(students).split("\n"))) <= 80


def test_a_class_in_trouble_lists_ten_and_counts_the_rest() -> None:
    down = [unreached(f"id{n}", f"reason {n}") for n in range(25)]
    assert "and 15 more" in terminal.summary_table(down)


def test_a_reason_that_many_share_is_one_line() -> None:
    down = [unreached(f"id{n}", f"{n}.example.com port 443: refused", n) for n in range(25)]
    words = terminal.summary_table(down)
    assert "Needs a look (25)" in words
    assert "  id0 and 24 more     unreachable     …: refused" in words


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_reason_is_cut_to_the_width_there_is(width: int) -> None:
    said = "the name of this app leads nowhere, " * 5
    [line] = [
        line
        for line in terminal.summary_table([unreached("id1", said)], width=width).split("\n")
        if line.startswith("  id1")
    ]
    assert len(line) == width
    assert line.endswith("…")


def test_no_network_is_said_once_and_at_the_top() -> None:
    reason = "this machine could not look {}.example.com up: no network"
    cards = [unreached(f"id{n}", reason.format(n), n, State.NOT_GRADED) for n in range(30)]
    words = terminal.summary_table(cards, width=200)
    assert words.startswith("Nobody could be graded: this machine could not look … up: no network.")
    assert words.count("no network") == 1


def unreached(
    andrew_id: str, reason: str, number: int = 0, state: State = State.UNREACHABLE
) -> Scorecard:
    outcome = Outcome.NOT_CHECKED if state is State.NOT_GRADED else Outcome.UNREACHABLE
    url = f"https://{number}.example.com"
    return replace(scorecard(andrew_id, [outcome] * 5, state, url=url), reason=reason)


def test_what_to_do_about_a_whole_class_is_never_cut() -> None:
    cards = [replace(unreached(f"id{n}", "private"), state=State.REFUSED) for n in range(5)]
    for width in (60, 80):
        lines = terminal.summary_table(cards, width=width).split("\n")
        assert max(map(len, lines)) <= width
        assert "run again with --allow-private" in " ".join(" ".join(lines).split())


def test_what_cannot_be_checked_in_this_way_names_the_other_and_blames_nobody() -> None:
    unchecked = verdict(QUESTIONS[4], Outcome.NOT_CHECKED, "", "in a browser alone")
    judgement = replace(unchecked.judgement, cause=Cause.PROBE, advice="Use --probe browser.")
    final = replace(unchecked, judgement=judgement)
    card = replace(CLASS[8], verdicts=(final,), reason=judgement.reason)
    told = finished(card)
    assert "Use --probe browser." in told
    assert "Run the grader again" not in told
    mixed = replace(card, verdicts=(unchecked,))
    assert "Run the grader again." in finished(mixed)
