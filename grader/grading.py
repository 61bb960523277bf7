"""Grading one submission: questions are asked, replies judged, and events told as it happens."""

import dataclasses
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from grader.asking import ask
from grader.judging import judge
from grader.judging.second_look import (
    is_api_asleep,
    is_challenged,
    seen_own,
    worth_another_look,
)
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
from grader.passes import (
    asked_again,
    is_blocked,
    joined,
    missing,
    not_before,
    pause_between,
    seconds_until,
    skipped,
    state_of,
    waited_before,
    wake_seconds,
)
from grader.probes import Deployment
from grader.questions import STARTER_QUERY, draw
from grader.waking import Waking

# After so many transport failures in a row, or as many timeouts' worth of time lost to them in a
# pass, the rest waits for the second pass: what hangs now and then ends, too.
_PATIENCE = 3
_TRANSPORT_FAILURES = frozenset({Outcome.TOO_SLOW, Outcome.UNREACHABLE})
_STATES = {
    Outcome.FORBIDDEN_ADDRESS: State.REFUSED,
    Outcome.NOT_CHECKED: State.NOT_GRADED,
}


def run(job: Job) -> Scorecard:
    """Grade `job` to the end.

    Top-level and free of shared state, so that it runs in a thread, a process or a cluster.
    """
    return _scorecard(grade(job))


def run_twice(job: Job) -> Scorecard:
    """Grade `job` by itself, with its second pass where it needs one."""
    return _scorecard(grade_twice(job))


def _scorecard(events: Iterable[Event]) -> Scorecard:
    for event in events:
        if isinstance(event, Finished):
            return event.scorecard
    raise AssertionError("grading ends with Finished")


def grade(job: Job) -> Iterator[Event]:
    """Grade one submission, or what its first pass left for a second one.

    Yields:
        WakingUp, Awake, one Judged for each question asked, and Finished at the end.
    """
    yield from _Grading(job).events()


def grade_twice(job: Job) -> Iterator[Event]:
    """Grade one submission by itself: the first pass, and the second where it is needed."""
    for event in grade(job):
        if not isinstance(event, Finished) or not event.scorecard.wants_second_pass:
            yield event
            continue
        again = dataclasses.replace(job, previous=event.scorecard)
        seconds = seconds_until(not_before(again))
        count = sum(asked_again(verdict) for verdict in event.scorecard.verdicts)
        yield AskingAgain(count, seconds)
        time.sleep(seconds)
        yield from grade(again)


