"""Grading one submission: questions are asked, replies judged, and events told as it happens."""

import dataclasses
import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from grader.judging import judge, read_release
from grader.model import (
    AskingAgain,
    Awake,
    ConsistencyKey,
    Event,
    Finished,
    Job,
    Judged,
    Judgement,
    Question,
    Release,
    ReleaseKey,
    Reply,
    Scorecard,
    State,
    Verdict,
    WakingUp,
)
from grader.outcomes import Outcome
from grader.probes import Deployment
from grader.questions import draw

_log = logging.getLogger(__name__)

OUR_CRASH = "the grader itself failed: "
"""How the reason of what was not checked begins where a bug of ours is to blame."""

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
        yield AskingAgain(sum(_asked_again(verdict) for verdict in event.scorecard.verdicts))
        yield from grade(dataclasses.replace(job, previous=event.scorecard))


def ask(question: Question, deployment: Deployment, degraded_after: float) -> Verdict:
    """Ask one question and judge what comes back. Our own crash is never the student's fault.

    Args:
        question: what is asked.
        deployment: who is asked.
        degraded_after: seconds after which a right reply counts as degraded.
    """
    try:
        replies: list[Reply] = []
        for reply in _replies(question, deployment):
            replies.append(reply)
            if reply.failure is not None:
                break
        judgement = judge(question, *replies)
        right = judgement.outcome is Outcome.RIGHT
        degraded = right and replies[-1].elapsed_ms > 1000 * degraded_after
        if right:
            # A picture is evidence for what was lost, and large.
            replies = [dataclasses.replace(reply, screenshot_png="") for reply in replies]
        return Verdict(question, judgement, tuple(replies), degraded)
    except Exception as error:
        # A class may meet it thousands of times: who hears of the verdict tells people of it.
        _log.debug("asking %r failed", question.query, exc_info=True)
        reason = f"{OUR_CRASH}{type(error).__name__}"
        return Verdict(question, Judgement(Outcome.NOT_CHECKED, reason))


def _replies(question: Question, deployment: Deployment) -> Iterator[Reply]:
    match question.key:
        case ReleaseKey():
            yield deployment.ask_release()
        case ConsistencyKey(connections):
            yield from deployment.ask_afresh(question.query, connections)
        case _:
            yield deployment.ask(question.probe, question.query, question.typing)


def missing(question: Question, verdicts: Iterable[Verdict]) -> list[str]:
    """The entries that `question` requires and that are not all right among `verdicts`."""
    wrong = {verdict.question.name for verdict in verdicts if verdict.outcome is not Outcome.RIGHT}
    return [name for name in question.requires if name in wrong]


def skipped(question: Question, names: Iterable[str]) -> Verdict:
    """The verdict on a question whose requirements `names` are not met."""
    reason = f"not asked, since it builds on: {', '.join(names)}"
    return Verdict(question, Judgement(Outcome.SKIPPED, reason))


def state_of(verdicts: Iterable[Verdict]) -> tuple[State, str]:
    """The state of a submission that was asked, with its reason.

    One unscored verdict decides; it is refused where every question led to a forbidden address.
    """
    outcomes: dict[Outcome, str] = {}
    for verdict in verdicts:
        if not verdict.outcome.rule.scored:
            return State.NOT_GRADED, verdict.judgement.reason
        outcomes.setdefault(verdict.outcome, verdict.judgement.reason)
    forbidden = outcomes.pop(Outcome.FORBIDDEN_ADDRESS, None)
    outcomes.pop(Outcome.SKIPPED, None)
    if forbidden is not None and not outcomes:
        return State.REFUSED, forbidden
    return State.GRADED, ""


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
        if job.previous is not None:
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
            outcome = (
                Outcome.FORBIDDEN_ADDRESS
                if self._submission.state is State.REFUSED
                else Outcome.SKIPPED
            )
            yield self._none_asked(questions, earlier, self._submission.state, outcome)
            return
        with Deployment(self._submission, job.limits) as deployment:
            yield WakingUp(self._submission, job.limits.wake_timeout)
            wake_up = deployment.wake_up()
            self._wake_up = (*self._wake_up, wake_up)
            if wake_up.failure is not None and not _answered(wake_up):
                state = _STATES.get(wake_up.failure, State.UNREACHABLE)
                yield self._none_asked(questions, earlier, state, wake_up.failure)
                return
            self._release = read_release(wake_up) or self._release
            yield Awake(self._release, wake_up.elapsed_ms)
            due = [before is None or _asked_again(before) for before in earlier]
            yield from self._ask_all(deployment, questions, earlier, due)
            if previous is not None:
                yield from self._ask_late_ones_again(deployment, questions, earlier)
        yield self._finished(State.GRADED)

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
            names = missing(question, self._verdicts)
            if before is not None and not now:
                verdict = before
            elif names:
                verdict = skipped(question, names)
            elif self._is_patience_spent():
                often = "in a row" if self._failures >= _PATIENCE else "or more"
                reason = f"not asked, after {_PATIENCE} requests {often} that failed"
                verdict = Verdict(question, Judgement(Outcome.UNREACHABLE, reason))
            else:
                verdict = ask(question, deployment, self._job.limits.degraded_after)
                failed = verdict.outcome in _TRANSPORT_FAILURES
                self._failures = self._failures + 1 if failed else 0
                if failed:
                    self._lost_ms += sum(reply.elapsed_ms for reply in verdict.replies)
            if before is not None and verdict is not before:
                verdict = _joined(before, verdict)
            self._verdicts.append(verdict)
            if verdict != before:
                yield Judged(verdict, number, len(questions))

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
        outcome: Outcome,
    ) -> Finished:
        """The end of a submission that could not be asked at all.

        What an earlier pass has judged stays, unless it was left for this one.
        """
        wake_up = self._wake_up[-1] if self._wake_up else None
        reason = self._submission.fault or (wake_up.detail if wake_up is not None else "")
        for question, before in zip(questions, earlier, strict=True):
            if before is not None and not _asked_again(before):
                self._verdicts.append(before)
            else:
                verdict = Verdict(question, Judgement(outcome, reason))
                self._verdicts.append(_joined(before, verdict) if before is not None else verdict)
        replies = (reply for verdict in self._verdicts for reply in verdict.replies)
        if state is State.UNREACHABLE and any(reply.failure is None for reply in replies):
            # It was awake in the first pass: what it answered then still counts.
            return self._finished(State.GRADED)
        return self._finished(state, reason)

    def _finished(self, state: State, reason: str = "") -> Finished:
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
            )
        )


def _answered(wake_up: Reply) -> bool:
    """Whether a wake-up met the app, though its reply was not read to its end.

    Where `/healthz` led to a forbidden address, the link itself had to answer first.
    """
    redirected = wake_up.failure is Outcome.FORBIDDEN_ADDRESS and wake_up.status is not None
    return redirected or wake_up.failure is Outcome.TOO_LARGE


def _asked_again(verdict: Verdict) -> bool:
    """Whether a second pass asks this again: it may pass this time, or what it builds on may."""
    return verdict.second_pass or verdict.outcome is Outcome.SKIPPED


def _joined(before: Verdict, now: Verdict) -> Verdict:
    """The verdict of the second pass, with the evidence of both."""
    if not now.replies:
        # Nothing new was seen: the earlier reply and its judgement stand.
        kept = before if before.replies else now
        return dataclasses.replace(kept, replies=before.replies)
    return dataclasses.replace(now, replies=(*before.replies, *now.replies))
