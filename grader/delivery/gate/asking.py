"""Asks both sides: wakes them, looks at the release, and asks pairs until the trial is over."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from random import Random

from grader.asking.ask import ask
from grader.asking.loops import Scope
from grader.asking.passes import seconds_to_wake
from grader.asking.waking import Waking
from grader.delivery.gate import enough, health, reasons, releases, rules
from grader.delivery.gate.texts import Grading, Text, seen, texts_of
from grader.delivery.gate.trial import ERRORS, Trial, worst
from grader.delivery.gate.values import (
    Decision,
    Finding,
    Gated,
    Grade,
    Order,
    Progress,
    Reason,
    Rule,
    Sample,
    Seen,
)
from grader.model import ProbeKind, Reply, Target, Verdict
from grader.probes import Deployment
from grader.probes.beside import beside
from grader.probes.lag import lag_meter
from grader.services.deployments import drawn

Event = Progress | Gated

# A platform that asks for time gets so many seconds at most.
_LONGEST_WAIT = 60.0


def gate(order: Order) -> Iterator[Event]:
    """Compare both sides: how far it is, and in the end the decision.

    Raises:
        InputError: if the battery has no question for the API, or needs a column of a roster.
    """
    with Scope() as scope:
        yield from scope.iterate(_Gate(order).events())


class _Gate:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._seed = drawn(order.seed)
        self._began = self._until = time.monotonic()
        # So many seconds at the end are kept for the fresh connections after the pairs.
        self._kept = 0.0
        self._texts: tuple[Text, ...] = ()
        self._reasons: list[Reason] = []
        self._remarks: list[str] = []
        self._pace = _Pace(order.per_second)
        # The last right answer of each side: it tells a limit from a bot protection.
        self._right: dict[bool, Verdict] = {}

    async def events(self) -> AsyncGenerator[Event, None]:
        order = self._order
        self._texts = await beside(texts_of, order, self._seed)
        queries = tuple(text.question.query for text in self._texts)
        trial = Trial(queries, order.samples, Random(self._seed))
        async with (
            Deployment(order.candidate.submission, order.candidate.limits) as candidate,
            Deployment(order.baseline.submission, order.baseline.limits) as baseline,
        ):
            yield Progress("Waking both up")
            here = self._waking(candidate, order.candidate)
            there = self._waking(baseline, order.baseline)
            await asyncio.gather(here.until_awake(), there.until_awake())
            self._until = time.monotonic() + 60 * order.minutes
            self._reasons.append(health.awake(here, there))
            told = (there.release and there.release.commit) or ""
            parts: tuple[Callable[[], AsyncGenerator[Progress, None]], ...] = (
                lambda: self._commits(told),
                lambda: self._pairs(trial, candidate, baseline),
                lambda: self._answers(trial),
            )
            for part in parts:
                if self._goes_on:
                    async with contextlib.aclosing(part()) as asking:
                        async for progress in asking:
                            yield progress
        yield self._gated(trial)

    @property
    def _goes_on(self) -> bool:
        """Whether asking on can still tell more."""
        return not any(
            reason.decision is Decision.REJECT
            or (reason.decision is Decision.HOLD and reason.rule in (Rule.HEALTH, Rule.DATA))
            for reason in self._reasons
        )

    @property
    def _is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._until

    def _waking(self, deployment: Deployment, target: Target) -> Waking:
        return Waking(
            deployment,
            query=self._texts[0].question.query,
            page=ProbeKind.PAGE,
            seconds=seconds_to_wake(target.submission, target.limits),
            waited=0.0,
            timeout=target.limits.timeout,
        )

    async def _commits(self, told: str) -> AsyncGenerator[Progress, None]:
        """Look at the release on fresh connections; `told` is the commit that the baseline tells.

        Nothing else is asked meanwhile: a balancer that takes its servers in turn would send every
        second connection to the same ones.
        """
        order = self._order
        replies: list[Reply] = []
        began = time.monotonic()
        async for progress in self._connected(order.candidate, None, replies):
            yield progress
        took = time.monotonic() - began
        self._kept = releases.seconds_kept(60 * order.minutes, order.per_second, took)
        met, there = releases.met_commits(replies, cut_off=self._is_over), None
        if met.is_mixed:
            replies_there: list[Reply] = []
            async for progress in self._connected(order.baseline, None, replies_there):
                yield progress
            there = releases.met_commits(replies_there, cut_off=self._is_over)
        finding = releases.one_commit(met, there, order.expect_commit)
        self._reasons.append(reasons.of_connections(finding, "", replies))
        if not met.counts and not met.cut_off and told:
            self._reasons.append(health.mute(replies))
        elif finding.decision is Decision.PROMOTE:
            self._remarks.extend(releases.remarks(met, told, expected=order.expect_commit))

    async def _answers(self, trial: Trial) -> AsyncGenerator[Progress, None]:
        """Ask one question on fresh connections: the one that tells old code best."""
        query = trial.evidence.queries[trial.evidence.telling()]
        replies: list[Reply] = []
        async for progress in self._connected(self._order.candidate, query, replies):
            yield progress
        met, there = await beside(releases.met_answers, replies, cut_off=self._is_over), None
        if met.is_mixed:
            replies_there: list[Reply] = []
            async for progress in self._connected(self._order.baseline, query, replies_there):
                yield progress
            there = await beside(releases.met_answers, replies_there, cut_off=self._is_over)
        finding = releases.one_answer(met, there)
        self._reasons.append(reasons.of_connections(finding, query, replies))

    async def _connected(
        self, target: Target, query: str | None, replies: list[Reply]
    ) -> AsyncGenerator[Progress, None]:
        """The query, or None for the release, on fresh connections; lost ones are made up for."""
        lost_in_a_row = met = 0
        for _ in range(2 * releases.CONNECTIONS):
            is_lost_for_good = lost_in_a_row == enough.DOWN_IN_A_ROW
            if met == releases.CONNECTIONS or is_lost_for_good or self._is_over:
                return
            await self._pace.wait()
            async with Deployment(target.submission, target.limits) as fresh:
                if query is None:
                    reply = await fresh.ask_release()
                else:
                    reply = await fresh.ask(ProbeKind.API, query)
            replies.append(reply)
            is_lost = releases.is_lost(reply)
            lost_in_a_row = lost_in_a_row + 1 if is_lost else 0
            met += not is_lost
            yield Progress("Opening fresh connections", met, releases.CONNECTIONS)

    async def _pairs(
        self, trial: Trial, candidate: Deployment, baseline: Deployment
    ) -> AsyncGenerator[Progress, None]:
        grading = Grading(self._texts)
        findings: tuple[Finding, ...] | None = None
        candidate_first = True
        while findings is None:
            await self._pace.wait(trial.pace)
            text = trial.next_text()
            candidate_first = not candidate_first
            sides = (candidate, baseline) if candidate_first else (baseline, candidate)
            first = await self._seen(sides[0], text, is_candidate=candidate_first)
            second = await self._seen(sides[1], text, is_candidate=not candidate_first)
            here, there = (first, second) if candidate_first else (second, first)
            here, there = await beside(grading.pair, text, here, there)
            trial.add(Sample(text, here, there, candidate_first))
            is_over = time.monotonic() >= self._until - self._kept
            findings = trial.look(time_is_over=is_over)
            yield Progress("Asking pairs", len(trial.evidence.samples), trial.pairs)
        self._reasons.extend(reasons.of_pairs(finding, trial.evidence) for finding in findings)
        self._remarks.extend(rules.remarks(trial.evidence))
        if self._goes_on:
            self._remarks.extend(enough.too_few(trial.evidence, ERRORS[-1]))

    async def _seen(self, deployment: Deployment, text: int, *, is_candidate: bool) -> Seen:
        question, lag = self._texts[text].question, lag_meter()
        right = self._right.get(is_candidate)
        with lag:
            late_before = lag.seconds()
            verdict = await ask(question, deployment, earlier=(right,) if right else ())
            on_time = lag.seconds() == late_before
        graded = seen(verdict, on_time=on_time)
        if graded.grade is Grade.RIGHT:
            self._right[is_candidate] = verdict
        if verdict.reply is not None and verdict.reply.retry_after:
            self._pace.leave_alone(verdict.reply.retry_after)
        return graded

    def _gated(self, trial: Trial) -> Gated:
        return Gated(
            order=self._order,
            decision=worst(reason.decision for reason in self._reasons),
            reasons=tuple(sorted(self._reasons, key=lambda each: list(Rule).index(each.rule))),
            remarks=tuple(self._remarks),
            samples=tuple(trial.evidence.samples),
            queries=tuple(trial.evidence.queries),
            seed=self._seed,
            seconds=time.monotonic() - self._began,
        )


class _Pace:
    """Keeps a rate: so many requests a second reach each side at most."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._next = 0.0

    async def wait(self, share: float = 1.0) -> None:
        """Wait until the next request is due; the one after it comes at this share of the rate."""
        await asyncio.sleep(self._next - time.monotonic())
        self._next = max(self._next, time.monotonic()) + 1 / (share * self._per_second)

    def leave_alone(self, seconds: float) -> None:
        """Wait before the next request as long as a platform wants, within bounds."""
        self._next = max(self._next, time.monotonic() + min(seconds, _LONGEST_WAIT))
