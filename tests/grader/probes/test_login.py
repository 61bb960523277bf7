"""Pages of a login are told from pages to ask on, by the page probe and in a browser."""

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from flask import Flask, Response

from grader.judging import judge
from grader.model import AnythingKey, Key, Limits, PageKey, ProbeKind, Question, Reply, Submission
from grader.outcomes import Outcome
from grader.probes.guard import Address, Guard, Origin
from tests.grader.probes.loops import deployed
from tests.servers import serve

pytestmark = pytest.mark.slow

PAGE = ProbeKind.PAGE
BROWSER = pytest.param(ProbeKind.BROWSER, marks=pytest.mark.browser)
BOTH = pytest.mark.parametrize("kind", [PAGE, BROWSER])
ASKED = "Is this a page?"
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


@pytest.fixture(autouse=True)
def _in_a_browser(kind: ProbeKind, request: pytest.FixtureRequest) -> None:
    if kind is ProbeKind.BROWSER:
        request.getfixturevalue("chromium")


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
    with deployed(Submission("abc123", url), Limits(allow_private=True)) as deployment:
        return deployment.ask(kind, query)


def outcome(kind: ProbeKind, url: str, query: str = "") -> Outcome:
    key: Key = AnythingKey("abc123") if query else PageKey()
    asked = ask(kind, url, query)
    return judge(Question("any", query, key, 10, probe=kind), asked).outcome


def outcomes(
    kind: ProbeKind, pages: Sequence[str], queries: Sequence[str], led: str = ""
) -> dict[tuple[str, str], Outcome]:
    """The outcome of each query on each page, all asked at the same time: it is mostly waiting."""
    with ExitStack() as stack:
        urls = {page: stack.enter_context(app(page, led=led)) for page in pages}
        asked = list(itertools.product(pages, queries))
        threads = stack.enter_context(ThreadPoolExecutor(8))
        found = threads.map(lambda each: outcome(kind, urls[each[0]], each[1]), asked)
        return dict(zip(asked, found, strict=True))


@BOTH
@pytest.mark.parametrize("led", ["", "here", "away"])
def test_a_login_is_no_page_to_ask_on(kind: ProbeKind, led: str) -> None:
    queries = [""] if led == "here" else ["", ASKED]
    found = outcomes(kind, LOGINS, queries, led)
    assert found == dict.fromkeys(itertools.product(LOGINS, queries), Outcome.PROTECTED)


@BOTH
def test_an_app_on_a_host_of_its_own_is_no_login(kind: ProbeKind) -> None:
    with app(QUERY_FORM, led="away") as url:
        page = ask(kind, url)
        assert page.final_url.startswith("http://localhost:")
        assert outcome(kind, url) is Outcome.RIGHT
        assert outcome(kind, url, ASKED) is Outcome.RIGHT


@BOTH
def test_a_login_beside_the_box_to_ask_in_costs_nothing(kind: ProbeKind) -> None:
    pages = [f"{QUERY_FORM}{login}" for login in LOGINS]
    pages += [f"{login}{QUERY_FORM}" for login in LOGINS]
    queries = ["", ASKED]
    found = outcomes(kind, pages, queries, "here")
    assert found == dict.fromkeys(itertools.product(pages, queries), Outcome.RIGHT)


@BOTH
def test_a_login_elsewhere_is_one_although_it_can_be_searched(kind: ProbeKind) -> None:
    with app(QUERY_FORM + LOGINS[0], led="away") as url:
        assert outcome(kind, url) is Outcome.PROTECTED


@BOTH
def test_other_boxes_are_there_to_ask(kind: ProbeKind) -> None:
    boxes = [
        "<p>Newsletter: <input type=email></p><input>",
        "<input autocomplete=off><form><input type=password></form>",
        "<input><p><button>Show</button></p><form hidden><input><input type=password></form>",
    ]
    found = outcomes(kind, boxes, [""])
    assert found == dict.fromkeys(itertools.product(boxes, [""]), Outcome.RIGHT)


@BOTH
def test_a_page_without_a_box_is_told_so_and_not_that_it_answered_nothing(kind: ProbeKind) -> None:
    with app("<h1>Coming soon</h1>") as url:
        asked = ask(kind, url, ASKED)
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
        assert outcome(kind, url, ASKED) is Outcome.PROTECTED
