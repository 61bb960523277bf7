"""What a watcher tells, in lines of text."""

from __future__ import annotations

from datetime import UTC, datetime

from grader.delivery.watch import AppView, Incident, IncidentEvent, Standing, Status, Step
from grader.delivery.watch.causes import awaited, budget, measured, unmeasured, wanted
from grader.delivery.watch.windows import LEAST_LOOKS
from grader.formats.words import percent, seconds
from grader.text.cutting import cut

_DIGITS = 7
_LONGEST = 200
MARKS = {True: ":(", False: ":)"}
UNSURE = ":|"


def clock(when: datetime) -> str:
    """The time of day, in UTC."""
    return when.astimezone(UTC).strftime("%H:%M:%S")


def event(told: IncidentEvent) -> str:
    """One step of an incident: what it is, where, and why."""
    incident = told.incident
    lines = [f"{clock(told.at)} {_what(told.step, incident)}"]
    if told.step is Step.STARTED:
        lines += [f"  {part}" for part in (*incident.cause.split("; "), release(incident)) if part]
    elif told.step is not Step.RESUMED:
        lines += [f"  {each.words}" for each in incident.timeline if each.at == told.at]
    return "\n".join(lines)


def _what(step: Step, incident: Incident) -> str:
    name = f"Incident {incident.id} at {incident.target}"
    match step:
        case Step.STARTED:
            return f":( {name} has begun"
        case Step.CHANGED:
            return f":( {name} goes on"
        case Step.RESUMED:
            return f":( {name} is open since {clock(incident.started_at)}, and goes on"
        case Step.ENDED:
            ended = incident.ended_at or incident.started_at
            took = (ended - incident.started_at).total_seconds()
            return f":) {name} is over after {seconds(1000 * took)}"


def release(incident: Incident) -> str:
    """Which release answered when it began, and since when; empty if that is unknown."""
    if incident.commit is None:
        return ""
    words = f"release {incident.commit[:_DIGITS]} answers"
    if incident.commit_since is None:
        return words
    since = (incident.started_at - incident.commit_since).total_seconds()
    return f"{words}, for the last {seconds(1000 * since)}"


def line(status: Status) -> str:
    """One target in one line."""
    parts = [f"right {share(status.right)}", f"up {share(status.available)}"]
    if status.p95_ms is not None:
        parts.append(f"95 % within {seconds(status.p95_ms)}")
    if status.commit:
        parts.append(f"release {status.commit[:_DIGITS]}")
    shown = ", ".join(parts)
    return f"{clock(status.at)} {mark(status)} {status.target.url} {shown}: {state(status)}"


def mark(status: Status) -> str:
    """A sign for the state that reads without colour."""
    if status.paused or status.ourselves:
        return UNSURE
    return MARKS[status.missed] if status.missed or is_decided(status) else UNSURE


def state(status: Status) -> str:
    """The state in words: what is missed, or that nothing is."""
    if status.paused:
        return f"paused: {status.paused}"
    if status.ourselves:
        return "we suspect ourselves"
    if status.recovery is not None:
        return awaited(status.recovery)
    missed = [each for each in status.standings if each.missed]
    if missed:
        named = (f"{each.objective.name} {measured(each)}" for each in missed)
        return f"missed: {', '.join(named)}"
    if status.incident is not None:
        return "getting better"
    if not is_decided(status):
        return f"{status.looks} of {LEAST_LOOKS} looks that decide"
    is_spent = any(each.spent > 1 for each in status.standings)
    return "good again" if is_spent else "ok"


def is_decided(status: Status) -> bool:
    """Whether enough looks were made to say anything of an objective."""
    return status.looks >= LEAST_LOOKS


def standings(status: Status) -> str:
    """Each objective of a target, with what was measured and spent."""
    lines = [line(status)]
    for each in status.standings:
        if each.measured is not None:
            what = f"{each.objective.name}: {measured(each)} ({wanted(each.objective)})"
            spent = f"budget spent {budget(each.spent)}, lately {budget(each.spent_lately)}"
            lines.append(f"  {_sign(each)} {what}; {each.looks} looks, {spent}")
        elif why := unmeasured(each, status.target):
            lines.append(f"  {UNSURE} {each.objective.name}: {why}")
    if status.app is not None:
        lines.append(f"  {app_view(status.app)}")
    if status.words and status.missed:
        lines.append(f"  the last look: {cut(status.words, _LONGEST)}")
    return "\n".join(lines)


def app_view(view: AppView) -> str:
    """What the app itself counted; our own looks are among that."""
    return (
        f"the app's own /metrics: {view.answered} queries answered in "
        f"{seconds(1000 * view.seconds)}, {view.unanswered} not, {view.errors} errors"
    )


def _sign(standing: Standing) -> str:
    """Neither good nor bad is what was missed, and is good lately."""
    return UNSURE if standing.spent > 1 and not standing.missed else MARKS[standing.missed]


def share(value: float | None) -> str:
    """A share as a percentage."""
    return "-" if value is None else percent(100 * value)
