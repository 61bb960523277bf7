"""What platforms say of themselves: each mark, and whose fault that is."""

import pytest

from grader.judging import judge
from grader.judging.platforms import CHALLENGES, MARKS, mark_of
from grader.judging.second_look import is_own, may_change
from grader.model import TELLING_HEADERS, ApiKey, NumberKey, ProbeKind
from grader.outcomes import Cause, Outcome
from tests.grader.judging.asking import question, reply

KEY = NumberKey(23)
HEROKU = '<iframe src="//www.herokucdn.com/error-pages/{}.html"></iframe>'


@pytest.mark.parametrize(
    ("header", "value", "status", "outcome", "waits", "said"),
    [
        ("x-vercel-error", "DEPLOYMENT_PAUSED", 503, Outcome.UNREACHABLE, False, "paused"),
        ("x-vercel-error", "DEPLOYMENT_DISABLED", 402, Outcome.UNREACHABLE, False, "disabled"),
        ("x-vercel-error", "DEPLOYMENT_DELETED", 410, Outcome.UNREACHABLE, False, "deleted"),
        ("x-vercel-error", "DEPLOYMENT_BLOCKED", 403, Outcome.UNREACHABLE, False, "blocked"),
        ("x-vercel-error", "DEPLOYMENT_NOT_FOUND", 404, Outcome.UNREACHABLE, False, "knows no"),
        ("x-vercel-error", "DEPLOYMENT_NOT_READY_REDIRECTING", 303, Outcome.UNREACHABLE, True,
         "not ready"),
        ("x-vercel-error", "FUNCTION_INVOCATION_FAILED", 500, Outcome.SERVER_ERROR, False,
         "code failed"),
        ("x-vercel-error", "FUNCTION_INVOCATION_TIMEOUT", 504, Outcome.TOO_SLOW, True, "in time"),
        ("x-vercel-error", "FUNCTION_THROTTLED", 503, Outcome.RATE_LIMITED, True, "no more"),
        ("x-vercel-error", "DNS_HOSTNAME_RESOLVE_FAILED", 502, Outcome.SERVER_ERROR, True, "pass"),
        ("x-vercel-error", "NOT_FOUND", 404, Outcome.CLIENT_ERROR, True, "nothing at this address"),
        ("x-render-routing", "no-server", 404, Outcome.UNREACHABLE, True, "no running service"),
        ("x-render-routing", "suspend-by-user", 503, Outcome.UNREACHABLE, False, "suspended"),
        ("x-render-routing", "suspended", 503, Outcome.UNREACHABLE, False, "suspended"),
        ("x-render-routing", "hibernate-wake-error", 503, Outcome.SERVER_ERROR, True, "reach"),
        ("x-render-routing", "dynamic-paid-error", 502, Outcome.SERVER_ERROR, True, "reach"),
        ("x-railway-fallback", "true", 502, Outcome.SERVER_ERROR, True, "Railway"),
        ("ngrok-error-code", "ERR_NGROK_3200", 404, Outcome.UNREACHABLE, False, "off"),
        ("ngrok-error-code", "ERR_NGROK_3200", 400, Outcome.UNREACHABLE, False, "off"),
        ("ngrok-error-code", "ERR_NGROK_6024", 200, Outcome.UNREACHABLE, False, "warning page"),
        ("ngrok-error-code", "ERR_NGROK_8012", 502, Outcome.UNREACHABLE, True, "behind it"),
        ("ngrok-error-code", "ERR_NGROK_725", 403, Outcome.RATE_LIMITED, True, "limit"),
        ("server", "cloudflare", 521, Outcome.SERVER_ERROR, True, "host"),
        ("server", "cloudflare", 530, Outcome.SERVER_ERROR, True, "host"),
        ("server", "AirTunes/770.8.1", 403, Outcome.UNREACHABLE, False, "AirPlay"),
        ("server", "Fly/5e8ba0d9c (2026-11-01)", 502, Outcome.SERVER_ERROR, True, "Fly"),
    ],
)  # fmt: skip
def test_a_header_says_what_the_platform_means(
    header: str, value: str, status: int, outcome: Outcome, waits: bool, said: str
) -> None:
    came = reply("23", status=status, headers={header: value})
    judgement = judge(question(KEY), came)
    assert judgement.outcome is outcome
    assert said in judgement.reason
    assert may_change(came) is waits
    assert not is_own(came, ProbeKind.API)


