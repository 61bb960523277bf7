"""Deployments that real classes bring, each with the score that is fair.

Underneath each is the app that answers everything right, unless said; `as_it_is` tells what a
request meets in place of it. A class of these is graded by the real command line.
"""

import gzip
import re
import socket
import zlib
from collections.abc import Iterator

from benchmarks.hostile import behaviors as b
from benchmarks.hostile.kinds import NORMAL, Kind
from grader.model import State
from tests.grader.probes import raw

_GRADED, _UNREACHABLE, _NOT_GRADED = State.GRADED, State.UNREACHABLE, State.NOT_GRADED
_SPLASH = raw.reply(b"<!doctype html><title>Starting up</title><p>One moment", b.HTML)
_BOTS = raw.reply(
    b"<!doctype html><title>Security checkpoint</title>",
    b.HTML,
    "x-vercel-mitigated: challenge",
    status="429 Too Many Requests",
)
_LOGIN = raw.reply(
    b"<!doctype html><form><input name=user><input type=password name=p></form>", b.HTML
)


def fair_kinds(wake_timeout: float) -> list[Kind]:
    """Every kind but the normal one.

    Args:
        wake_timeout: seconds that the grader gives an app to wake up.
    """
    return [
        *_nobody_must_have_healthz(),
        *_waking_up(wake_timeout / 3),
        *_platforms(),
        *_limited(),
        *_odd_replies(),
        *_ids_as_apps_write_them(),
        *_links_as_they_are_handed_in(),
    ]


def _healthz(target: str) -> bool:
    return target == "/healthz"


def _api(target: str) -> bool:
    return target.startswith("/api")


def _nobody_must_have_healthz() -> Iterator[Kind]:
    for name, behavior in (
        ("hangs", b.instead(raw.hang)),
        ("closes", b.instead(raw.reset)),
        ("streams for ever", b.instead(raw.endless)),
        ("sends half a reply", b.always(raw.HALF_A_REPLY, close=True)),
        ("drips", b.instead(raw.drip_body)),
        ("is a redirect to a name that is none", b.redirect(["http://no-such-name.invalid/"])),
        ("is 404", b.status("404 Not Found")),
        ("is 500", b.status("500 Internal Server Error")),
        ("asks for a login", b.status("401 Unauthorized")),
    ):
        yield Kind(f"/healthz {name}", _GRADED, 100, b.where(_healthz, behavior), tries=3)


def _waking_up(nap: float) -> Iterator[Kind]:
    for name, answer in (
        ("404 of Render", raw.reply(b"Not Found", "x-render-routing: no-server",
                                    status="404 Not Found")),
        ("404", raw.reply(b"Not Found", status="404 Not Found")),
        ("502", raw.reply(b"Bad Gateway", status="502 Bad Gateway")),
        ("503", raw.reply(b"", status="503 Service Unavailable")),
        ("500", raw.reply(b"", status="500 Internal Server Error")),
        ("a splash page with status 200", _SPLASH),
        ("403", raw.reply(b"", status="403 Forbidden")),
    ):  # fmt: skip
        behavior = b.until(nap, b.always(answer))
        yield Kind(f"{name} while waking up", _GRADED, 100, behavior, tries=_POLLS)
    for count in (1, 2):
        two = b.first(count, b.status("404 Not Found", "x-render-routing: no-server"),
                      b.as_it_should)  # fmt: skip
        yield Kind(f"404 of Render for {count} requests", _GRADED, 100, two, tries=2)
    for name, behavior in (
        ("hangs", b.instead(raw.hang)),
        ("resets", b.instead(raw.reset)),
    ):
        yield Kind(f"{name} while waking up", _GRADED, 100, b.until(nap, behavior), tries=_POLLS)
    page = b.where(lambda target: not _healthz(target), b.until(nap, b.always(_SPLASH)))
    yield Kind("a splash page beside /healthz", _GRADED, 100, page, tries=_POLLS)
    yield Kind("a page of its own for ever", _GRADED, 0, b.always(_SPLASH), tries=_POLLS)


