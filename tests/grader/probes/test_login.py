"""Pages of a login are told from pages to ask on, by the page probe and in a browser."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from flask import Flask, Response

from grader.judging import judge
from grader.model import AnythingKey, Key, Limits, PageKey, ProbeKind, Question, Reply, Submission
from grader.outcomes import Outcome
from grader.probes.guard import Address, Guard, Origin
from tests.components import require
from tests.grader.probes.loops import deployed
from tests.servers import serve

PAGE = ProbeKind.PAGE
BROWSER = pytest.param(ProbeKind.BROWSER, marks=pytest.mark.browser)
BOTH = pytest.mark.parametrize("kind", [PAGE, BROWSER])
QUERY_FORM = "<form action=/><input name=q></form><output></output>"
LOGINS = [
    "<form><input name=user><input type=password></form>",
    "<form><p>Your name: <input></p><p>E-mail: <input type=email></p><input type=password></form>",
    "<div><label>User <input type=text></label></div><div><input type=PASSWORD></div>",
    "<p>This deployment has a password:<form><input type=password name=p></form>",
    "<form><input type=text name=identifier autocomplete='username webauthn'></form>",
]


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an app of this machine lead to another one of it."""

    def vet(_guard: Guard, _origin: Origin, _addresses: list[Address]) -> None:
        pass

    monkeypatch.setattr(Guard, "vet", vet)


@contextmanager
def app(html: str, *, led: str = "") -> Iterator[str]:
    """An app whose page is `html`, or that leads there, "here" or "away"; its URL."""
    first, other = Flask("first"), Flask("other")
    for each in (first, other):
        each.add_url_rule("/there", "there", lambda: html)
    other.add_url_rule("/", "index", lambda: html)
    with ExitStack() as stack:
        # Two names of this machine are two hosts.
        away = stack.enter_context(serve(other)).replace("127.0.0.1", "localhost")
        targets = {"here": "/there", "away": f"{away}/there"}

        def index() -> str | Response:
            return Response(status=302, headers={"Location": targets[led]}) if led else html

        first.add_url_rule("/", "index", index)
        yield stack.enter_context(serve(first))


def ask(kind: ProbeKind, url: str, query: str = "") -> Reply:
    if kind is ProbeKind.BROWSER:
        pytest.importorskip("playwright")
        require("chromium")
    with deployed(Submission("abc123", url), Limits(allow_private=True)) as deployment:
        return deployment.ask(kind, query)


def outcome(kind: ProbeKind, url: str, query: str = "") -> Outcome:
    key: Key = AnythingKey("abc123") if query else PageKey()
    asked = ask(kind, url, query)
    return judge(Question("any", query, key, 10, probe=kind), asked).outcome


@BOTH
@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("led", ["", "here", "away"])
def test_a_login_is_no_page_to_ask_on(kind: ProbeKind, login: str, led: str) -> None:
    with app(login, led=led) as url:
        assert outcome(kind, url) is Outcome.PROTECTED
        if led != "here":
            assert outcome(kind, url, "Is this a page?") is Outcome.PROTECTED


@BOTH
def test_an_app_on_a_host_of_its_own_is_no_login(kind: ProbeKind) -> None:
    with app(QUERY_FORM, led="away") as url:
        page = ask(kind, url)
        assert page.final_url.startswith("http://localhost:")
        assert outcome(kind, url) is Outcome.RIGHT
        assert outcome(kind, url, "Is this a page?") is Outcome.RIGHT


@BOTH
@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("join", ["{query}{login}", "{login}{query}"])
def test_a_login_beside_the_box_to_ask_in_costs_nothing(
    kind: ProbeKind, login: str, join: str
) -> None:
    with app(join.format(query=QUERY_FORM, login=login), led="here") as url:
        assert outcome(kind, url) is Outcome.RIGHT
        assert outcome(kind, url, "Is this a page?") is Outcome.RIGHT


@BOTH
def test_a_login_elsewhere_is_one_although_it_can_be_searched(kind: ProbeKind) -> None:
    with app(QUERY_FORM + LOGINS[0], led="away") as url:
        assert outcome(kind, url) is Outcome.PROTECTED


@BOTH
@pytest.mark.parametrize(
    "box",
    [
        "<p>Newsletter: <input type=email></p><input>",
        "<input autocomplete=off><form><input type=password></form>",
        "<input><p><button>Show</button></p><form hidden><input><input type=password></form>",
    ],
)
def test_other_boxes_are_there_to_ask(kind: ProbeKind, box: str) -> None:
    with app(box) as url:
        assert outcome(kind, url) is Outcome.RIGHT


@BOTH
def test_a_page_without_a_box_is_told_so_and_not_that_it_answered_nothing(kind: ProbeKind) -> None:
    with app("<h1>Coming soon</h1>") as url:
        asked = ask(kind, url, "Is this a page?")
    verdict = judge(Question("any", "", AnythingKey("abc123"), 10, probe=kind), asked)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.reason == "the page shows no text box to ask in, and no answer"


@BOTH
def test_an_answer_that_needs_a_login_is_protected(kind: ProbeKind) -> None:
    asking = Flask("asking")
    asking.add_url_rule("/", "index", lambda: "<form action=/answer><input name=q></form>")
    asking.add_url_rule("/answer", "answer", lambda: f"Log in first {LOGINS[0]}")
    with serve(asking) as url:
        assert outcome(kind, url) is Outcome.RIGHT
        assert outcome(kind, url, "Is this a page?") is Outcome.PROTECTED
