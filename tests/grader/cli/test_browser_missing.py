"""Where there is no browser, that is said once, before anybody is asked."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.probes import browser
from grader.probes.browser_thread import VISITS_AT_ONCE, BrowserThread
from tests.components import require
from tests.grader.apps import app
from tests.grader.cli.conftest import ACCEPT, Grader

pytest.importorskip("playwright")

PRIVATE = ("--allow-private", "--seed", 7)


class App:
    """A served app, and how often it was asked."""

    url = ""
    asked = 0

    def process(self, _query: str) -> str:
        self.asked += 1
        return "x"


@pytest.fixture
def served() -> Iterator[App]:
    made = App()
    with app(made.process) as made.url:
        yield made


@pytest.fixture
def roster(served: App, tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(f"andrew_id,url\nada,{served.url}\nben,{served.url}\n")
    return path


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process has started no browser."""
    thread = BrowserThread(VISITS_AT_ONCE)
    monkeypatch.setattr(browser, "browser_thread", lambda: thread)
    yield
    thread.close()


@pytest.fixture
def nowhere(unstarted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Chromium is found, either."""
    monkeypatch.setattr("shutil.which", lambda _name: None)


WORDS = "this machine cannot ask in a browser: no Chromium was found. Run: python -m playwright"


@pytest.mark.usefixtures("nowhere")
def test_check_and_ask_say_it_and_ask_nobody(served: App, grader: Grader) -> None:
    for command in (
        ("check", served.url, "--andrew-id", "x", "--probe", "browser"),
        ("check", served.url, "--andrew-id", "x", "--battery", "page"),
        ("ask", served.url, "hi", "--probe", "browser"),
    ):
        said = grader(*command, code=2).output
        assert said.count(WORDS) == 1
        assert "Waking up" not in said
    assert served.asked == 0
    grader("ask", served.url, "hi", "--probe", "page")


@pytest.mark.usefixtures("nowhere")
def test_batch_begins_no_run_that_it_could_not_ask(
    served: App, roster: Path, grader: Grader, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    said = grader("batch", roster, "--out", out, *PRIVATE, "--probe", "browser", code=2).output
    assert said.count(WORDS) == 1
    assert served.asked == 0
    # The folder is free for another run.
    grader("batch", roster, "--out", out, *PRIVATE)
    assert served.asked > 0


@pytest.mark.browser
def test_a_run_that_has_asked_all_needs_no_browser_and_an_appeal_does(
    served: App, roster: Path, grader: Grader, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    require("chromium")
    out, battery = tmp_path / "results", tmp_path / "one.toml"
    battery.write_text('title = "One"\n[[entry]]\nfamily = "shakespeare"\npoints = 10\n')
    begun = ("--probe", "browser", "--battery", battery)
    grader("batch", roster, "--out", out, *PRIVATE, *begun)
    request.getfixturevalue("nowhere")
    asked = served.asked
    assert "2 of 2 are graded already" in grader("batch", roster, "--out", out, *PRIVATE).output
    again = ("batch", roster, "--out", out, *PRIVATE, "--students", "ada")
    for command in (again, ("appeal", out, "ada"), ("appeal", out, "ada", *ACCEPT)):
        assert WORDS in grader(*command, code=2).output
    assert served.asked == asked
    # Nothing is asked to judge again.
    grader("rejudge", out, "--battery", battery)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows runs no script by its first line")
@pytest.mark.usefixtures("unstarted")
def test_a_browser_that_does_not_start_says_what_it_lacks(
    served: App, grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grader.probes import chromium

    program = tmp_path / "chromium"
    lacks = "error while loading shared libraries: libnss3.so: cannot open shared object file"
    program.write_text(f"#!/bin/sh\necho 'starting' >&2\necho '{lacks}' >&2\nexit 127\n")
    program.chmod(0o755)
    monkeypatch.setattr(chromium, "find_chromium", lambda _own: program)
    said = grader("ask", served.url, "hi", "--probe", "browser", code=2).output
    assert lacks in said
    assert "playwright install --with-deps chromium" in said
    assert "starting" not in said


@pytest.mark.usefixtures("unstarted")
def test_a_missing_playwright_names_the_extra(
    served: App, grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    monkeypatch.delitem(sys.modules, "grader.probes.chromium", raising=False)
    said = grader("ask", served.url, "hi", "--probe", "browser", code=2).output
    assert '".[grader,browser]"' in said
    assert "playwright install chromium" in said