_POLLS = 99


def _platforms() -> Iterator[Kind]:
    no_such_app = b'<!doctype html><iframe src="//www.herokucdn.com/error-pages/no-such-app.html">'
    crashed = b'<iframe src="//www.herokucdn.com/error-pages/application-error.html">'
    for name, state, answer in (
        ("paused on Vercel", _UNREACHABLE,
         raw.reply(b"", "x-vercel-error: DEPLOYMENT_PAUSED", status="503 Service Unavailable")),
        ("disabled on Vercel", _UNREACHABLE,
         raw.reply(b"", "x-vercel-error: DEPLOYMENT_DISABLED", status="402 Payment Required")),
        ("deleted on Vercel", _UNREACHABLE,
         raw.reply(b"", "x-vercel-error: DEPLOYMENT_DELETED", status="410 Gone")),
        ("not found on Vercel", _UNREACHABLE,
         raw.reply(b"", "x-vercel-error: DEPLOYMENT_NOT_FOUND", status="404 Not Found")),
        ("crashes on Vercel", _GRADED,
         raw.reply(b"", "x-vercel-error: FUNCTION_INVOCATION_FAILED", status="500 Error")),
        ("suspended on Render", _UNREACHABLE,
         raw.reply(b"", "x-render-routing: suspend-by-user", status="503 Service Unavailable")),
        ("no such app on Heroku", _UNREACHABLE,
         raw.reply(no_such_app, b.HTML, status="404 Not Found")),
        ("in maintenance on Heroku", _UNREACHABLE,
         raw.reply(b'<iframe src="//www.herokucdn.com/error-pages/maintenance-mode.html">',
                   b.HTML, status="503 Service Unavailable")),
        ("a tunnel of ngrok that is off", _UNREACHABLE,
         raw.reply(b"", "ngrok-error-code: ERR_NGROK_3200", status="404 Not Found")),
        ("ngrok's warning page", _UNREACHABLE,
         raw.reply(b"<!doctype html>", b.HTML, "ngrok-error-code: ERR_NGROK_6024")),
        ("localtunnel's reminder", _UNREACHABLE,
         raw.reply(b"<!doctype html>Enter the tunnel password", b.HTML, status="511 Required")),
        ("AirPlay on port 5000", _UNREACHABLE,
         raw.reply(b"", "Server: AirTunes/770.8.1", status="403 Forbidden")),
    ):  # fmt: skip
        yield Kind(name, state, 0, b.always(answer), tries=3)
    for name, answer in (
        ("no instance on Railway", raw.reply(b"", "x-railway-fallback: true", status="502 Bad")),
        ("crashed on Heroku", raw.reply(crashed, b.HTML, status="503 Service Unavailable")),
    ):
        yield Kind(f"{name} for ever", _GRADED, 0, b.always(answer), tries=_POLLS)
    to_login = b.where(lambda target: target != "/login", b.redirect(["/login"]), b.always(_LOGIN))
    yield Kind("a login of its own", _GRADED, 0, to_login, tries=_POLLS)


def _limited() -> Iterator[Kind]:
    soon = b.status("429 Too Many Requests", "Retry-After: 4")
    later = b.where(_api, b.until(3.0, soon))
    yield Kind("429, for longer than a question may take", _GRADED, 100, later, tries=_POLLS)
    challenged = b.after(4, b.always(_BOTS))
    yield Kind("bot protection that stays", _NOT_GRADED, 0, challenged, tries=_POLLS)
    passing = b.after(4, b.until(1.0, b.always(_BOTS)))
    yield Kind("bot protection that passes", _GRADED, 100, passing, tries=_POLLS)
    page = raw.reply(b"<!doctype html>Access denied", b.HTML, status="403 Forbidden")
    unnamed = b.after(4, b.until(1.0, b.always(page)))
    yield Kind("a 403 page after right answers, passing", _GRADED, 100, unnamed, tries=_POLLS)


