"""Deployed apps for tests: the real web app on loopback, answering what a key says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from grader.asking.classes import LocalGraders
from grader.asking.grading import grade
from grader.asking.loops import Scope
from grader.model import Battery, Event, FactKey, Job, Limits, Submission
from grader.questions import draw, load_battery
from tests.servers import serve
from webapp.app import create_app

QUICK = Limits(timeout=5.0, wake_timeout=2.0, allow_private=True)
ACTIVITY = load_battery("activity")
SEED = 7


def right_answers(andrew_id: str, battery: Battery = ACTIVITY, seed: int = SEED) -> dict[str, str]:
    """The answer to each query that this student will be asked."""
    questions = draw(battery, Submission(andrew_id, url=""), seed)
    return {
        question.query: question.key.any_of[0]
        if isinstance(question.key, FactKey)
        else str(question.key)
        for question in questions
    }


def student_app(andrew_id: str, *, finished: bool) -> Flask:
    """A student's app that answers everything right; the Andrew ID only where it is finished."""
    right = right_answers(andrew_id)

    def process(query: str) -> str:
        return right.get(query, "") if finished or "Andrew" not in query else ""

    return create_app({"PROCESS": process})


@contextmanager
def finished_app(andrew_id: str, battery: Battery = ACTIVITY) -> Iterator[str]:
    """An app that answers everything right; its URL."""
    answers = right_answers(andrew_id, battery)
    with app(lambda query: answers.get(query, "")) as url:
        yield url


@contextmanager
def app(process: Callable[[str], str], **config: object) -> Iterator[str]:
    """The web app with `process` as its answers, and what else is set; its URL."""
    made = create_app({"PROCESS": process, **config})
    made.logger.disabled = True
    try:
        with serve(made) as url:
            yield url
    finally:
        made.logger.disabled = False  # it is that of every app in this process


def job(url: str, andrew_id: str = "abc123", limits: Limits = QUICK) -> Job:
    return Job(Submission(andrew_id, url), ACTIVITY, SEED, limits)


@contextmanager
def local_graders(at_once: int = 2) -> Iterator[LocalGraders]:
    """Whoever grades so many jobs at once in this process."""
    with Scope() as scope:
        yield LocalGraders(scope, at_once)


def first_pass(job: Job) -> list[Event]:
    """What the first pass over a submission tells."""
    with Scope() as scope:
        return list(scope.iterate(grade(job)))
