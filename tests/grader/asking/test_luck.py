"""Luck decides nothing in the activity: whatever the seed, an app has one score."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.asking.running import run
from grader.demo.apps import KINDS
from grader.demo.sample import sample_class
from grader.model import Job, Limits, Submission
from grader.questions import draw, load_battery
from tests.grader.apps import ACTIVITY, app
from webapp.query_processor import process as starter

pytestmark = pytest.mark.slow

SEEDS = range(30)
ID = "abc123"
# What is right comes at once, however busy the machine is; `SLOW` is for what never comes.
PATIENT = Limits(timeout=30.0, wake_timeout=30.0, allow_private=True)
SLOW = Limits(timeout=2.0, wake_timeout=2.0, allow_private=True)


def shakespeare(query: str) -> str:
    return "A poet." if "Shakespeare" in query else ""


def one_sentence(query: str) -> str:
    return ID if query == "What is your Andrew ID?" else shakespeare(query)


def capitals_matter(query: str) -> str:
    return ID if "your Andrew ID" in query else shakespeare(query)


def contains(query: str) -> str:
    return f"My Andrew ID is {ID}." if "andrew id" in query.lower() else shakespeare(query)


def in_json(query: str) -> str:
    return json.dumps({"id": ID}, indent=2) if "andrew" in query.lower() else shakespeare(query)


def pattern(query: str) -> str:
    return ID if re.search(r"what.*\bandrew\s*id\b", query, re.I) else shakespeare(query)


def any_id(query: str) -> str:
    return f"{ID} :)" if "id" in query.lower() else shakespeare(query)


def every_what_is(query: str) -> str:
    return ID if query.startswith("What is") else shakespeare(query)


def sums_first(query: str) -> str:
    if query.startswith("What is"):
        numbers = re.findall(r"\d+", query)
        return str(sum(map(int, numbers))) if numbers else ""
    return ID if "Andrew ID" in query else shakespeare(query)


def raises(query: str) -> str:
    answers = {"What is your Andrew ID?": ID, "Who was Shakespeare?": "A poet."}
    return answers[query]


def apologises(query: str) -> str:
    return contains(query) or "Sorry, I don\u2019t understand the question."


def nothing(_query: str) -> str:
    return ""


def echo(query: str) -> str:
    return query


def always(_query: str) -> str:
    return ID


SCORES: dict[Callable[[str], str], int] = {
    starter: 40,
    shakespeare: 40,
    one_sentence: 90,
    capitals_matter: 100,
    contains: 100,
    in_json: 100,
    pattern: 90,
    any_id: 90,
    every_what_is: 80,
    sums_first: 50,
    raises: 80,
    apologises: 100,
    nothing: 30,
    echo: 30,
    always: 80,
}


def scores(submission: Submission, limits: Limits) -> set[float | None]:
    """The scores of an app under all seeds, each asked for by a run of its own."""
    jobs = [Job(submission, ACTIVITY, seed, limits) for seed in SEEDS]
    with ThreadPoolExecutor(len(jobs)) as pool:
        return {card.score for card in pool.map(run, jobs)}


@pytest.mark.parametrize("process", SCORES, ids=lambda process: process.__name__)
def test_an_app_has_one_score(process: Callable[[str], str]) -> None:
    with app(process) as url:
        assert scores(Submission(ID, url), PATIENT) == {SCORES[process]}


def test_every_student_of_the_sample_class_has_one_score() -> None:
    with sample_class(ACTIVITY, 0, len(KINDS), latency=0.0, timeout=SLOW.timeout) as students:
        found = {
            student.section: scores(
                student, SLOW if student.section in ("slow", "down") else PATIENT
            )
            for student in students
        }
    assert found == {
        "finished": {100},
        "answers in sentences": {100},
        "the starter as it is": {40},
        "wrong id": {40},
        "slow": {40},
        "raises an error": {40},
        "asleep at first": {100},
        "down": {0},
    }


@pytest.mark.parametrize("name", ["activity", "page"])
def test_everybody_is_asked_the_same_for_the_same_points(name: str) -> None:
    battery = load_battery(name)
    asked = {
        tuple((question.query, question.points) for question in draw(battery, student, seed))
        for seed in SEEDS
        for student in (Submission(ID, ""), Submission("xyz789", "", name="Ada"))
    }
    assert len(asked) == 1
