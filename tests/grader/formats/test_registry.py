"""Every format there is can be loaded by its name, and every format of a kind is called alike."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import fields

import pytest

from grader.formats import registry
from grader.formats.gradebook import Gradebook
from grader.model import ScorecardKind, StoredScorecard, Transcript
from tests.grader.formats.classes import QUESTIONS, RUN, START, small_class

CLASS = small_class()
GRADEBOOKS = {name for name, export in registry.EXPORTS.items() if export.needs}
RUNS = sorted(set(registry.EXPORTS) - GRADEBOOKS)


@pytest.mark.parametrize("name", registry.SCORECARD)
def test_a_scorecard_in_every_format(name: str) -> None:
    shown = {registry.of_scorecard(name)(RUN, card) for card in CLASS}
    assert len(shown) == len(CLASS)


@pytest.mark.parametrize("name", registry.QUESTIONS)
def test_questions_in_every_format(name: str) -> None:
    assert "What is 76 plus 92?" in registry.of_questions(name)(QUESTIONS, 1)


@pytest.mark.parametrize("name", registry.TRANSCRIPT)
def test_a_transcript_in_every_format(name: str) -> None:
    graded = StoredScorecard(
        CLASS[1], ScorecardKind.GRADED, 1, START, START, superseded=False, current=True
    )
    transcript = Transcript(CLASS[1].submission, (graded,), ())
    assert "try later" in registry.of_transcript(name)(RUN, transcript)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_in_every_format(name: str) -> None:
    text = "".join(registry.of_run(name)(RUN, CLASS))
    assert all(card.submission.andrew_id in text for card in CLASS)


def test_a_gradebook_needs_and_takes_what_there_is() -> None:
    known = {field.name for field in fields(Gradebook)}
    used = {name for each in registry.EXPORTS.values() for name in each.needs | each.takes}
    assert used == known


@pytest.mark.parametrize(
    ("of", "names"),
    [
        (registry.of_scorecard, registry.SCORECARD),
        (registry.of_questions, registry.QUESTIONS),
        (registry.of_transcript, registry.TRANSCRIPT),
        (registry.of_run, RUNS),
        (registry.of_gradebook, GRADEBOOKS),
    ],
)
def test_what_shows_one_kind_of_thing_takes_the_same(
    of: Callable[[str], Callable[..., object]], names: Iterable[str]
) -> None:
    taken = {
        tuple(name.lstrip("_") for name in inspect.signature(of(each)).parameters) for each in names
    }
    assert len(taken) == 1
