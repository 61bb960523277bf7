"""What to do next: that it fits the app that was asked, and is said once."""

from dataclasses import replace

import pytest

from grader.formats import student_html, terminal
from grader.formats.advice import STARTER_FAILS, Advice, explanation
from grader.model import (
    AnythingKey,
    IdKey,
    Judgement,
    NumberKey,
    Question,
    Release,
    Reply,
    Scorecard,
    State,
    Timings,
    Verdict,
)
from grader.outcomes import Outcome
from grader.questions import FAMILIES, load_battery, shipped_batteries
from tests.components import ROOT
from tests.grader.formats.classes import QUESTIONS, RUN, START, finished, scorecard, verdict

LOCAL = "http://127.0.0.1:3000"
FILE = "webapp/query_processor.py"
ID = Question(
    "andrew_id", "What is your Andrew ID?", IdKey("ada"), 10, "andrew_id", hint="Tell it."
)
SUM = Question("addition", "What is 1 plus 2?", NumberKey(3), 10, "addition", hint="Add them.")
MIXED = replace(
    SUM, family="plus_multiplied", query="What is 1 plus 2 multiplied by 3?", name="mixed"
)
ROBUST = Question(
    "robust", "What is 8 divided by 2?", AnythingKey("ada"), 10, "robust", hint="Nobody asked."
)

R, W, E = Outcome.RIGHT, Outcome.WRONG, Outcome.EMPTY


def card(
    *verdicts: Verdict, starter: bool = False, url: str = "https://a.example.com"
) -> Scorecard:
    made = scorecard("ada", [], questions=[], url=url)
    return replace(made, verdicts=verdicts, release=Release() if starter else None)


def on(
    value: Verdict, *others: Verdict, starter: bool = False, url: str = "https://x.example"
) -> str:
    return Advice(card(value, *others, starter=starter, url=url)).on(value)


@pytest.mark.parametrize("question", [ID, SUM, ROBUST])
@pytest.mark.parametrize("outcome", [W, E])
def test_the_starters_files_are_named_where_the_starter_answers_alone(
    question: Question, outcome: Outcome
) -> None:
    value = verdict(question, outcome, "x" if outcome is W else "")
    assert FILE not in on(value)
    assert (FILE in on(value, starter=True)) == (outcome is E or question is ID)


def test_the_file_is_named_once_where_the_hint_has_it_too() -> None:
    hinted = replace(ID, hint=f"Open {FILE}.")
    assert on(verdict(hinted, W, "x"), starter=True).count(FILE) == 1


@pytest.mark.parametrize(
    ("value", "others", "caught"),
    [
        (verdict(SUM, W, "Shakespeare was a poet"), (), True),
        (verdict(SUM, W, "5"), (), False),
        (verdict(SUM, W, "No Match"), (), True),
        (verdict(MIXED, W, "3"), (), True),
        (verdict(ID, W, "Prospero"), (), False),
        (verdict(ID, W, "a poet"), (verdict(QUESTIONS[2], R, "a poet"),), True),
        (verdict(ROBUST, W, "ada"), (verdict(ID, R, "ada"),), True),
        (verdict(ID, W, "bob"), (verdict(replace(ID, query="Your Andrew ID?"), W, "bob"),), False),
    ],
)
def test_an_earlier_branch_may_have_answered(
    value: Verdict, others: tuple[Verdict, ...], caught: bool
) -> None:
    assert ("An earlier branch" in on(value, *others)) == caught


def test_an_empty_reply_may_be_an_earlier_branchs_too() -> None:
    assert "an earlier one did and returned nothing" in on(verdict(SUM, E))
    assert "earlier" not in on(verdict(QUESTIONS[0], E))


def test_a_loop_is_told_where_other_questions_were_answered_at_once() -> None:
    late, prompt = verdict(SUM, Outcome.TOO_SLOW), verdict(ID, R, "ada")
    assert "most likely never ends for this query" in on(late, prompt)
    assert "fall asleep" not in on(late, prompt)
    assert "fall asleep" in on(late)
    slowly = replace(prompt, replies=(replace(prompt.replies[0], elapsed_ms=9_000),))
    assert "fall asleep" in on(late, slowly)


