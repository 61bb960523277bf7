"""A class says how far it is, even while nobody is done."""

import threading
from collections.abc import Iterator

import pytest

from grader.cli import batch_progress
from grader.services.grading_class import Graded
from tests.grader.formats.classes import small_class
from tests.servers import wait_until


def test_something_is_said_while_nobody_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_progress, "_SILENCE", 0.05)
    said = ""

    def heard(words: str) -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return said.count(words) >= 2

    def steps() -> Iterator[Graded]:
        wait_until(lambda: heard("Graded 3 of 5 after"), lambda: said)
        yield Graded(small_class()[0], final=True)
        wait_until(lambda: heard("Graded 4 of 5 after"), lambda: said)
        yield Graded(small_class()[1], final=True)

    batch_progress.show(steps(), 3, 5, quiet=False)
    assert capsys.readouterr().err.endswith("Graded 5 of 5\n")
    assert not [each for each in threading.enumerate() if each.name == "progress"]


def test_nothing_is_said_where_nothing_is_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_progress, "_SILENCE", 0.001)

    def steps() -> Iterator[Graded]:
        assert not [each for each in threading.enumerate() if each.name == "progress"]
        yield Graded(small_class()[0], final=True)

    batch_progress.show(steps(), 0, 1, quiet=True)
    assert capsys.readouterr().err == ""
