"""The table on a terminal that is too small for all targets."""

import re

import pytest

from grader.cli.watch_table import Screen
from grader.cli.watch_words import line
from tests.grader.delivery.watch.samples import RIGHT, WRONG, Watcher, samples

TARGETS = 12


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of the last table, of which the last target is in trouble."""
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "70", "LINES": "8"}.items():
        monkeypatch.setenv(name, value)
    watcher = Watcher(targets=TARGETS)
    with Screen(TARGETS) as screen:
        for number in range(14):
            outcomes = [*[RIGHT] * (TARGETS - 1), WRONG]
            for event in watcher.round(5 * number, outcomes):
                screen.tell(event)
        for look in watcher.looks:
            screen.tell(look)
    told = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out)
    return told.rpartition("Target")[2].splitlines()


def test_who_is_in_trouble_comes_first(shown: list[str]) -> None:
    assert re.match(r":\(  app11\.example +0 % ", shown[1])


def test_what_an_incident_waits_for_stands_below_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "90", "LINES": "20"}.items():
        monkeypatch.setenv(name, value)
    watcher = Watcher()
    watcher.take(*samples([*[WRONG] * 20, RIGHT, RIGHT]))
    with Screen(1) as screen:
        screen.tell(watcher.looks[-1])
    told = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out)
    waiting = "good again since 12:01:40; the incident ends when the last 50 s are good"
    assert waiting in " ".join(told.split())
    assert waiting in line(watcher.looks[-1].status)


def test_how_many_have_no_room_is_said(shown: list[str]) -> None:
    targets = [line for line in shown if ".example" in line]
    assert f"and {TARGETS - len(targets)} more" in "".join(shown)
    assert len(shown) <= 8