@pytest.mark.parametrize(
    ("body", "status", "outcome", "waits", "said"),
    [
        (HEROKU.format("no-such-app"), 404, Outcome.UNREACHABLE, False, "Heroku knows no app"),
        ("<html><title>No such app</title>", 404, Outcome.UNREACHABLE, False, "Heroku"),
        (HEROKU.format("application-error"), 503, Outcome.SERVER_ERROR, True, "crashed"),
        ("<h1>Error 403 - This web app is stopped.</h1>", 403, Outcome.UNREACHABLE, False, "Azure"),
        ("<title>Coming Soon: PythonAnywhere</title>", 404, Outcome.UNREACHABLE, False, "Python"),
        ("usage_exceeded", 503, Outcome.UNREACHABLE, False, "Netlify"),
        (HEROKU.format("maintenance-mode"), 503, Outcome.UNREACHABLE, False, "maintenance"),
        ('{"status":"error","code":404,"message":"Application not found"}', 404,
         Outcome.UNREACHABLE, True, "Railway"),
        ("503 - Tunnel Unavailable", 503, Outcome.UNREACHABLE, False, "localtunnel"),
        ("<html>To access the website, enter the tunnel password", 511, Outcome.UNREACHABLE,
         False, "reminder"),
        ("error code: 1033", 530, Outcome.UNREACHABLE, False, "Cloudflare tunnel"),
        ("<p>There isn't a GitHub Pages site here.", 404, Outcome.UNREACHABLE, False, "GitHub"),
    ],
)  # fmt: skip
def test_a_body_says_what_the_platform_means(
    body: str, status: int, outcome: Outcome, waits: bool, said: str
) -> None:
    came = reply(body, status=status, content_type="text/html")
    judgement = judge(question(ApiKey()), came)
    assert judgement.outcome is outcome
    assert said in judgement.reason
    assert judgement.advice
    assert may_change(came) is waits


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({"x-vercel-mitigated": "challenge"}, 403, "<!doctype html>"),
        ({"x-vercel-mitigated": "challenge"}, 429, ""),
        ({"cf-mitigated": "challenge"}, 403, "<!doctype html>"),
        ({"x-amzn-waf-action": "challenge"}, 202, ""),
        ({"x-amzn-waf-action": "captcha"}, 405, ""),
        ({"x-datadome": "protected"}, 403, ""),
        ({"server": "AkamaiGHost"}, 403, "Access Denied"),
        ({}, 403, "<html><title>Just a moment...</title>"),
        ({}, 429, "<title>Vercel Security Checkpoint</title>"),
        ({}, 403, "error code: 1010"),
    ],
)
def test_bot_protection_is_never_the_students_fault(
    headers: dict[str, str], status: int, body: str
) -> None:
    came = reply(body, status=status, headers=headers)
    for key in (KEY, ApiKey()):
        judgement = judge(question(key), came)
        assert judgement.outcome is Outcome.NOT_CHECKED
        assert judgement.cause is Cause.BOT_PROTECTION
        assert "off while the app is graded" in judgement.advice
    assert not is_own(came, ProbeKind.API), "an empty 202 is no answer either"


@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        ("No such app is known to me", 200, {}),
        ("Run heroku logs --tail to see it", 200, {}),
        ("Just a moment...", 200, {}),
        ("There isn't a GitHub Pages site here.", 200, {}),
        ("23", 200, {"server": "Fly/1", "x-vercel-cache": "MISS"}),
        ("23", 200, {"server": "AirTunes/1"}),
        ("Application not found in my list", 404, {}),
        ("<script src=/cdn-cgi/challenge-platform/h/g/x.js>", 503, {}),
        ("", 502, {"server": "cloudflare"}),
        ("23", 200, {"server": "AkamaiGHost", "x-datadome": "protected"}),
    ],
)
def test_an_answer_of_the_app_bears_no_mark(
    body: str, status: int, headers: dict[str, str]
) -> None:
    assert mark_of(reply(body, status=status, headers=headers)) is None


def test_every_header_of_the_table_is_kept_and_every_row_says_what_to_do() -> None:
    assert {mark.header for mark in MARKS if mark.header} <= TELLING_HEADERS
    for mark in MARKS:
        assert mark.words
        assert mark.advice
        assert not mark.words.endswith(".")
    assert all(mark.outcome is Outcome.NOT_CHECKED for mark in CHALLENGES)
