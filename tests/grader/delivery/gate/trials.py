"""Trials of the gate with pairs that are made up, without any deployment."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

from grader.delivery.gate.evidence import Evidence
from grader.delivery.gate.trial import Trial, worst
from grader.delivery.gate.values import Finding, Grade, Sample, Seen
from grader.model import AnythingKey, Judgement, Question, Reply, Verdict
from grader.outcomes import Outcome

TEXTS = [f"query {number}" for number in range(10)]
Grades = Callable[[int, int], tuple[Grade, Grade]]  # of a text, and the number of the pair


def alike(text: int, number: int) -> tuple[Grade, Grade]:
    """Both sides are right."""
    return Grade.RIGHT, Grade.RIGHT


def with_status(status: int | None, outcome: Outcome = Outcome.SERVER_ERROR) -> Verdict:
    """The verdict on a failure with this status."""
    reply = Reply("http://x/api?q=q", datetime.now(UTC), status=status)
    return Verdict(Question("made up", "q", AnythingKey(""), 0), Judgement(outcome, ""), (reply,))


def run(
    grades: Grades,
    pairs: int = 100,
    seed: int = 1,
    ms: float = 50.0,
    failure: Verdict | None = None,
) -> "End":
    """The end of a trial; each request that fails has `failure` as its verdict."""
    made = Trial(TEXTS, pairs, Random(seed))
    noise = Random(seed)
    findings = None
    while findings is None:
        text = made.next_text()
        here, there = grades(text, len(made.evidence.samples))
        candidate = Seen(here, ms * noise.uniform(0.8, 1.2), verdict=failure)
        baseline = Seen(there, 50 * noise.uniform(0.8, 1.2), verdict=failure)
        made.add(Sample(text, candidate, baseline))
        findings = made.look()
    return End(made, findings)


class End:
    """What a trial found, and after how many pairs."""

    def __init__(self, made: Trial, findings: tuple[Finding, ...]) -> None:
        self.pairs = len(made.evidence.samples)
        self.evidence = made.evidence
        self.findings = findings
        self.decision = worst(each.decision for each in findings)
        self.rules = [each.rule for each in findings if each.decision is self.decision]
        self.finding = next(each for each in findings if each.decision is self.decision)


def both(grades: tuple[Grade, Grade]) -> tuple[Seen, Seen]:
    """A pair with these grades, equally fast."""
    here, there = grades
    return Seen(here, 50.0), Seen(there, 50.0)


def evidence_of(*pairs: tuple[Seen, Seen]) -> Evidence:
    """These pairs, one of each question in turn."""
    evidence = Evidence(TEXTS)
    for number, (here, there) in enumerate(pairs):
        evidence.add(Sample(number % len(TEXTS), here, there))
    return evidence
