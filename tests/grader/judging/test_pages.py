"""Pages that lost their box, show an error or want a login; answers beside a script's failure."""

from dataclasses import replace

import pytest

from grader.judging import judge
from grader.model import AnythingKey, IdKey, Judgement, Key, NumberKey, PageKey, ProbeKind, Reply
from grader.outcomes import Cause, Outcome
from tests.grader.judging.asking import question, reply

HTML = "text/html; charset=utf-8"
ERROR = "TypeError: sum is null"
ANYTHING = AnythingKey("abc123")
HERE, WWW, ELSEWHERE = (
    f"https://{host}/" for host in ("app.example", "www.app.example", "sso.edu")
)


def shown(key: Key, answer: Reply, probe: ProbeKind = ProbeKind.BROWSER) -> Judgement:
    return judge(question(key, probe=probe), answer)


@pytest.mark.parametrize("text", ["83", "The answer is 83."])
@pytest.mark.parametrize("text_box", [True, False])
def test_a_right_answer_stands_whatever_failed(text: str, text_box: bool) -> None:
    answer = reply(text, text_box=text_box, page_error=ERROR)
    assert shown(NumberKey(83), answer).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("text", "text_box", "right"),
    [
        ("", True, True),
        ("I do not know that", True, True),
        ("", False, False),
        ("Application error: a client-side exception has occurred", False, False),
        (ERROR, True, False),
        (f"Sorry, {ERROR.upper()}!", True, False),
    ],
)
def test_any_answer_will_do_but_not_that_of_a_page_that_crashed(
    text: str, text_box: bool, right: bool
) -> None:
    judgement = shown(ANYTHING, reply(text, text_box=text_box, page_error=ERROR))
    assert judgement.outcome is (Outcome.RIGHT if right else Outcome.WRONG)
    assert (f"“{ERROR}”" in judgement.reason) is not right


@pytest.mark.parametrize("key", [NumberKey(83), IdKey("abc123")])
@pytest.mark.parametrize("text", ["", "Oh no"])
def test_the_error_is_shown_where_no_right_answer_stands(key: Key, text: str) -> None:
    judgement = shown(key, reply(text, text_box=True, page_error=ERROR))
    assert judgement.outcome is Outcome.WRONG
    assert judgement.reason.endswith(f"the page's script failed with “{ERROR}”")


def test_an_error_is_cut_and_made_harmless() -> None:
    reason = shown(NumberKey(83), reply(page_error="\x1b[2J" + "x" * 500)).reason
    assert "\x1b" not in reason
    assert len(reason) < 200


@pytest.mark.parametrize("probe", [ProbeKind.PAGE, ProbeKind.BROWSER])
@pytest.mark.parametrize("key", [ANYTHING, NumberKey(83)])
def test_a_page_without_a_box_cannot_be_asked(key: Key, probe: ProbeKind) -> None:
    judgement = shown(key, reply(text_box=False), probe)
    assert judgement.outcome is Outcome.WRONG
    assert "no text box to ask in" in judgement.reason


def test_an_api_needs_no_box() -> None:
    assert shown(ANYTHING, reply(text_box=False), ProbeKind.API).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("led", "text_box", "expected"),
    [
        (HERE, True, Outcome.RIGHT),
        (WWW, True, Outcome.RIGHT),
        ("https://APP.example:443/app", True, Outcome.RIGHT),
        (HERE, False, Outcome.PROTECTED),
        (ELSEWHERE, True, Outcome.PROTECTED),
        (ELSEWHERE, False, Outcome.PROTECTED),
        ("https://[nonsense", True, Outcome.PROTECTED),
    ],
)
def test_where_a_login_stands_decides(led: str, text_box: bool, expected: Outcome) -> None:
    page = reply("Log in", content_type=HTML, final_url=led, text_box=text_box, login_field=True)
    for key in (PageKey(), ANYTHING):
        assert shown(key, replace(page, url=HERE)).outcome is expected


def test_another_host_without_a_login_is_the_apps_own() -> None:
    page = reply("Hello", content_type=HTML, final_url=ELSEWHERE, text_box=True)
    assert shown(PageKey(), page).outcome is Outcome.RIGHT


def test_a_page_without_a_box_says_how_its_script_failed() -> None:
    for text in ("", "Application error"):
        page = reply(text, content_type=HTML, text_box=False, page_error=ERROR)
        judgement = shown(PageKey(), page)
        assert judgement.outcome is Outcome.WRONG
        assert ERROR in judgement.reason


def test_what_asking_again_cannot_change_has_its_own_cause_and_advice() -> None:
    for lasting, cause in ((False, None), (True, Cause.PROBE)):
        failed = reply(failure=Outcome.NOT_CHECKED, detail="in a browser only", lasting=lasting)
        judgement = shown(NumberKey(83), failed)
        assert judgement.cause is cause
        assert ("--probe browser" in judgement.advice) is lasting


def test_a_box_that_a_script_may_make_is_not_called_missing_without_a_word() -> None:
    for text, said in (("<p>Hello", False), ("<div id=root></div><SCRIPT src=app.js>", True)):
        judgement = shown(PageKey(), reply(text, content_type=HTML, text_box=False), ProbeKind.PAGE)
        assert judgement.outcome is Outcome.WRONG
        assert ("--probe browser" in judgement.reason) is said
