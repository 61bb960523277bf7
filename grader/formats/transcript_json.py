"""The transcript of one student, for programs."""

import json
from typing import Any

from grader.formats import scorecard_json
from grader.formats.words import timestamp
from grader.model import Acceptance, RunInfo, StoredScorecard, Transcript


def render(run: RunInfo, transcript: Transcript) -> str:
    """Write it as one JSON object: the scorecard that counts, and every stored."""
    current = transcript.current
    document = {
        "battery": run.battery.name,
        "seed": run.seed,
        "keep": str(run.keep),
        "andrew_id": transcript.submission.andrew_id,
        "url": transcript.submission.url,
        "current": scorecard_json.student_object(current) if current else None,
        "attempts": [_scorecard_object(each) for each in transcript.scorecards],
        "overrides": [
            scorecard_json.override_object(each) | {"withdrawn": each.withdrawn}
            for each in transcript.overrides
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _scorecard_object(stored: StoredScorecard) -> dict[str, Any]:
    return {
        "attempt": stored.number,
        "asked_at": timestamp(stored.asked_at),
        "kind": stored.kind.value,
        "at": timestamp(stored.at),
        "superseded": stored.superseded,
        "counts": stored.current,
        "accepted": _acceptance_object(stored.accepted),
        "wake_up": [scorecard_json.reply_object(reply) for reply in stored.scorecard.wake_up],
        **scorecard_json.student_object(stored.scorecard),
    }


def _acceptance_object(accepted: Acceptance | None) -> dict[str, str] | None:
    if accepted is None:
        return None
    return {"by": accepted.by, "at": timestamp(accepted.at), "reason": accepted.reason}
