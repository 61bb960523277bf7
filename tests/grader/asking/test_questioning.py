"""How long a deployment is asked that fails again and again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from grader.asking import questioning
from grader.asking.questioning import Questioning
from grader.model import Job, Judgement, Limits, Question, Reply, Submission, Verdict
from grader.outcomes import Outcome
from grader.probes import Deployment
from grader.questions import draw
from tests.grader.apps import ACTIVITY, SEED
from tests.grader.probes.loops import in_a_thread

SUBMISSION = Submission("abc123", "http://127.0.0.1:9")
LIMITS = Limits(timeout=1.0)


async def _pass(taken: Sequence[float]) -> list[Outcome]:
    """One pass in which every other question hangs, by its clock for so many milliseconds."""
    job = Job(SUBMISSION, ACTIVITY, SEED, LIMITS)
    drawn = draw(ACTIVITY, SUBMISSION, SEED, LIMITS.probes)
    questions = tuple(replace(drawn[0], requires=()) for _ in range(2 * len(taken)))
    async with Deployment(SUBMISSION, LIMITS) as deployment:
        asked = Questioning(job, deployment, questions)
        return [
            judged.verdict.outcome
            async for judged in asked.ask([None] * len(questions), [True] * len(questions))
        ]


@pytest.mark.parametrize("taken", [(1000.0, 1000.0, 1000.0), (999.3, 1000.4, 999.8)])
def test_three_deadlines_are_enough_whatever_the_replys_clock_says(
    taken: Sequence[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(taken)
    hangs = False

    async def ask(question: Question, *_: object) -> Verdict:
        nonlocal hangs
        hangs = not hangs
        if not hangs:
            return Verdict(question, Judgement(Outcome.RIGHT, ""))
        reply = Reply(
            SUBMISSION.url, datetime.now(UTC), failure=Outcome.TOO_SLOW, elapsed_ms=next(times)
        )
        return Verdict(question, Judgement(Outcome.TOO_SLOW, ""), (reply,))

    monkeypatch.setattr(questioning, "ask", ask)
    outcomes = in_a_thread(_pass(taken))
    assert outcomes == [
        *(Outcome.TOO_SLOW, Outcome.RIGHT, Outcome.TOO_SLOW, Outcome.RIGHT, Outcome.TOO_SLOW),
        Outcome.UNREACHABLE,
    ]
