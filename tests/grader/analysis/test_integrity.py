import json
from dataclasses import replace

import pytest
from markupsafe import escape

from grader.analysis.integrity import Flag, FlagKind, Integrity, shared_links
from grader.formats import report_html, results_json, student_html, terminal
from grader.formats.words import FLAG_MEANINGS
from grader.judging import judge
from grader.model import (
    ConsistencyKey,
    IdKey,
    Question,
    Release,
    ReleaseKey,
    Reply,
    Scorecard,
    Submission,
)
from grader.outcomes import Outcome
from tests.grader.formats.classes import RUN, START, scorecard, verdict

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def answering(andrew_id: str, reply: str, commit: str = "", url: str = "") -> Scorecard:
    """A student whose app gives `reply` for the id, judged as it is in a run."""
    question = Question("andrew_id", "Who are you?", IdKey(andrew_id), 10, "andrew_id")
    judgement = judge(question, Reply("https://x.example", START, 200, reply, "text/plain"))
    card = scorecard(andrew_id, [judgement.outcome], questions=[question])
    answer = verdict(question, judgement.outcome, reply)
    submission = replace(card.submission, url=url or card.submission.url)
    return replace(card, verdicts=(answer,), release=Release(commit or None), submission=submission)


def flags_of(cards: list[Scorecard]) -> tuple[Flag, ...]:
    integrity = Integrity()
    for card in cards:
        integrity.see(card)
    return integrity.flags()


def pair() -> list[Scorecard]:
    return [
        answering("ada", "ada", COMMIT),
        answering("ben", "My Andrew ID is ada.", COMMIT),
        answering("cleo", "cleo", COMMIT[::-1]),
    ]


def test_a_class_of_which_each_did_their_own_has_no_flag() -> None:
    assert flags_of([answering(name, name, name * 10) for name in ("ada", "bee")]) == ()


def test_one_url_of_several_students() -> None:
    cards = [answering(name, "", url="https://one.example") for name in ("ada", "ben")]
    flag = Flag(
        FlagKind.SAME_URL, ("ada", "ben"), "https://one.example was handed in by 2 students"
    )
    assert flags_of([*cards, answering("cleo", "")]) == (flag,)
    assert shared_links(card.submission for card in cards) == [flag]


def test_having_no_link_is_nothing_in_common() -> None:
    assert shared_links([Submission("ada", ""), Submission("ben", "")]) == []


def test_one_release_at_different_urls() -> None:
    found = flags_of(pair())
    assert found[0] == Flag(
        FlagKind.SAME_RELEASE,
        ("ada", "ben"),
        "commit 0123456789ab answers at 2 URLs",
    )


def test_one_release_at_one_url_is_said_once() -> None:
    cards = [answering(name, "", COMMIT, "https://one.example") for name in ("ada", "ben")]
    assert [flag.kind for flag in flags_of(cards)] == [FlagKind.SAME_URL]


@pytest.mark.parametrize(
    "reply",
    [
        "ada",
        "ADA",
        " “ada”. ",
        "ada@andrew.cmu.edu",
        "My Andrew ID is ada.",
        "My Andrew ID: ada",
        "id=ada",
        "ada is my Andrew ID",
        "Hi, my id is\tA\u200bda!",
        "\uff41da",
        "My Andrew ID is ada, I think",
        "ada ben",
        "adam",
        "",
        "ada " * 100,
        "12:ada:30",
        "I'm ada :)",
        "<b>ada</b>",
        "<p>My Andrew ID is <i>ada</i></p>",
        "My id was ada",
        "My id \N{RIGHTWARDS ARROW} ada",
        "ID: ada :)",
        "Who are you? ada",
        "Who are you? I am ada!",
        "Who are you? ada ben",
        f"{'I thought about it. ' * 50} My Andrew ID is ada",
    ],
)
def test_an_id_is_another_students_where_judging_would_take_it_for_theirs(reply: str) -> None:
    to_ada = answering("ada", reply).verdicts[0].outcome is Outcome.RIGHT
    found = flags_of([answering("ben", reply), answering("Ada", "")])
    assert [flag.students for flag in found] == ([("ben",)] if to_ada else [])


def test_an_id_of_nobody_here_is_only_wrong() -> None:
    assert flags_of([answering("ada", "YOUR-ID"), answering("ben", "zoe")]) == ()


def test_an_own_id_where_a_battery_asks_for_another_is_only_wrong() -> None:
    question = Question("id", "What is your number?", IdKey("4711"), 10, "id")
    card = scorecard("ada", [Outcome.WRONG], questions=[question])
    card = replace(card, verdicts=(verdict(question, Outcome.WRONG, "ada"),))
    assert flags_of([card]) == ()


def test_all_who_answer_with_one_id_are_one_flag() -> None:
    cards = [answering(name, "ada") for name in ("ada", "ben", "cleo")]
    detail = "answered with the id of ada, another student of the class"
    assert flags_of(cards) == (Flag(FlagKind.OTHERS_ID, ("ben", "cleo"), detail),)


def test_failed_checks_of_the_release_and_of_the_fleet() -> None:
    questions = (
        Question("release", "", ReleaseKey(COMMIT), 0, "release"),
        Question("consistency", "", ConsistencyKey(), 0, "consistency"),
    )
    for outcome, kinds in (
        (Outcome.WRONG, [FlagKind.OTHER_RELEASE, FlagKind.MIXED_FLEET]),
        (Outcome.RIGHT, []),
        (Outcome.CLIENT_ERROR, []),
    ):
        card = scorecard("ada", [outcome] * 2, questions=questions)
        found = flags_of([card])
        assert [flag.kind for flag in found] == kinds
        assert all(flag.students == ("ada",) for flag in found)


def test_the_report_says_what_each_may_mean() -> None:
    text = "".join(report_html.render(RUN, pair()))
    for flag in flags_of(pair()):
        assert escape(FLAG_MEANINGS[flag.kind]) in text
    assert text.index("Worth asking about") < text.index("The class")


def test_who_lost_points_is_not_told_that_nobody_did() -> None:
    release = Question("release", "", ReleaseKey(COMMIT), 10, "release")
    card = scorecard("ada", [Outcome.WRONG], questions=[release])
    for text in ("".join(report_html.render(RUN, [card])), terminal.summary_table([card])):
        assert "flag itself costs nothing" in text
        assert "cost anybody a point" not in text
    assert "cost what the battery says" in "".join(report_html.render(RUN, [card]))


def test_results_hold_them_for_programs() -> None:
    results = json.loads("".join(results_json.render(RUN, pair())))
    assert results["flags"][1] == {
        "kind": "another's id",
        "students": ["ben"],
        "detail": "answered with the id of ada, another student of the class",
    }


def test_the_summary_of_a_batch_names_them() -> None:
    assert terminal.summary_table(pair()).endswith(
        "\n\nWorth asking about (2), a flag itself costs nothing: see report.html\n"
        "  same release    ada, ben\n"
        "  another's id    ben"
    )


def test_a_student_learns_nothing_of_them() -> None:
    for card in pair():
        page = student_html.render(RUN, card)
        assert "another student of the class" not in page
        assert "Worth asking" not in page
