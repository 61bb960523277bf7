"""Watches production while a release is rolled out: from outside, and each new server directly."""

import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.asking.ask import ask
from grader.asking.loops import Scope
from grader.delivery.pipeline.instances import Instance
from grader.delivery.pipeline.keeper import LOOPBACK
from grader.delivery.watch import (
    Evaluation,
    Incident,
    Indicator,
    Objective,
    Objectives,
    Step,
    sample_of,
)
from grader.model import Limits, Question, Submission, Target, Verdict
from grader.outcomes import Outcome
from grader.probes import Deployment

_LIMITS = Limits(timeout=5.0, wake_timeout=5.0, allow_private=True)
OBJECTIVES = Objectives(
    "Production of the pipeline",
    (
        Objective("right answers", Indicator.RIGHT, 0.99, 30.0),
        Objective("errors", Indicator.ERRORS, 0.99, 30.0),
        Objective("latency", Indicator.LATENCY, 0.95, 30.0, bound=800.0),
    ),
)
"""What users may expect, over half a minute."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What one interval of a watch showed.

    Attributes:
        right: how many of `asked` answers were right.
        alert: the incident that began; None as long as all objectives are reached.
    """

    number: int
    asked: int
    right: int
    alert: Incident | None


def watch(
    front: str,
    servers: Sequence[Instance],
    questions: Sequence[Question],
    interval: float,
    intervals: int,
    per_interval: int,
) -> Iterator[Looks]:
    """Look at the front door, and at the servers in turn, in each interval; end with an alert.

    The servers are one target: if all of them fail, the release is to blame, and not this machine.
    """
    doors = [_target(f"http://{LOOPBACK}:{server.port}") for server in servers]
    production, release = _target(front), doors[0]
    evaluation = Evaluation((production, release), OBJECTIVES)
    in_turn = itertools.cycle(doors)
    chosen = random.Random(front)
    started = time.monotonic()
    with Scope() as scope:
        for number in range(1, intervals + 1):
            asked = right = 0
            for _ in range(per_interval):
                for target, door in ((production, production), (release, next(in_turn))):
                    question = chosen.choice(questions)
                    sample = sample_of(scope.result(_verdict(question, door)), datetime.now(UTC))
                    _, events = evaluation.take(target.url, sample)
                    asked, right = asked + 1, right + (sample.outcome is Outcome.RIGHT)
                    begun = [event.incident for event in events if event.step is Step.STARTED]
                    if begun:
                        yield Looks(number, asked, right, begun[0])
                        return
            time.sleep(max(0.0, started + number * interval - time.monotonic()))
            yield Looks(number, asked, right, None)


def _target(url: str) -> Target:
    return Target(Submission("", url), _LIMITS)


async def _verdict(question: Question, door: Target) -> Verdict:
    async with Deployment(door.submission, door.limits) as deployment:
        return await ask(question, deployment)
