"""Grading one submission: questions are asked, replies judged, and events told as it happens."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime

from grader.asking.passes import (
    asked_again,
    joined,
    not_before,
    seconds_until,
    state_of,
    waited_before,
    wake_seconds,
)
from grader.asking.questioning import Questioning
from grader.asking.waking import Waking
from grader.judging.second_look import is_api_asleep, seen_own, worth_another_look
from grader.model import (
    AskingAgain,
    Awake,
    Event,
    Finished,
    Job,
    Judged,
    Judgement,
    LookingAgain,
    ProbeKind,
    Question,
    Release,
    Reply,
    Scorecard,
    State,
    Verdict,
    WakingUp,
)
from grader.outcomes import Cause, Outcome
from grader.probes import Deployment
from grader.probes.beside import beside, beside_if_long
from grader.questions import STARTER_QUERY, draw

_STATES = {
    Outcome.FORBIDDEN_ADDRESS: State.REFUSED,
    Outcome.NOT_CHECKED: State.NOT_GRADED,
}


def grade(job: Job) -> AsyncGenerator[Event, None]:
    """Grade one submission; if the job has a first pass, only what that left to be asked again.

    Yields:
        WakingUp, Awake, one Judged for each question asked, and Finished at the end.
    """
    return _Grading(job).events()


async def grade_twice(job: Job) -> AsyncGenerator[Event, None]:
    """Grade one submission by itself: the first pass, and the second if it is needed."""
    async with contextlib.aclosing(grade(job)) as events:
        async for event in events:
            if not isinstance(event, Finished) or not event.scorecard.wants_second_pass:
                yield event
                continue
            again = dataclasses.replace(job, previous=event.scorecard)
            seconds = seconds_until(not_before(again))
            count = sum(asked_again(verdict) for verdict in event.scorecard.verdicts)
            yield AskingAgain(count, seconds)
            await asyncio.sleep(seconds)
            async with contextlib.aclosing(grade(again)) as second:
                async for later in second:
                    yield later


async def grade_job(job: Job) -> Scorecard:
    """Grade `job` to the end of its pass."""
    return await last_of(grade(job))


async def last_of(events: AsyncGenerator[Event, None]) -> Scorecard:
    """The scorecard that grading ends with."""
    async with contextlib.aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                return event.scorecard
    raise AssertionError("grading ends with Finished")


async def _told_by(
    verdicts: tuple[Verdict, ...], told: Callable[[tuple[Verdict, ...]], bool]
) -> bool:
    """What the replies behind `verdicts`, which may be long pages of strangers, tell."""
    texts = (reply.text for verdict in verdicts for reply in verdict.replies)
    return await beside_if_long(texts, told, verdicts)


class _Grading:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._submission = job.submission
        self._questions: tuple[Question, ...] = ()
        self._earlier: tuple[Verdict | None, ...] = ()
        self._verdicts: list[Verdict] = []
        self._started_at = datetime.now(UTC)
        self._wake_up: tuple[Reply, ...] = ()
        self._release: Release | None = None
        # Whether the app itself answered before any question was asked.
        self._own = False
        if job.previous is not None:
            self._own = job.previous.own
            self._started_at = job.previous.started_at
            self._wake_up = job.previous.wake_up
            self._release = job.previous.release

    async def events(self) -> AsyncGenerator[Event, None]:
        await self._take_questions()
        submission = self._submission
        if submission.fault:
            refused = submission.state is State.REFUSED
            outcome = Outcome.FORBIDDEN_ADDRESS if refused else Outcome.SKIPPED
            yield await self._none_asked(submission.state, Judgement(outcome, submission.fault))
            return
        async with Deployment(submission, self._job.limits) as deployment:
            waking = self._waking(deployment)
            yield WakingUp(submission, max(0.0, waking.left))
            await waking.until_awake()
            self._wake_up = (*self._wake_up, *waking.evidence)
            self._own = self._own or waking.own
            if (silence := waking.silence) is not None:
                yield await self._none_asked(
                    _STATES.get(silence.outcome, State.UNREACHABLE), silence
                )
                return
            self._release = waking.release or self._release
            yield Awake(self._release, 1000 * waking.elapsed, waking.only)
            async for event in self._asked(deployment, waking):
                yield event
        yield await self._finished(State.GRADED)

    async def _take_questions(self) -> None:
        """Draw the questions, or take those of the first pass with its verdicts."""
        job = self._job
        # If the first pass crashed, there are no verdicts, and everything is asked.
        if job.previous is not None and job.previous.verdicts:
            self._earlier = job.previous.verdicts
            self._questions = tuple(verdict.question for verdict in job.previous.verdicts)
            return
        limits = job.limits
        self._questions = job.questions or await beside(
            draw, job.battery, job.submission, job.seed, limits.probes, limits.connections
        )
        self._earlier = (None,) * len(self._questions)

    def _waking(self, deployment: Deployment) -> Waking:
        in_browser = any(question.probe is ProbeKind.BROWSER for question in self._questions)
        by_api = (
            question.query
            for question in self._questions
            if question.probe is ProbeKind.API and question.query
        )
        return Waking(
            deployment,
            query=next(by_api, STARTER_QUERY),
            page=ProbeKind.BROWSER if in_browser else ProbeKind.PAGE,
            seconds=wake_seconds(self._job),
            waited=waited_before(self._job, datetime.now(UTC)),
            timeout=self._job.limits.timeout,
        )

    async def _asked(
        self, deployment: Deployment, waking: Waking
    ) -> AsyncGenerator[Judged | LookingAgain | Awake | AskingAgain, None]:
        """Ask what is due in this pass, and ask some of it once more."""
        questioning = Questioning(self._job, deployment, self._questions)
        due = [before is None or asked_again(before) for before in self._earlier]
        async for judged in questioning.ask(self._earlier, due):
            yield judged
        async for event in self._looked_again(questioning, waking):
            yield event
        if self._job.previous is not None:
            async for late in self._late_ones_again(questioning):
                yield late
        self._verdicts = questioning.verdicts

    async def _looked_again(
        self, questioning: Questioning, waking: Waking
    ) -> AsyncGenerator[Judged | LookingAgain | Awake, None]:
        """If the app itself gave no answer, wait for it, and ask once more when it is there."""
        asked = tuple(questioning.verdicts)
        asleep = await _told_by(asked, is_api_asleep)
        own = waking.own or await _told_by(asked, seen_own)
        self._own = self._own or own
        if questioning.is_blocked or waking.left < 1 or (own and not asleep):
            return
        if not await _told_by(asked, worth_another_look):
            return
        lost = next(each for each in asked if each.replies and not each.outcome.rule.earns)
        yield LookingAgain(waking.left, lost.judgement.reason)
        if not await waking.again(api_alone=asleep):
            return
        yield Awake(self._release, 1000 * waking.elapsed)
        questioning.forgive()
        due = [verdict.outcome is not Outcome.RIGHT for verdict in asked]
        async for judged in questioning.ask(asked, due):
            yield judged

    async def _late_ones_again(
        self, questioning: Questioning
    ) -> AsyncGenerator[Judged | AskingAgain, None]:
        """Ask again what failed, if only the second pass asked it: the app woke up too late."""
        asked = tuple(questioning.verdicts)
        late = [
            now.second_pass and not (before is not None and before.replies)
            for before, now in zip(self._earlier, asked, strict=True)
        ]
        if questioning.is_patience_spent or not any(
            now.replies for now, is_late in zip(asked, late, strict=True) if is_late
        ):
            return
        yield AskingAgain(sum(late))
        due = [
            is_late or now.outcome is Outcome.SKIPPED
            for now, is_late in zip(asked, late, strict=True)
        ]
        async for judged in questioning.ask(asked, due):
            yield judged

    async def _none_asked(self, state: State, why: Judgement) -> Finished:
        """The end of a pass that asked nothing. Verdicts that it was not to replace stay."""
        for question, before in zip(self._questions, self._earlier, strict=True):
            if before is not None and not asked_again(before):
                self._verdicts.append(before)
            else:
                verdict = Verdict(question, why)
                self._verdicts.append(joined(before, verdict) if before is not None else verdict)
        replies = (reply for verdict in self._verdicts for reply in verdict.replies)
        if state is State.UNREACHABLE and any(reply.failure is None for reply in replies):
            # It answered in the first pass, and those answers still count.
            return await self._finished(State.GRADED)
        return await self._finished(state, why.reason, why.cause)

    async def _finished(
        self, state: State, reason: str = "", cause: Cause | None = None
    ) -> Finished:
        if state is State.GRADED:
            state, reason = state_of(self._verdicts)
        if not self._own and any(verdict.replies for verdict in self._verdicts):
            self._own = await _told_by(tuple(self._verdicts), seen_own)
        return Finished(
            Scorecard(
                submission=self._submission,
                state=state,
                verdicts=tuple(self._verdicts),
                started_at=self._started_at,
                finished_at=datetime.now(UTC),
                reason=reason,
                release=self._release,
                wake_up=self._wake_up,
                cause=cause,
                own=self._own,
            )
        )
