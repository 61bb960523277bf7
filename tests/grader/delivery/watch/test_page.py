"""The page of a watcher, and when it is written."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from grader.delivery.watch.history import History, open_history
from grader.delivery.watch.moments import now
from grader.delivery.watch.page import PageFile, render
from grader.delivery.watch.values import (
    Incident,
    IncidentEvent,
    Indicator,
    Look,
    Objective,
    Recovery,
    Sample,
    Standing,
    Status,
    Step,
)
from grader.outcomes import Outcome
from tests.grader.delivery.watch.watched import AT, GOOD, MISSED, OPEN, OVER, PAUSED, target
from tests.grader.formats.classes import ATTACKS
from tests.servers import wait_until


def soup(text: str) -> BeautifulSoup:
    return BeautifulSoup(text, "html.parser")


def words(text: str) -> str:
    return " ".join(soup(text).get_text(" ").split())


def test_says_how_it_stands_in_words() -> None:
    page = render([GOOD, MISSED, PAUSED], [OPEN, OVER], AT, 10, "still.html", "watch.json")
    (title,) = soup(page).find_all("h1")
    assert title.get_text() == "1 of 2 apps misses an objective"
    said = words(page)
    for part in (
        "shop.example keeps its objectives",
        "search.example misses an objective Last look: 76 was expected, and 75 came",
        "quiet.example paused maintenance until noon",
        "right answers at least 99 % over 5 min missed 90 % in 60 looks 1000 % lately 600 %",
        "search.example: right answers, in time open",
        "after 4 min 10 s Cause right answers: 90 %",
        "11:58:11 Dry run: with --act, render would be rolled back",
        "48 answered, 2 not, 0 errors in 60 s",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("shown", "title"),
    [
        ([GOOD], "All objectives are kept"),
        ([MISSED], "1 of 1 app misses an objective"),
        ([MISSED, MISSED], "2 of 2 apps miss an objective"),
        ([PAUSED], "Nothing is watched"),
        (
            [replace(MISSED, status=replace(MISSED.status, ourselves="5 of 5 fail"))],
            "We suspect ourselves",
        ),
    ],
)
def test_the_heading_sums_up(shown: list[object], title: str) -> None:
    page = render(shown, [], AT, 10, "still.html", "watch.json")  # type: ignore[arg-type]
    assert soup(page).h1.get_text() == title  # type: ignore[union-attr]
    assert "None in the last seven days" in page


def test_says_what_an_open_incident_waits_for() -> None:
    recovery = Recovery(AT - timedelta(seconds=20), 50, 2)
    better = replace(MISSED, status=replace(MISSED.status, recovery=recovery))
    said = words(render([better], [OPEN], AT, 10, "still.html", "watch.json"))
    assert "Good again since 11:59:50; the incident ends when the last 50 s are good. " in said


def test_a_certificate_at_an_http_address_is_not_measured() -> None:
    objective = Objective("certificate", Indicator.CERTIFICATE, 1.0, 300, 7)
    standing = Standing(objective, 0, 0, None, 0.0, 0.0, missed=False)
    for url, state in {
        "http://shop.example": "not measured there is no certificate at an http address",
        "https://shop.example": "no look yet nothing",
    }.items():
        shown = replace(
            GOOD, status=replace(GOOD.status, target=target(url), standings=(standing,))
        )
        page = render([shown], [], AT, 10, "still.html", "watch.json")
        assert f"certificate at least 7 days {state}" in words(page)


def test_refreshes_itself_and_the_copy_stands_still() -> None:
    page = render([GOOD], [], AT, 10, "watch-still.html", "watch.json")
    assert soup(page).find("meta", {"http-equiv": "refresh"})["content"] == "10"  # type: ignore[index]
    assert soup(page).find("a", {"href": "watch-still.html"})
    copy = render([GOOD], [], AT, None, "watch.html", "watch.json")
    assert not soup(copy).find("meta", {"http-equiv": "refresh"})
    assert soup(copy).find("a", {"href": "watch.html"})


def test_many_apps_are_folded_but_not_those_in_trouble() -> None:
    page = soup(render([GOOD] * 9 + [MISSED], [], AT, 10, "still.html", "watch.json"))
    folded = [bool(section.find("details")) for section in page.find_all("section")]
    assert folded == [True] * 9 + [False, False]


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_what_strangers_wrote_stays_text(attack: str) -> None:
    status = replace(MISSED.status, words=attack, paused="", commit=attack)
    incident = replace(
        OPEN, cause=attack, timeline=(replace(OPEN.timeline[0], words=attack),), target=attack
    )
    hostile = render(
        [replace(MISSED, status=status)], [incident], AT, 10, "still.html", "watch.json"
    )
    plain = render(
        [MISSED], [replace(OPEN, timeline=OPEN.timeline[:1])], AT, 10, "still.html", "watch.json"
    )
    assert {tag.name for tag in soup(hostile).find_all()} <= {
        tag.name for tag in soup(plain).find_all()
    }
    assert not soup(hostile).find_all(["script", "img", "iframe"])
    assert [
        tag for tag in soup(hostile).find_all() if any(a.startswith("on") for a in tag.attrs)
    ] == []


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(tmp_path / "store")
    yield history
    history.close()


SHOP = target("https://shop.example")


def look(outcome: Outcome, at_words: str = "") -> Look:
    sample = Sample(now(), outcome, 12.0, at_words)
    return Look(Status(SHOP, sample.at, outcome, at_words, looks=1, right=1.0), sample)


def test_is_written_at_once_and_then_not_with_each_look(tmp_path: Path, history: History) -> None:
    path = tmp_path / "watch.html"
    page = PageFile(path, history, [SHOP], every=5)
    page.heard(look(Outcome.RIGHT))
    first = path.read_bytes()
    for _ in range(50):
        page.heard(look(Outcome.WRONG, "75 came"))
    assert path.read_bytes() == first
    page.write()
    assert "75 came" in path.read_text("utf-8")
    assert "51 looks: 50 wrong, 1 right" in path.read_text("utf-8")
    if sys.platform != "win32":
        assert {stat.S_IMODE(os.stat(each).st_mode) for each in tmp_path.glob("watch*")} == {0o600}
    assert sorted(each.name for each in tmp_path.glob("*.html")) == [
        "watch-still.html",
        "watch.html",
    ]
    told = json.loads((tmp_path / "watch.json").read_text("utf-8"))
    assert told["targets"][0]["words"] == "75 came"


def test_waits_until_every_app_was_looked_at(tmp_path: Path, history: History) -> None:
    path = tmp_path / "watch.html"
    page = PageFile(path, history, [SHOP, target("https://other.example")], every=5)
    page.heard(look(Outcome.RIGHT))
    assert not path.exists()


def test_goes_on_with_what_the_store_holds(tmp_path: Path, history: History) -> None:
    history.enroll([SHOP.url])
    for seconds in range(7):
        at = now() - timedelta(seconds=seconds)
        history.add(SHOP.url, Sample(at, Outcome.EMPTY, 12.0, "nothing came"))
    incident = Incident(1, SHOP.url, "right", now(), "nothing came")
    history.write([IncidentEvent(Step.STARTED, incident, incident.started_at)])
    path = tmp_path / "watch.html"
    PageFile(path, history, [SHOP], every=5).heard(look(Outcome.RIGHT))
    said = path.read_text("utf-8")
    assert "8 looks: 7 empty, 1 right" in said
    assert "shop.example: right open" in words(said)


def test_an_incident_is_on_the_page_soon(
    tmp_path: Path, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.delivery.watch.page._REFRESH", 3600.0)
    path = tmp_path / "watch.html"
    page = PageFile(path, history, [SHOP], every=5)
    page.heard(look(Outcome.RIGHT))
    history.enroll([SHOP.url])
    incident = Incident(1, SHOP.url, "right", now(), "nothing came")
    for event in history.write([IncidentEvent(Step.STARTED, incident, incident.started_at)]):
        page.heard(event)

    def is_there() -> bool:
        page.heard(look(Outcome.RIGHT))
        return "shop.example: right open" in words(path.read_text("utf-8"))

    wait_until(is_there)