@pytest.mark.parametrize("url", [LOCAL, "http://localhost:3000", "http://0.0.0.0:3000"])
def test_nothing_falls_asleep_on_ones_own_machine(url: str) -> None:
    assert "never ends" in on(verdict(SUM, Outcome.TOO_SLOW), url=url)
    assert "the terminal where the app runs" in on(verdict(SUM, Outcome.SERVER_ERROR), url=url)
    down = replace(card(url=url), state=State.UNREACHABLE, reason="refused")
    assert "Is the app running on this machine?" in finished(down)


def test_a_local_starter_is_told_its_own_tests_and_no_push() -> None:
    words = finished(card(verdict(ID, W, "x"), starter=True, url=LOCAL))
    assert words.count("python -m pytest tests/webapp") == 1
    assert "push" not in words


@pytest.mark.parametrize("sentence", STARTER_FAILS)
def test_a_local_starter_that_cannot_run_is_told_its_own_tests(sentence: str) -> None:
    broken = verdict(QUESTIONS[1], Outcome.SERVER_ERROR, sentence)
    words = finished(card(broken, url=LOCAL), width=200)
    assert "Look into the terminal where the app runs" in words
    assert words.count("python -m pytest tests/webapp") == 1
    other = verdict(QUESTIONS[1], Outcome.SERVER_ERROR, "Internal Server Error")
    assert "pytest" not in finished(card(other, url=LOCAL))


def test_the_starters_failing_words_are_those_that_it_says() -> None:
    sources = [(ROOT / "webapp" / name).read_text("utf-8") for name in ("__main__.py", "views.py")]
    said = [[sentence in source for source in sources] for sentence in STARTER_FAILS]
    assert said == [[True, False], [False, True]]


def test_a_page_that_shows_the_apps_failure_is_no_wrong_answer() -> None:
    shown = verdict(ID, W, STARTER_FAILS[1])
    assert on(shown) == Outcome.SERVER_ERROR.rule.advice
    assert "the terminal where the app runs" in on(shown, url=LOCAL)
    assert "python -m pytest" in finished(card(shown, url=LOCAL))
    assert on(verdict(ID, W, "The app failed")) == "Tell it."


@pytest.mark.parametrize("reply", ["your-andrew-id", "My Andrew ID is YOUR-ANDREW-ID."])
def test_the_placeholder_in_the_code_is_told(reply: str) -> None:
    made = card(verdict(ID, W, reply), starter=True, url=LOCAL)
    words = finished(made, width=200)
    assert "The placeholder is still in your code: write your own id in its place." in words
    assert "Tell it." not in words
    assert "which one is spelled right" not in words
    assert FILE in words
    assert "python -m pytest" in words


@pytest.mark.parametrize("url", [LOCAL, "https://a.example.com"])
def test_two_spellings_of_an_id_are_told_apart(url: str) -> None:
    again = replace(ID, query="Please tell me your Andrew ID.")
    made = card(verdict(ID, W, "adda"), verdict(again, W, "adda\n"), starter=True, url=url)
    words = finished(made, width=200)
    assert words.count("Your app says adda, --andrew-id says ada: which one is spelled right?") == 1
    for advice in ("Tell it.", FILE, "pytest", "push"):
        assert advice not in words
    page = student_html.render(RUN, made)
    assert page.count("Your app says adda; you are graded as ada: which one is spelled right?") == 1
    assert "--andrew-id" not in page


@pytest.mark.parametrize(
    "others",
    [
        (verdict(ID, W, "Prospero"),),
        (verdict(ID, W, "none"),),
        (verdict(ID, W, "I am adda"),),
        (verdict(ID, E),),
        (verdict(ID, W, "adda"), verdict(replace(ID, query="Your id?"), W, "addie")),
        (verdict(ID, W, "adda"), verdict(replace(ID, query="Your id?"), R, "ada")),
        (verdict(ID, W, "adda"), verdict(ROBUST, R, "adda")),
        (verdict(replace(ID, key=IdKey("reds")), W, "blues"),),
    ],
)
def test_another_answer_is_no_other_spelling(others: tuple[Verdict, ...]) -> None:
    assert "spelled" not in finished(card(*others), width=200)


