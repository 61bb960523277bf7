"""A replay as JSON, for programs. The keys are stable."""

import dataclasses
import json
from typing import Any

from grader.delivery.replay import words
from grader.delivery.replay.asking import Name
from grader.delivery.replay.comparing import Compared, Kind, Replies, Seen
from grader.delivery.replay.report import Report


def render(report: Report) -> str:
    """Write everything that is known, with the replies behind each difference."""
    document: dict[str, Any] = {
        "result": report.result,
        "words": words.headline(report),
        "why": words.why(report),
        **{name: _side(report, name) for name in Name},
        "queries": {
            "captured": report.total + report.order.left_out,
            "to_ask": report.total,
            "asked": report.asked,
        },
        "counts": {kind: len(report.of(kind).queries) for kind in Kind},
        "differences": [_compared(each) for group in report.groups for each in group.queries],
        "noise": [_compared(each) for each in report.of(Kind.NOISE).queries],
        "untold": [_compared(each) for each in report.of(Kind.UNTOLD).queries],
    }
    return json.dumps(document, indent=2, ensure_ascii=True)


def _side(report: Report, name: Name) -> dict[str, Any]:
    release = report.releases.get(name)
    told = None if release is None else dataclasses.asdict(release)
    return {"url": report.sides[name].url, "release": told}


def _compared(compared: Compared) -> dict[str, Any]:
    return {
        "kind": compared.kind,
        "query": compared.query,
        "times": compared.times,
        "reason": compared.reason,
        "replies": [_replies(each) for each in compared.replies],
    }


def _replies(of: Replies) -> dict[str, Any]:
    return {
        "baseline": _seen(of.baseline),
        "candidate": _seen(of.candidate),
        "baseline_again": _seen(of.again),
    }


def _seen(seen: Seen) -> dict[str, Any]:
    return {
        "is": seen.kind,
        "status": seen.status,
        "text": seen.text,
        "words": seen.words,
        "elapsed_ms": round(seen.elapsed_ms, 3),
    }
