"""Findings become reasons: with the requests behind them."""

from collections.abc import Sequence

from grader.delivery.gate.evidence import Evidence
from grader.delivery.gate.releases import CONNECTIONS
from grader.delivery.gate.texts import kept_of
from grader.delivery.gate.values import Decision, Finding, Reason
from grader.model import ConsistencyKey, Judgement, Question, Reply, Verdict
from grader.outcomes import Outcome

# All samples are in the JSON anyway.
_PAIRS = 20
_OUTCOMES = {
    Decision.PROMOTE: Outcome.RIGHT,
    Decision.HOLD: Outcome.NOT_CHECKED,
    Decision.REJECT: Outcome.WRONG,
}


def of_pairs(finding: Finding, evidence: Evidence) -> Reason:
    """A reason that rests on pairs: the candidate's request of each, and then the baseline's."""
    requests = (
        side.verdict
        for place in finding.samples[:_PAIRS]
        for side in (evidence.samples[place].candidate, evidence.samples[place].baseline)
        if side.verdict is not None
    )
    return _reason(finding, tuple(requests))


def of_connections(finding: Finding, query: str, replies: Sequence[Reply]) -> Reason:
    """A reason that rests on fresh connections, whose replies are all kept."""
    question = Question("consistency", query, ConsistencyKey(CONNECTIONS), 0, name="consistency")
    judgement = Judgement(_OUTCOMES[finding.decision], finding.words)
    return _reason(finding, (Verdict(question, judgement, tuple(map(kept_of, replies))),))


def _reason(finding: Finding, requests: tuple[Verdict, ...]) -> Reason:
    return Reason(finding.rule, finding.decision, finding.words, finding.numbers, requests)
