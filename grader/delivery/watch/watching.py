"""The watcher: looks, judges, keeps, and tells."""

from collections import Counter
from collections.abc import Generator, Set
from dataclasses import dataclass, replace
from datetime import timedelta

from grader.asking.loops import Scope
from grader.asking.passes import seconds_to_wake
from grader.delivery.watch.causes import period
from grader.delivery.watch.evaluation import Evaluation
from grader.delivery.watch.history import HOUR, History, samples
from grader.delivery.watch.incidents import incidents, next_id
from grader.delivery.watch.moments import now
from grader.delivery.watch.sampling import Pace, sampled
from grader.delivery.watch.values import Incident, IncidentEvent, Look, Objectives, Pauses, Step
from grader.delivery.watch.windows import LEAST_LOOKS
from grader.formats.words import decimal
from grader.model import Battery, Entry, IdKey, InputError, ProbeKind, Question, Target
from grader.questions import ColumnError, draw

_ONCE_EVERY = 1.0


class WatchError(InputError):
    """What is to be watched does not fit together; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is watched, and how.

    Attributes:
        targets: no two have the same address.
        every: seconds from look to look at one target.
        minutes: how long; None for ever.
        once: only as many looks at each target as decide something, and then no more.
        seed: draws the questions.
    """

    targets: tuple[Target, ...]
    objectives: Objectives
    battery: Battery
    seed: int
    every: float = 5.0
    minutes: float | None = None
    once: bool = False


def watch(plan: Plan, history: History) -> Generator[Look | IncidentEvent, None, None]:
    """Look at the targets, and tell each look, and each step of an incident.

    A step is in the store before it is told. Incidents that are open in the store go on.

    Raises:
        WatchError: if the plan does not fit together.
    """
    questions = questions_of(plan)
    _check(plan)
    history.enroll(target.url for target in plan.targets)
    beginning = _begin(plan, history)
    evaluation = beginning.evaluation
    for incident in beginning.incidents:
        yield IncidentEvent(Step.RESUMED, incident, now())
    pauses = history.pauses()
    yield from history.write(evaluation.pause(pauses, now()))
    pace, asleep = _pace(plan, pauses), _asleep(plan, beginning.known)
    looking = sampled(plan.targets, questions, pace, lambda: pauses, asleep)
    with Scope() as scope:
        try:
            for target, sample in scope.iterate(looking):
                events: tuple[IncidentEvent, ...] = ()
                if sample is None:
                    look = evaluation.paused(target.url, now())
                else:
                    look, events = evaluation.take(target.url, sample)
                    history.add(target.url, sample)
                if history.is_due:
                    pauses = history.pauses()
                    events += evaluation.pause(pauses, now())
                    events = history.write(events)
                elif events:
                    events = history.write(events)
                yield look
                yield from events
        finally:
            history.write()


def questions_of(plan: Plan) -> tuple[Question, ...]:
    """What the targets are asked in turn. If there is no id, they are not asked for it.

    Raises:
        WatchError: if nothing is left to ask.
    """
    student = plan.targets[0].submission
    entries = [entry for entry in plan.battery.entries if not entry.check]
    if not student.andrew_id:
        entries = [entry for entry in entries if not _needs_id(plan, entry)]
    drawn = draw(replace(plan.battery, entries=tuple(entries)), student, plan.seed)
    asked = tuple(each for each in drawn if each.probe is not ProbeKind.BROWSER)
    if not asked:
        raise WatchError(
            f"the battery {plan.battery.name} has no question that a watcher can ask: give an id "
            "with --andrew-id, or another battery with --battery"
        )
    return asked


def _needs_id(plan: Plan, entry: Entry) -> bool:
    try:
        drawn = draw(replace(plan.battery, entries=(entry,)), plan.targets[0].submission, plan.seed)
    except ColumnError:
        return True
    return any(isinstance(each.key, IdKey) for each in drawn)


def _check(plan: Plan) -> None:
    urls = [target.url for target in plan.targets]
    if twice := [url for url, times in Counter(urls).items() if times > 1]:
        raise WatchError(f"{twice[0]} is given twice: give each address once")
    every, timeout = _every(plan), max(target.limits.timeout for target in plan.targets)
    # A look at an app that hangs takes a little more than the timeout, and misses these beats.
    hanging = every * (1 + timeout // every)
    for objective in plan.objectives.each:
        seconds, longest = objective.seconds, objective.seconds / LEAST_LOOKS
        covers = f"the objective {objective.name!r} covers {period(seconds)}, in which there are"
        if every > longest:
            raise WatchError(
                f"{covers} {decimal(seconds / every, 1)} looks at one each {period(every)}, and "
                f"{LEAST_LOOKS} decide: look at least every {decimal(longest)} s, or make the "
                "period longer"
            )
        if hanging > longest:
            raise WatchError(
                f"{covers} {decimal(seconds / hanging, 1)} looks at an app that hangs for "
                f"{period(timeout)} each time, and {LEAST_LOOKS} decide: give a --timeout of less "
                f"than {decimal(every * (longest // every))} s, or make the period longer"
            )


def _every(plan: Plan) -> float:
    """Seconds from look to look."""
    return min(plan.every, _ONCE_EVERY) if plan.once else plan.every


@dataclass(frozen=True, slots=True)
class _Beginning:
    """Where an earlier watcher of the same store has left off.

    `known` are the addresses of the targets that have looks which still count.
    """

    evaluation: Evaluation
    known: Set[str]
    incidents: tuple[Incident, ...]


def _begin(plan: Plan, history: History) -> _Beginning:
    at = now()
    with history.reading() as connection:
        earlier = incidents(connection, since=at - HOUR)
        evaluation = Evaluation(
            plan.targets, plan.objectives, incidents=earlier, next_id=next_id(connection)
        )
        known = set()
        since = at - timedelta(seconds=plan.objectives.seconds)
        for url, sample in samples(connection, since):
            evaluation.recall(url, sample)
            known.add(url)
    urls = {target.url for target in plan.targets}
    going_on = (each for each in earlier if each.ended_at is None and each.target in urls)
    return _Beginning(evaluation, known, tuple(going_on))


def _asleep(plan: Plan, known: Set[str]) -> dict[str, float]:
    """The seconds to wake up for each target that was not looked at lately."""
    return {
        each.url: seconds_to_wake(each.submission, each.limits)
        for each in plan.targets
        if each.url not in known
    }


def _pace(plan: Plan, pauses: Pauses) -> Pace:
    if not plan.once:
        return Pace(_every(plan), plan.minutes and 60 * plan.minutes)
    # Earlier looks do not count among them: they would outweigh what is wrong only now.
    looks = {each.url: 1 if each.url in pauses else LEAST_LOOKS for each in plan.targets}
    return Pace(_every(plan), looks=looks)