class _Grading:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._submission = job.submission
        self._started_at = datetime.now(UTC)
        self._verdicts: list[Verdict] = []
        self._wake_up: tuple[Reply, ...] = ()
        self._release: Release | None = None
        # Transport failures in a row, and the time lost to all of them in this pass.
        self._failures = 0
        self._lost_ms = 0.0
        # Why the rest is not asked now: a platform's bot protection stands in the way.
        self._blocked: Judgement | None = None
        self._pause = pause_between(job)
        # Whether the app itself is known to refuse some queries by a page with 403 or 429.
        self._refuses = False
        # Whether a look before the questions has met the app.
        self._own = False
        if job.previous is not None:
            self._own = job.previous.own
            self._started_at = job.previous.started_at
            self._wake_up = job.previous.wake_up
            self._release = job.previous.release

    def events(self) -> Iterator[Event]:
        job = self._job
        previous = job.previous
        # A first pass that crashed left no verdicts: then everything is asked.
        if previous is not None and previous.verdicts:
            earlier: tuple[Verdict | None, ...] = previous.verdicts
            questions = tuple(verdict.question for verdict in previous.verdicts)
        else:
            questions = job.questions or draw(
                job.battery, job.submission, job.seed, job.limits.probes, job.limits.connections
            )
            earlier = (None,) * len(questions)
        if self._submission.fault:
            refused = self._submission.state is State.REFUSED
            outcome = Outcome.FORBIDDEN_ADDRESS if refused else Outcome.SKIPPED
            why = Judgement(outcome, self._submission.fault)
            yield self._none_asked(questions, earlier, self._submission.state, why)
            return
        with Deployment(self._submission, job.limits) as deployment:
            waking = self._waking(deployment, questions)
            yield WakingUp(self._submission, max(0.0, waking.left))
            waking.until_awake()
            self._wake_up = (*self._wake_up, *waking.evidence)
            self._own = self._own or waking.own
            if (silence := waking.silence) is not None:
                state = _STATES.get(silence.outcome, State.UNREACHABLE)
                yield self._none_asked(questions, earlier, state, silence)
                return
            self._release = waking.release or self._release
            yield Awake(self._release, 1000 * waking.elapsed, waking.only)
            due = [before is None or asked_again(before) for before in earlier]
            yield from self._ask_all(deployment, questions, earlier, due)
            yield from self._look_again(deployment, questions, waking)
            if previous is not None:
                yield from self._ask_late_ones_again(deployment, questions, earlier)
        yield self._finished(State.GRADED)

    def _waking(self, deployment: Deployment, questions: tuple[Question, ...]) -> Waking:
        in_browser = any(question.probe is ProbeKind.BROWSER for question in questions)
        by_api = (
            question.query
            for question in questions
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

    def _look_again(
        self, deployment: Deployment, questions: tuple[Question, ...], waking: Waking
    ) -> Iterator[Event]:
        """Where nothing came of the app's own, wait for it, and ask once more when it is there."""
        asleep = is_api_asleep(self._verdicts)
        own = waking.own or seen_own(self._verdicts)
        if (own and not asleep) or self._blocked or not worth_another_look(self._verdicts):
            return
        if waking.left < 1:
            return
        lost = next(each for each in self._verdicts if each.replies and not each.outcome.rule.earns)
        yield LookingAgain(waking.left, lost.judgement.reason)
        if not waking.again(api_alone=asleep):
            return
        yield Awake(self._release, 1000 * waking.elapsed)
        asked = tuple(self._verdicts)
        self._verdicts = []
        self._failures, self._lost_ms = 0, 0.0
        due = [verdict.outcome is not Outcome.RIGHT for verdict in asked]
        yield from self._ask_all(deployment, questions, asked, due)

    def _ask_all(
        self,
        deployment: Deployment,
        questions: tuple[Question, ...],
        earlier: tuple[Verdict | None, ...],
        due: Sequence[bool],
    ) -> Iterator[Event]:
        """Ask the questions that are `due`; of the others the `earlier` verdicts stand."""
        for number, (question, before, now) in enumerate(
            zip(questions, earlier, due, strict=True), 1
        ):
            if before is not None and not now:
                verdict = before
            else:
                verdict = self._unasked(question) or self._asked(question, deployment)
                if before is not None:
                    verdict = joined(before, verdict)
            self._verdicts.append(verdict)
            if verdict != before:
                yield Judged(verdict, number, len(questions))

    def _unasked(self, question: Question) -> Verdict | None:
        """The verdict on what is not to be asked now; None where it is."""
        if names := missing(question, self._verdicts):
            return skipped(question, names)
        if self._blocked is not None:
            return Verdict(question, self._blocked)
        if self._is_patience_spent():
            often = "in a row" if self._failures >= _PATIENCE else "or more"
            reason = f"not asked, after {_PATIENCE} requests {often} that failed"
            return Verdict(question, Judgement(Outcome.UNREACHABLE, reason))
        return None

    def _asked(self, question: Question, deployment: Deployment) -> Verdict:
        if self._pause:
            deployment.pause(self._pause)
        earlier = () if self._refuses else self._verdicts
        verdict = ask(question, deployment, self._job.limits.degraded_after, earlier)
        if is_blocked(verdict.judgement) and self._still_answers(verdict, deployment):
            self._refuses = True
            judgement = judge(question, *verdict.replies)
            verdict = dataclasses.replace(verdict, judgement=judgement)
        if is_blocked(verdict.judgement):
            self._blocked = verdict.judgement
        failed = verdict.outcome in _TRANSPORT_FAILURES
        self._failures = self._failures + 1 if failed else 0
        if failed:
            self._lost_ms += sum(reply.elapsed_ms for reply in verdict.replies)
        return verdict

    def _still_answers(self, verdict: Verdict, deployment: Deployment) -> bool:
        """Whether a page that looks like a bot protection's is the app's own reply to one query.

        Where no platform's mark is on it, something that was right is asked once more: it is still
        right where nothing stands between the app and us.
        """
        if verdict.reply is None or is_challenged(verdict.reply):
            return False
        right = (
            each.question
            for each in self._verdicts
            if each.outcome is Outcome.RIGHT and each.question.query
        )
        question = next(right, None)
        return question is not None and (
            ask(question, deployment, math.inf).outcome is Outcome.RIGHT
        )

    def _is_patience_spent(self) -> bool:
        lost = self._lost_ms >= 1000 * _PATIENCE * self._job.limits.timeout
        return self._failures >= _PATIENCE or lost

    def _ask_late_ones_again(
        self,
        deployment: Deployment,
        questions: tuple[Question, ...],
        earlier: tuple[Verdict | None, ...],
    ) -> Iterator[Event]:
        """Ask once more what failed when this second pass was the first to ask it.

        What an app woke up too late for in the first pass has two chances, like everything else.
        """
        asked = tuple(self._verdicts)
        late = [
            now.second_pass and not (before is not None and before.replies)
            for before, now in zip(earlier, asked, strict=True)
        ]
        if self._is_patience_spent() or not any(
            now.replies for now, is_late in zip(asked, late, strict=True) if is_late
        ):
            return
        yield AskingAgain(sum(late))
        self._verdicts = []
        due = [
            is_late or now.outcome is Outcome.SKIPPED
            for now, is_late in zip(asked, late, strict=True)
        ]
        yield from self._ask_all(deployment, questions, asked, due)

    def _none_asked(
        self,
        questions: tuple[Question, ...],
        earlier: tuple[Verdict | None, ...],
        state: State,
        why: Judgement,
    ) -> Finished:
        """The end of a submission that could not be asked at all.

        What an earlier pass has judged stays, unless it was left for this one.
        """
        for question, before in zip(questions, earlier, strict=True):
            if before is not None and not asked_again(before):
                self._verdicts.append(before)
            else:
                verdict = Verdict(question, why)
                self._verdicts.append(joined(before, verdict) if before is not None else verdict)
        replies = (reply for verdict in self._verdicts for reply in verdict.replies)
        if state is State.UNREACHABLE and any(reply.failure is None for reply in replies):
            # It was awake in the first pass: what it answered then still counts.
            return self._finished(State.GRADED)
        return self._finished(state, why.reason, why.cause)

    def _finished(self, state: State, reason: str = "", cause: Cause | None = None) -> Finished:
        if state is State.GRADED:
            state, reason = state_of(self._verdicts)
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
                own=self._own or seen_own(self._verdicts),
            )
        )