@pytest.mark.parametrize("url", ["https://localhost:3000", "https://127.0.0.1"])
def test_https_on_ones_own_machine_is_told_http(url: str) -> None:
    reason = "the server does not speak https at this port: try http://"
    asked = Reply(url, START, failure=Outcome.UNREACHABLE, timings=Timings(connect=0.1))
    down = replace(card(url=url), state=State.UNREACHABLE, reason=reason, wake_up=(asked,))
    words = finished(down, width=200)
    assert "Write http:// in place of https://; an app on your own machine has no https." in words
    assert "tart it" not in words
    judgement = Judgement(Outcome.UNREACHABLE, reason)
    value = replace(verdict(SUM, Outcome.UNREACHABLE), judgement=judgement, replies=(asked,))
    assert on(value, url=url).startswith("Write http://")


def test_another_port_is_asked_about_where_nobody_listens() -> None:
    url = "http://localhost:3999"
    asked = Reply(url, START, failure=Outcome.UNREACHABLE)
    down = replace(card(url=url), state=State.UNREACHABLE, wake_up=(asked,))
    assert "number behind the colon" in Advice(down).on_state
    assert "number behind the colon" in on(
        replace(verdict(SUM, Outcome.UNREACHABLE), replies=(asked,)), url=url
    )
    came = replace(asked, timings=Timings(connect=0.1))
    assert "number behind" not in Advice(replace(down, wake_up=(came,))).on_state


def test_a_deployed_app_is_told_to_push_and_no_tests_of_ours() -> None:
    words = finished(card(verdict(SUM, W, "x"), verdict(ID, E)))
    assert words.count("push") == 1
    assert "pytest" not in words


def test_a_local_app_of_another_kind_is_told_neither() -> None:
    words = finished(card(verdict(ID, W, "x"), url=LOCAL))
    assert "push" not in words
    assert "pytest" not in words


def test_what_is_no_fault_of_the_code_needs_no_push() -> None:
    assert "push" not in finished(card(verdict(SUM, Outcome.PROTECTED)))


def test_each_advice_is_said_once() -> None:
    again = replace(ID, query="Please tell me your Andrew ID.")
    made = card(verdict(ID, E), verdict(again, E), verdict(SUM, E), starter=True)
    words = finished(made, width=200)
    for advice in ("Tell it.", "Add them.", "An empty reply", FILE, "push"):
        assert words.count(advice) == 1, advice
    live = "\n".join(terminal.judged(each, made.submission) for each in made.verdicts)
    assert "Tell it." not in live
    page = student_html.render(RUN, made)
    assert page.count("Tell it.") == 1


def test_what_was_given_up_is_no_task_of_its_own() -> None:
    given_up = replace(verdict(SUM, Outcome.UNREACHABLE), replies=())
    advice = Advice(card(verdict(ID, Outcome.TOO_SLOW), given_up, verdict(ROBUST, R)))
    assert [task.names for task in advice.tasks] == [("Andrew ID",)]


def test_what_is_right_needs_no_advice() -> None:
    assert Advice(card(verdict(ID, R, "ada"))).tasks == []
    assert on(verdict(ID, R, "ada"), starter=True) == ""


def test_part_of_a_score_is_no_fault_of_the_graders_alone() -> None:
    half = replace(
        card(verdict(ID, R, "ada"), verdict(SUM, Outcome.NOT_CHECKED)), state=State.NOT_GRADED
    )
    assert "what was earned is kept" in Advice(half).on_state
    none = replace(card(verdict(SUM, Outcome.NOT_CHECKED)), state=State.NOT_GRADED)
    assert "The grader's own side failed" in Advice(none).on_state


def test_what_a_platform_says_of_itself_comes_with_its_own_advice() -> None:
    judgement = Judgement(Outcome.UNREACHABLE, "Vercel has paused it", advice="Resume it.")
    paused = replace(verdict(SUM, Outcome.UNREACHABLE), judgement=judgement)
    assert on(paused) == "Resume it."
    down = replace(card(paused, url=LOCAL), state=State.UNREACHABLE)
    assert Advice(down).on_state == "Resume it."


def test_an_explanation_for_a_program_holds_the_advice_too() -> None:
    lines = explanation(Advice(card(verdict(ID, W, "x"), starter=True)), verdict(ID, W, "x"))
    assert f"Tell it. The file to change is {FILE}." in lines


@pytest.mark.parametrize("word", ["query_processor", "webapp/", "push", "redeploy", "Python"])
def test_hints_fit_any_app_wherever_it_runs(word: str) -> None:
    entries = [each for name in shipped_batteries() for each in load_battery(name).entries]
    hints = [family.hint for family in FAMILIES.values()] + [entry.hint for entry in entries]
    assert [hint for hint in hints if word in hint] == []