def _odd_replies() -> Iterator[Kind]:
    yield Kind("Content-Encoding: utf-8", _GRADED, 100, b.encoded("utf-8", bytes))
    yield Kind("Content-Encoding: none", _GRADED, 100, b.encoded("none", bytes))
    yield Kind("gzip unasked", _GRADED, 100, b.encoded("gzip", gzip.compress))
    yield Kind("deflate unasked", _GRADED, 100, b.encoded("deflate", zlib.compress))
    yield Kind("brotli unasked", _GRADED, 0, b.encoded("br", bytes))
    yield Kind("a status that is none", _GRADED, 40, b.where(_asks_the_id, b.always(
        b"HTTP/1.1 83\r\nContent-Length: 2\r\n\r\nOK", close=True)), tries=2)  # fmt: skip
    yield Kind("404 to what it does not know", _GRADED, 90, b.where(_unplanned, b.status(
        "404 Not Found")))  # fmt: skip
    old = raw.reply(b"No idea", b.TEXT, "x-vercel-cache: STALE")
    yield Kind("old answers of a cache", _GRADED, 100, b.where(_kept, b.always(old)), tries=2)
    aged = raw.reply(b"No idea", b.TEXT, "Age: 86400")
    yield Kind("an old answer by its age", _GRADED, 100, b.where(_kept, b.always(aged)), tries=2)
    refusal = raw.reply(b"<!doctype html>No", b.HTML, status="403 Forbidden")
    yield Kind("its own 403 page to what it does not know", _GRADED, 90, b.where(
        _unplanned, b.always(refusal)), tries=2)  # fmt: skip
    away = b.redirect(["http://[broken"])
    yield Kind("a redirect to what is no address", _GRADED, 10, b.where(_api, away), tries=_POLLS)


def _ids_as_apps_write_them() -> Iterator[Kind]:
    for written in (
        "{} !", '{{ "id": "{}" }}', '{{\n  "andrewId": "{}"\n}}', "[ '{}' ]", "- {}", "{} :)",
        "<b>{}</b>", "My Andrew ID is {}!", "\u201c{}\u201d", "{}@andrew.cmu.edu",
    ):  # fmt: skip
        yield Kind(f"id as {written!r}", _GRADED, 100, b.where(_asks_the_id, _answering(written)))
    yield Kind("id beside another", _GRADED, 40, b.where(_asks_the_id, _answering("{} xyz789")))


def _links_as_they_are_handed_in() -> Iterator[Kind]:
    for name, written in (
        ("Safe Links", "https://nam02.safelinks.protection.outlook.com/?url={}%2F&data=05%7C01"),
        ("Google", "https://www.google.com/url?q={}/&sa=D"),
        ("Slack", "https://slack-redir.net/link?url={}"),
        ("copied blanks", "{}%20\N{ZERO WIDTH SPACE}"),
        ("brackets and words", "<{}/api?q=hi> is my app."),
    ):
        yield Kind(f"link in {name}", _GRADED, 100, handed_in=written)
    for url in (
        "https://vercel.app", "https://github.dev/someone/app", "https://replit.com/@someone/app",
        "https://myapp vercel.app", "https://railway.com/project/1",
        "https://colab.research.google.com/drive/1",
    ):  # fmt: skip
        yield Kind(f"{url}", State.INVALID, 0, url=url)


_PAGE = """<!doctype html><title>An app</title>
<main><input id=box><output id=answer></output></main><script>
box.oninput = async () => {
  const query = box.value;
  SCRIPT
  answer.textContent = await (await fetch("/api?q=" + encodeURIComponent(query))).text();
};</script>"""
_CRASH = """if (query.includes("divided")) {
    document.body.innerHTML = "Application error: a client-side exception has occurred";
    throw new Error("divided by zero");
  }"""


