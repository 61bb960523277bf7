"""Deployed apps to compare: the web app on loopback, right, wrong, failing, slow, stale, asleep."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from flask import Flask

from grader.delivery.gate import Gated, Order, Progress, gate
from grader.model import Battery, Limits, Submission, Target
from grader.questions import load_battery
from tests.grader.apps import QUICK, SEED, right_answers
from tests.servers import serve
from webapp.app import create_app

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OLD, NEW = "a" * 40, "b" * 40
EXTREME = load_battery("extreme")


@cache
def _answers() -> dict[str, str]:
    """The right answers to all that the gate draws of the battery with this seed."""
    return {
        query: answer
        for seed in range(SEED, SEED + 10)
        for query, answer in right_answers("abc123", EXTREME, seed).items()
    }


def right(query: str) -> str:
    return _answers().get(query, "")


def wrong_sums(query: str) -> str:
    return "7" if "plus" in query else right(query)


def failing_each(number: int) -> Callable[[str], str]:
    """Answers that fail each so many requests."""
    count = itertools.count(1)

    def answer(query: str) -> str:
        if next(count) % number == 0:
            raise RuntimeError("a bug")
        return right(query)

    return answer


def slow(query: str) -> str:
    time.sleep(0.015)
    return right(query)


def deployed(process: Callable[[str], str] = right, commit: str | None = NEW) -> Flask:
    release = {"commit": commit, "platform": None, "environment": None, "region": None}
    made = create_app({"PROCESS": process, "RELEASE": release})
    made.logger.disabled = True
    return made


@contextmanager
def served(process: Callable[[str], str] = right, commit: str | None = NEW) -> Iterator[str]:
    """One app; its URL."""
    made = deployed(process, commit)
    try:
        with serve(made) as url:
            yield url
    finally:
        made.logger.disabled = False  # it is that of every app in this process


def balanced(*apps: "WSGIApplication") -> "WSGIApplication":
    """A balancer that chooses an app for each connection; here, each request is a new one."""
    rng = Random(SEED)

    def choose(environ: "WSGIEnvironment", start: "StartResponse") -> "Iterator[bytes]":
        return iter(rng.choice(apps)(environ, start))

    return choose


def asleep(app: "WSGIApplication", requests: int) -> "WSGIApplication":
    """An app whose host answers so many requests itself before it is awake."""
    left = itertools.count(requests, -1)

    def waking(environ: "WSGIEnvironment", start: "StartResponse") -> "Iterator[bytes]":
        if next(left) > 0:
            start("503 Service Unavailable", [("Content-Type", "text/plain")])
            return iter([b"starting"])
        return iter(app(environ, start))

    return waking


def order(
    candidate: str,
    baseline: str,
    andrew_id: str = "abc123",
    limits: Limits = QUICK,
    battery: Battery = EXTREME,
    **further: Any,
) -> Order:
    values: dict[str, Any] = {"seed": SEED, "samples": 100, "per_second": 1000.0}
    here, there = (Target(Submission(andrew_id, url), limits) for url in (candidate, baseline))
    return Order(here, there, battery, **(values | further))


def gated(candidate: str, baseline: str, **further: Any) -> Gated:
    """How the comparison ends."""
    *progress, end = gate(order(candidate, baseline, **further))
    assert all(isinstance(event, Progress) for event in progress)
    assert isinstance(end, Gated)
    return end
