"""The transcript of one student, for programs."""

import json
from typing import Any

from grader.formats import scorecard_json
from grader.formats.words import timestamp
from grader.model import Acceptance, StoredScorecard, RunInfo, Transcript


def render(run: RunInfo, transcript: Transcript) -> str:
    """Write it as one JSON object: the scorecard that counts, and every attempt."""
    current = transcript.current
    document = {
        "battery": run.battery.name,
        "seed": run.seed,
        "keep": str(run.keep),
        "andrew_id": transcript.submission.andrew_id,
        "url": transcript.submission.url,
        "current": scorecard_json.student_object(current) if current else None,
        "attempts": [_attempt_object(each) for each in transcript.scorecards],
        "overrides": [
            scorecard_json.override_object(each) | {"withdrawn": each.withdrawn}
            for each in transcript.overrides
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _attempt_object(attempt: StoredScorecard) -> dict[str, Any]:
    return {
        "attempt": attempt.number,
        "asked_at": timestamp(attempt.asked_at),
        "kind": attempt.kind.value,
        "at": timestamp(attempt.at),
        "superseded": attempt.superseded,
        "counts": attempt.current,
        "accepted": _acceptance_object(attempt.accepted),
        "wake_up": [scorecard_json.reply_object(reply) for reply in attempt.scorecard.wake_up],
        **scorecard_json.student_object(attempt.scorecard),
    }


def _acceptance_object(accepted: Acceptance | None) -> dict[str, str] | None:
    if accepted is None:
        return None
    return {"by": accepted.by, "at": timestamp(accepted.at), "reason": accepted.reason}