def pages() -> list[Kind]:
    """Pages that compute their answers in the browser."""

    def page(script: str) -> b.Behavior:
        text = raw.reply(_PAGE.replace("SCRIPT", script).encode(), b.HTML)
        return b.where(lambda target: target == "/", b.always(text))

    return [
        Kind("a page of scripts", _GRADED, 100, page("")),
        Kind("a page whose script fails harmlessly", _GRADED, 100,
             page("setTimeout(() => { throw new Error('nobody sees this'); });")),
        Kind("a page that crashes on the unplanned query", _GRADED, 90, page(_CRASH)),
    ]  # fmt: skip


def _answering(written: str) -> b.Behavior:
    """Answers with the app's own answer, written so."""

    def made(app: b.App) -> b.Act:
        def act(connection: socket.socket, target: str) -> None:
            answer = app(target).partition(b"\r\n\r\n")[2].decode()
            connection.sendall(raw.reply(written.format(answer).encode(), b.TEXT))

        return act

    return made


SUMS = """
title = "Sums"
[[entry]]
family = "addition"
count = 5
points = 10
[[entry]]
family = "subtraction"
count = 5
points = 10
"""


def sums() -> list[Kind]:
    """Apps that are asked `SUMS`, and say their numbers in sentences."""
    right = (
        "{a} {op} {b} equals {c}", "{a} {op} {b} makes {c}", "that gives {c}", "It was {c}.",
        "{a}{sign}{b} \u2192 {c}", "{a}{sign}{b} -> {c}", "{a} {sign} {b} = {c}",
        "What is {a} {op} {b}? {c}", "What is {a} {op} {b}?\n{c}", "The answer is {c}.", "{c}.0",
        '"{c}"', "<p>{c}</p>", "[{c}]",
    )  # fmt: skip
    wrong = ("{a} {op} {b}", "{a} {b} {c}", "What is {a} {op} {b}?", "1{c}", "{c}px")
    return [
        *(Kind(f"sum as {_short(words)}", _GRADED, 100, _counting(words)) for words in right),
        *(Kind(f"sum as {_short(words)}", _GRADED, 0, _counting(words)) for words in wrong),
    ]


def _short(words: str) -> str:
    return repr(words)[:36]


def _counting(words: str) -> b.Behavior:
    def process(query: str) -> str:
        found = re.search(r"(\d+) (plus|minus) (\d+)", query)
        if found is None:
            return ""
        first, second = int(found[1]), int(found[3])
        plus = found[2] == "plus"
        answer = first + second if plus else first - second
        return words.format(a=first, b=second, c=answer, op=found[2], sign="+" if plus else "-")

    return lambda _app: b.as_it_should(b.web_app(process))


def _asks_the_id(target: str) -> bool:
    return _api(target) and "Andrew" in target


def _kept(target: str) -> bool:
    """What a cache answers: the id's question, at the address that is always asked."""
    return _asks_the_id(target) and "fresh" not in target


def _unplanned(target: str) -> bool:
    return _api(target) and "Shakespeare" not in target and "Andrew" not in target


def sleepers(count: int) -> list[Kind]:
    """A class of which a third sleep, and wake within a minute in whatever way platforms know."""
    asleep = []
    for number in range(count // 3):
        name, answer = _ASLEEP[number % len(_ASLEEP)]
        nap = 5 + 55 * number / (count // 3)
        behavior = b.until(nap, b.always(answer))
        asleep.append(Kind(f"asleep, {name}", _GRADED, 100, behavior, tries=_POLLS))
    return [*asleep, *[NORMAL] * (count - len(asleep))]


_ASLEEP = (
    ("404", raw.reply(b"Not Found", "x-render-routing: no-server", status="404 Not Found")),
    ("502", raw.reply(b"Bad Gateway", status="502 Bad Gateway")),
    ("503", raw.reply(b"", status="503 Service Unavailable")),
    ("a page", _SPLASH),
)
