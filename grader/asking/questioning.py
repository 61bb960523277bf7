"""The questions of one submission, asked one after the other in one pass."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Sequence

from grader.asking.ask import ask, judged
from grader.asking.passes import is_blocked, joined, missing, pause_between, skipped
from grader.judging.second_look import is_challenged
from grader.model import Job, Judged, Judgement, Question, Reply, Verdict
from grader.outcomes import Outcome
from grader.probes import Deployment

# After three failed requests in a row, or when failed requests have cost three timeouts in a pass,
# the rest waits for the second pass. So an app that hangs only now and then cannot take for ever.
_PATIENCE = 3
_TRANSPORT_FAILURES = frozenset({Outcome.TOO_SLOW, Outcome.UNREACHABLE})


class Questioning:
    """Asks one deployment its questions in their order. `verdicts` has the verdicts so far."""

    def __init__(self, job: Job, deployment: Deployment, questions: tuple[Question, ...]) -> None:
        self.verdicts: list[Verdict] = []
        self._job = job
        self._deployment = deployment
        self._questions = questions
        self._pause = pause_between(job)
        # Transport failures in a row, and the time lost to all of them in this pass.
        self._failures = 0
        self._lost_ms = 0.0
        self._blocked: Judgement | None = None
        # Whether the app itself refuses some queries by a page with 403 or 429.
        self._refuses = False

    @property
    def is_blocked(self) -> bool:
        """Whether a platform's bot protection stands in the way: then the rest is not asked."""
        return self._blocked is not None

    @property
    def is_patience_spent(self) -> bool:
        """Whether so many requests failed that the rest waits for another pass."""
        lost = self._lost_ms >= 1000 * _PATIENCE * self._job.limits.timeout
        return self._failures >= _PATIENCE or lost

    def forgive(self) -> None:
        """Forget the failures so far: the app has been seen awake since."""
        self._failures, self._lost_ms = 0, 0.0

    async def ask(
        self, earlier: Sequence[Verdict | None], due: Sequence[bool]
    ) -> AsyncGenerator[Judged, None]:
        """Ask the questions that are `due`; the `earlier` verdicts on the others stand."""
        self.verdicts = []
        for number, (question, before, now) in enumerate(
            zip(self._questions, earlier, due, strict=True), 1
        ):
            if before is not None and not now:
                verdict = before
            else:
                verdict = self._unasked(question) or await self._asked(question)
                if before is not None:
                    verdict = joined(before, verdict)
            self.verdicts.append(verdict)
            if verdict != before:
                yield Judged(verdict, number, len(self._questions))

    def _unasked(self, question: Question) -> Verdict | None:
        """The verdict on a question that is not asked now; None if it is to be asked."""
        if names := missing(question, self.verdicts):
            return skipped(question, names)
        if self._blocked is not None:
            return Verdict(question, self._blocked)
        if self.is_patience_spent:
            often = "in a row" if self._failures >= _PATIENCE else "or more"
            reason = f"not asked, after {_PATIENCE} requests {often} that failed"
            return Verdict(question, Judgement(Outcome.UNREACHABLE, reason))
        return None

    async def _asked(self, question: Question) -> Verdict:
        if self._pause:
            await asyncio.sleep(self._pause)
        earlier = () if self._refuses else self.verdicts
        limits = self._job.limits
        verdict = await ask(question, self._deployment, limits.degraded_after, earlier)
        if is_blocked(verdict.judgement) and await self._still_answers(verdict):
            self._refuses = True
            judgement = await judged(question, verdict.replies)
            verdict = dataclasses.replace(verdict, judgement=judgement)
        if is_blocked(verdict.judgement):
            self._blocked = verdict.judgement
        failed = verdict.outcome in _TRANSPORT_FAILURES
        self._failures = self._failures + 1 if failed else 0
        if failed:
            self._lost_ms += sum(map(self._cost_ms, verdict.replies))
        return verdict

    def _cost_ms(self, reply: Reply) -> float:
        """How long a failed request took: by the reply's clock a deadline may end a bit early."""
        least = 1000 * self._job.limits.timeout if reply.failure is Outcome.TOO_SLOW else 0.0
        return max(least, reply.elapsed_ms)

    async def _still_answers(self, verdict: Verdict) -> bool:
        """Whether the app itself sent a page that looks like a bot protection's.

        If no platform has marked the page, a question that was answered right is asked once more.
        If its answer is still right, nothing stands between the app and the grader.
        """
        if verdict.reply is None or is_challenged(verdict.reply):
            return False
        for each in self.verdicts:
            if each.outcome is Outcome.RIGHT and each.question.query:
                again = await ask(each.question, self._deployment)
                return again.outcome is Outcome.RIGHT
        return False
