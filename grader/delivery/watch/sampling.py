"""Looks at all targets from one event loop, each at its own moments, over kept connections."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.asking.ask import ask
from grader.asking.waking import Waking
from grader.delivery.watch.metrics import AppReader
from grader.delivery.watch.moments import now
from grader.delivery.watch.values import AppView, Pauses, Sample
from grader.judging import read_release
from grader.model import ProbeKind, Question, Target, Verdict
from grader.outcomes import Outcome
from grader.probes import Deployment
from grader.text.cutting import cut, quoted

# So often, in seconds, all connections are new: a certificate that ran out, or an old instance
# behind a balancer, would stay unseen on connections that are kept.
_FRESH = 600.0
_METRICS = 60.0
_METRICS_TIMEOUT = 5.0
_COMMIT_DIGITS = 12
_LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Pace:
    """When targets are looked at.

    Attributes:
        every: seconds from look to look at one target.
        seconds: how long; None for ever.
        looks: how many looks at one target at most, by its address; None for any number.
    """

    every: float
    seconds: float | None = None
    looks: Mapping[str, int] | None = None


async def sampled(
    targets: Sequence[Target],
    questions: Sequence[Question],
    pace: Pace,
    pauses: Callable[[], Pauses],
    asleep: Mapping[str, float],
) -> AsyncGenerator[tuple[Target, Sample | None], None]:
    """Each look as it ends; None in place of a sample if the target is paused.

    Who may be `asleep` is woken up first, within so many seconds: that is no incident.
    """
    told: asyncio.Queue[tuple[Target, Sample | None] | None] = asyncio.Queue()

    async def look(target: Target, number: int) -> None:
        # Not all at the same moment, and not all the same question.
        await asyncio.sleep(pace.every * number / len(targets))
        async with contextlib.aclosing(_Looker(target, questions, number)) as looker:
            if target.url in asleep and target.url not in pauses():
                await looker.wake(asleep[target.url])
            async for _ in _beats(pace, target.url):
                is_paused = target.url in pauses()
                told.put_nowait((target, None if is_paused else await looker.look()))

    async def look_at_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for number, target in enumerate(targets):
                    group.create_task(look(target, number))
        finally:
            told.put_nowait(None)

    looking = asyncio.create_task(look_at_all())
    try:
        while (seen := await told.get()) is not None:
            yield seen
        await looking  # a crash is raised here
    finally:
        looking.cancel()
        # Whoever went away is told of no crash any more.
        await asyncio.gather(looking, return_exceptions=True)


async def _beats(pace: Pace, url: str) -> AsyncGenerator[None, None]:
    """The moments of one target's looks. Beats that a slow look has missed are left out."""
    loop = asyncio.get_running_loop()
    began = due = loop.time()
    left = None if pace.looks is None else pace.looks[url]
    while left is None or left > 0:
        yield
        left = None if left is None else left - 1
        missed = max(0.0, loop.time() - due) // pace.every
        due += pace.every * (1 + missed)
        if pace.seconds is not None and due - began >= pace.seconds:
            return
        if left != 0:
            await asyncio.sleep(due - loop.time())


class _Looker:
    """Looks at one target, with the next question each time."""

    def __init__(self, target: Target, questions: Sequence[Question], first: int) -> None:
        self._target = target
        self._questions = questions
        self._next = first
        self._connections = contextlib.AsyncExitStack()
        self._deployment = self._new_deployment()
        self._app = AppReader()
        self._fresh_at = self._metrics_at = 0.0
        self._certificate: datetime | None = None

    async def wake(self, seconds: float) -> None:
        """Wait until something of the app answers, or its time is over."""
        query, timeout = self._questions[0].query, self._target.limits.timeout
        async with self._new_deployment() as deployment:
            waking = Waking(deployment, query, ProbeKind.PAGE, seconds, 0.0, timeout)
            await waking.until_awake()

    async def look(self) -> Sample:
        """Ask the next question, then what else is due."""
        await self._refresh()
        question = self._questions[self._next % len(self._questions)]
        self._next += 1
        verdict = await ask(question, self._deployment)
        commit, app = None, None
        if verdict.reply is not None and verdict.reply.status is not None:
            commit = await self._commit()
            app = await self._app_view()
        expiries = (each.certificate_expires_at for each in verdict.replies)
        self._certificate = next(filter(None, expiries), self._certificate)
        return sample_of(verdict, now(), commit, self._certificate, app)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._connections.aclose()

    def _new_deployment(self) -> Deployment:
        return Deployment(self._target.submission, self._target.limits)

    async def _refresh(self) -> None:
        """Have new connections if it is time: only they show the certificate."""
        time = asyncio.get_running_loop().time()
        if time >= self._fresh_at:
            self._fresh_at = time + _FRESH
            await self._connections.aclose()
            self._deployment = await self._connections.enter_async_context(self._new_deployment())

    async def _commit(self) -> str | None:
        release = read_release(await self._deployment.ask_release())
        return release.commit if release else None

    async def _app_view(self) -> AppView | None:
        """The app's own view, if it is time to read it."""
        time = asyncio.get_running_loop().time()
        if time < self._metrics_at:
            return None
        seconds = min(_METRICS_TIMEOUT, self._target.limits.timeout)
        is_there, view = await self._app.read(await self._deployment.ask_metrics(seconds), time)
        self._metrics_at = time + (_METRICS if is_there else _FRESH)
        return view


def sample_of(
    verdict: Verdict,
    at: datetime,
    commit: str | None = None,
    certificate_expires_at: datetime | None = None,
    app: AppView | None = None,
) -> Sample:
    """What a verdict says of the app at this moment."""
    reply = verdict.reply
    took = reply is not None and (reply.status is not None or reply.failure is Outcome.TOO_SLOW)
    words = ""
    if verdict.outcome is not Outcome.RIGHT:
        words = f"{quoted(verdict.question.query)}: {verdict.judgement.reason}"
    return Sample(
        at=at,
        outcome=verdict.outcome,
        ms=reply.elapsed_ms if reply is not None and took else None,
        words=cut(words, _LONGEST_WORDS),
        commit=commit[:_COMMIT_DIGITS] if commit else None,
        certificate_expires_at=certificate_expires_at,
        app=app,
    )
