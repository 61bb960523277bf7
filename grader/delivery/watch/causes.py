"""How objectives stand in words: why one is missed, and what ends an incident; pure."""

from collections import Counter
from collections.abc import Sequence

from grader.delivery.watch.values import Indicator, Objective, Recovery, Sample, Standing
from grader.formats.words import decimal, percent, seconds
from grader.model import Target
from grader.outcomes import Outcome

_SHOWN = 3


def cause_of(standing: Standing, bad: Sequence[Sample]) -> str:
    """What was measured, and what the bad looks have in common; the newest comes first."""
    objective = standing.objective
    parts = [f"{objective.name}: {measured(standing)} ({wanted(objective)})"]
    if objective.indicator is not Indicator.CERTIFICATE:
        words = f"{standing.bad} of {standing.looks} looks were bad"
        # A right answer may be bad because it is late.
        kinds = Counter(
            "late" if each.outcome is Outcome.RIGHT else each.outcome.value for each in bad
        )
        named = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(_SHOWN))
        parts.append(f"{words} ({named})")
    if bad and bad[0].words:
        parts.append(f"the last one: {bad[0].words}")
    return "; ".join(parts)


def measured(standing: Standing) -> str:
    """What was measured, with its unit; "nothing" before any look counts."""
    value = standing.measured
    if value is None:
        return "nothing"
    match standing.objective.indicator:
        case Indicator.LATENCY:
            return seconds(value)
        case Indicator.CERTIFICATE:
            return f"{decimal(value, 1)} days"
        case _:
            return percent(value)


def unmeasured(standing: Standing, target: Target) -> str:
    """Why there is nothing to measure; empty if there is."""
    is_certificate = standing.objective.indicator is Indicator.CERTIFICATE
    if is_certificate and target.url.startswith("http://"):
        return "there is no certificate at an http address"
    return ""


def awaited(recovery: Recovery) -> str:
    """Since when the looks are good again, and what the incident still waits for."""
    if recovery.seconds:
        end = f"when the last {period(recovery.seconds)} are good"
    elif recovery.looks == 1:
        end = "after one more good look"
    else:
        end = f"after {recovery.looks} more good looks"
    return f"good again since {recovery.since:%H:%M:%S}; the incident ends {end}"


def wanted(objective: Objective) -> str:
    """What the objective asks for."""
    match objective.indicator:
        case Indicator.LATENCY:
            share = f"{decimal(100 * objective.share)} % within {seconds(objective.bound)}"
        case Indicator.CERTIFICATE:
            return f"at least {decimal(objective.bound)} days"
        case Indicator.ERRORS:
            share = f"at most {decimal(100 * (1 - objective.share))} %"
        case _:
            share = f"at least {decimal(100 * objective.share)} %"
    return f"{share} over {period(objective.seconds)}"


def period(length: float) -> str:
    """A period for people, as in "5 min" or "30 s"."""
    if length >= 60 and length % 60 == 0:
        return f"{length / 60:.0f} min"
    return f"{decimal(length)} s"


def budget(spent: float) -> str:
    """How much of a budget of bad looks is spent; more than 100 % is too much."""
    return percent(100 * spent)
