import pytest

from grader.judging import judge
from grader.model import ApiKey, NumberKey
from grader.outcomes import Outcome
from tests.grader.judging.asking import question, reply

KEY = NumberKey(23)


@pytest.mark.parametrize(
    "failure",
    [
        Outcome.TOO_SLOW,
        Outcome.UNREACHABLE,
        Outcome.TOO_LARGE,
        Outcome.FORBIDDEN_ADDRESS,
        Outcome.NOT_CHECKED,
    ],
)
def test_a_failure_decides_before_status_and_text(failure: Outcome) -> None:
    told = judge(question(KEY), reply("23", failure=failure, detail="10.0 s passed"))
    assert (told.outcome, told.reason, told.decided_by) == (failure, "10.0 s passed", "")
    silent = judge(question(KEY), reply("23", status=None, failure=failure))
    assert (silent.outcome, silent.reason) == (failure, failure.rule.words)


@pytest.mark.parametrize(
    ("status", "expected", "said"),
    [
        (200, Outcome.RIGHT, "23"),
        (201, Outcome.RIGHT, "23"),
        (299, Outcome.RIGHT, "23"),
        (101, Outcome.CLIENT_ERROR, "101"),
        (308, Outcome.CLIENT_ERROR, "308 (Permanent Redirect): a redirect"),
        (400, Outcome.CLIENT_ERROR, "400 (Bad Request)"),
        (401, Outcome.PROTECTED, "401 (Unauthorized)"),
        (403, Outcome.PROTECTED, "403 (Forbidden)"),
        (404, Outcome.CLIENT_ERROR, "is the link that of your deployed app"),
        (405, Outcome.CLIENT_ERROR, "405 (Method Not Allowed)"),
        (418, Outcome.CLIENT_ERROR, "418"),
        (429, Outcome.RATE_LIMITED, "429"),
        (499, Outcome.CLIENT_ERROR, "499"),
        (500, Outcome.SERVER_ERROR, "500 (Internal Server Error)"),
        (504, Outcome.SERVER_ERROR, "504"),
        (999, Outcome.SERVER_ERROR, "999"),
    ],
)
def test_the_status_decides_before_the_text(status: int, expected: Outcome, said: str) -> None:
    judgement = judge(question(KEY), reply("23", status=status))
    assert judgement.outcome is expected
    assert said in judgement.reason


def test_neither_reply_nor_failure_costs_the_student_nothing() -> None:
    assert judge(question(KEY), reply(status=None)).outcome is Outcome.NOT_CHECKED


@pytest.mark.parametrize(
    "final_url",
    [
        "https://vercel.com/sso-api?url=https%3A%2F%2Fapp.example",
        "https://vercel.com/login?next=%2Fsso-api",
        "https://VERCEL.com/login",
        "https://dashboard.render.com/login?next=/",
        "https://dashboard.render.com",
        "https://id.heroku.com/login",
        "https://dashboard.heroku.com/apps/mine",
        "https://team.cloudflareaccess.com/cdn-cgi/access/login/app.example",
        "https://app.example/cdn-cgi/access/login?kid=1",
    ],
)
@pytest.mark.parametrize("status", [200, 403, 429])
def test_a_login_page_is_recognized_by_its_address(final_url: str, status: int) -> None:
    page = reply(
        "<!doctype html><title>Log in</title>",
        status=status,
        content_type="text/html",
        final_url=final_url,
    )
    judgement = judge(question(ApiKey()), page)
    assert judgement.outcome is Outcome.PROTECTED


@pytest.mark.parametrize(
    "final_url",
    [
        "",
        "https://vercel.com.example/login",
        "https://vercel.com@app.example/sso",
        "https://app.example/login",
        "https://app.example/?next=https://vercel.com/sso",
        "https://my-vercel.com/login",
        "https://notcloudflareaccess.com/",
        "https://[broken/",
    ],
)
def test_other_addresses_are_no_login_pages(final_url: str) -> None:
    assert judge(question(KEY), reply("23", final_url=final_url)).outcome is Outcome.RIGHT


@pytest.mark.parametrize("final", ["https://login.example/", "https://app.example/login?next=/api"])
def test_a_page_that_asks_for_a_password_after_a_redirect_is_a_login(final: str) -> None:
    form = '<!doctype html><form><input name="user"><input name=p type="password"></form>'
    judgement = judge(question(ApiKey()), reply(form, content_type="text/html", final_url=final))
    assert judgement.outcome is Outcome.PROTECTED
    assert "password" in judgement.reason
    at_home = judge(question(ApiKey()), reply(form, content_type="text/html"))
    assert at_home.outcome is Outcome.WRONG


@pytest.mark.parametrize(
    "text",
    [
        "RangeError [ERR_HTTP_INVALID_STATUS_CODE]: Invalid status code: 83",
        "<pre>express deprecated res.send(status): Invalid status code: 83</pre>",
        "Invalid HTTP status code 83",
    ],
)
def test_an_answer_that_was_sent_as_the_status_is_told(text: str) -> None:
    judgement = judge(question(KEY), reply(text, status=500))
    assert judgement.outcome is Outcome.SERVER_ERROR
    assert "sent its answer (83" in judgement.reason
    assert "sent its answer" in judge(question(KEY), reply(status=456)).reason
    assert "sent its answer" not in judge(question(KEY), reply("oops", status=500)).reason
