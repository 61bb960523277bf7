"""A comparison for programs, as JSON. The names are stable: pipelines read them."""

import json
from typing import Any

from grader.delivery.gate.values import Gated, Reason, Sample, Seen
from grader.formats.scorecard_json import reply_object
from grader.formats.words import timestamp
from grader.model import Verdict


def render(gated: Gated) -> str:
    """Write the decision, its reasons with their requests, and all samples."""
    order = gated.order
    document = {
        "decision": gated.decision.value,
        "candidate": order.candidate.url,
        "baseline": order.baseline.url,
        "battery": order.battery.name,
        "seed": gated.seed,
        "expect_commit": order.expect_commit or None,
        "seconds": round(gated.seconds, 3),
        "reasons": [_reason(reason) for reason in gated.reasons],
        "remarks": list(gated.remarks),
        "samples": [_sample(sample, gated.queries) for sample in gated.samples],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "rule": reason.rule.value,
        "decision": reason.decision.value,
        "words": reason.words,
        "numbers": dict(reason.numbers),
        "requests": [_request(verdict) for verdict in reason.requests],
    }


def _request(verdict: Verdict) -> dict[str, Any]:
    return {
        "query": verdict.question.query,
        "expected": str(verdict.question.key),
        "outcome": verdict.outcome.value,
        "reason": verdict.judgement.reason,
        "replies": [reply_object(reply) for reply in verdict.replies],
    }


def _sample(sample: Sample, queries: tuple[str, ...]) -> dict[str, Any]:
    return {
        "query": queries[sample.text],
        "candidate_first": sample.candidate_first,
        "candidate": _seen(sample.candidate),
        "baseline": _seen(sample.baseline),
    }


def _seen(seen: Seen) -> dict[str, Any]:
    reply = seen.verdict.reply if seen.verdict else None
    return {
        "grade": seen.grade.value,
        "outcome": seen.verdict.outcome.value if seen.verdict else None,
        "elapsed_ms": seen.ms,
        "on_time": seen.on_time,
        "status": reply.status if reply else None,
        "asked_at": timestamp(reply.asked_at) if reply else None,
    }
