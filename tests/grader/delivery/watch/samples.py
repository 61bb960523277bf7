"""Targets and samples on a clock of their own."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from grader.delivery.watch import (
    Evaluation,
    IncidentEvent,
    Indicator,
    Look,
    Objective,
    Objectives,
    Sample,
)
from grader.model import Limits, Submission, Target
from grader.outcomes import Outcome

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY = 5.0
RIGHT, WRONG, DOWN = Outcome.RIGHT, Outcome.WRONG, Outcome.UNREACHABLE
ANSWERS = Objective("right answers", Indicator.RIGHT, 0.99, 300.0)
LATENCY = Objective("latency", Indicator.LATENCY, 0.95, 300.0, 800.0)
USUAL = Objectives("", (ANSWERS, LATENCY))


def target(number: int = 0) -> Target:
    return Target(Submission("", f"https://app{number}.example"), Limits())


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def sample(
    seconds: float, outcome: Outcome = RIGHT, ms: float | None = 20.0, commit: str | None = None
) -> Sample:
    return Sample(at(seconds), outcome, None if outcome is DOWN else ms, "", commit)


def samples(
    outcomes: Iterable[Outcome], every: float = EVERY, since: float = 0.0
) -> Iterator[Sample]:
    for number, outcome in enumerate(outcomes):
        yield sample(since + number * every, outcome)


class Watcher:
    """An evaluation, and all that it has told."""

    def __init__(self, objectives: Objectives = USUAL, targets: int = 1) -> None:
        self.targets = [target(number) for number in range(targets)]
        self.evaluation = Evaluation(self.targets, objectives)
        self.looks: list[Look] = []
        self.events: list[IncidentEvent] = []

    def take(self, *taken: Sample, number: int = 0) -> list[IncidentEvent]:
        """What these samples of one target bring about."""
        told: list[IncidentEvent] = []
        for each in taken:
            look, events = self.evaluation.take(self.targets[number].url, each)
            self.looks.append(look)
            told += events
        self.events += told
        return told

    def round(self, seconds: float, outcomes: Iterable[Outcome]) -> list[IncidentEvent]:
        """One look at each target, one after the other."""
        told = []
        for number, outcome in enumerate(outcomes):
            told += self.take(sample(seconds + number / 100, outcome), number=number)
        return told

    @property
    def steps(self) -> list[str]:
        return [event.step.value for event in self.events]
