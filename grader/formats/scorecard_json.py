"""One scorecard for programs. The names are those of `results.json`, and are stable."""

import json
from dataclasses import asdict, fields
from typing import Any

from grader.formats import transport
from grader.formats.words import decimal, timestamp
from grader.model import Override, Reply, RunInfo, Scorecard, Timings, Verdict

_PHASES = tuple(field.name for field in fields(Timings))


def render(run: RunInfo, scorecard: Scorecard) -> str:
    """Write one student's scorecard as a JSON object, together with its battery and seed."""
    return json.dumps(run_object(run) | student_object(scorecard), indent=2, allow_nan=False) + "\n"


def student_object(scorecard: Scorecard) -> dict[str, Any]:
    """Give a scorecard as what `students` lists; a score is null if it is not graded."""
    student = scorecard.submission
    expires, percent = scorecard.certificate_expires_at, scorecard.percent
    latency = scorecard.latency
    return {
        "andrew_id": student.andrew_id,
        "name": student.name,
        "url": student.url,
        "handed_in": student.handed_in,
        "notes": list(student.notes),
        "state": scorecard.state.value,
        "reason": scorecard.reason,
        "score": scorecard.score,
        "max_score": scorecard.max_score,
        "percent": None if percent is None else float(decimal(percent)),
        "override": override_object(scorecard.override) if scorecard.override else None,
        "release": asdict(scorecard.release) if scorecard.release else None,
        "https": transport.https(scorecard),
        "certificate_expires_at": timestamp(expires) if expires else None,
        "latency": asdict(latency) if latency else None,
        "items": [_item(verdict) for verdict in scorecard.verdicts],
    }


def override_object(override: Override) -> dict[str, Any]:
    """Give what was set by hand; its score is null if the student is excused."""
    return {
        "by": override.by,
        "at": timestamp(override.at),
        "reason": override.reason,
        "score": override.score,
        "excused": override.excused,
    }


def run_object(run: RunInfo) -> dict[str, Any]:
    """Give what names a run."""
    return {"battery": run.battery.name, "seed": run.seed, "started_at": timestamp(run.started_at)}


def _item(verdict: Verdict) -> dict[str, Any]:
    question, reply = verdict.question, verdict.reply
    return {
        "family": question.family,
        "name": question.name,
        "section": question.section,
        "query": question.query,
        "expected": str(question.key),
        "reply": reply.text if reply else None,
        "outcome": verdict.outcome.value,
        "points": verdict.points,
        "max_points": question.points,
        "reason": verdict.judgement.reason,
        "decided_by": verdict.judgement.decided_by,
        "hint": question.hint,
        "probe": question.probe.value,
        "url": reply.url if reply else None,
        "status": reply.status if reply else None,
        "elapsed_ms": reply.elapsed_ms if reply else None,
        "timings": _timings(reply.timings) if reply and reply.timings else None,
        "degraded": verdict.degraded,
        "asked_at": timestamp(reply.asked_at) if reply else None,
        "attempts": reply.attempts if reply else 0,
        "earlier": [reply_object(each) for each in verdict.replies[:-1]],
    }


def reply_object(reply: Reply) -> dict[str, Any]:
    """Give a reply that was not judged: an earlier one, or one to the wake-up."""
    return {
        "reply": reply.text,
        "failure": reply.failure.value if reply.failure else None,
        "detail": reply.detail,
        "url": reply.url,
        "status": reply.status,
        "elapsed_ms": reply.elapsed_ms,
        "timings": _timings(reply.timings) if reply.timings else None,
        "asked_at": timestamp(reply.asked_at),
        "attempts": reply.attempts,
    }


def _timings(timings: Timings) -> dict[str, float | None]:
    """Give the phases of a request in milliseconds; null is one that did not happen."""
    return {f"{phase}_ms": getattr(timings, phase) for phase in _PHASES}
