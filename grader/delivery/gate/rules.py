"""The rules on pairs of replies: answers, errors and latency.

Each takes the evidence and the probability of error that it may spend, and says what it finds.
What is bad on both sides alike is none of the candidate's faults: see `remarks`. Pure.
"""

import statistics
from collections.abc import Iterator, Sequence

from grader.delivery.gate.evidence import Evidence, Tally
from grader.delivery.gate.statistics import fisher, mann_whitney
from grader.delivery.gate.values import Decision, Finding, Rule
from grader.text.cutting import quoted, some_of

SLOWER = 1.25
"""So many times the baseline's latency is tolerated: two hosts are never equally fast."""
# Milliseconds that nobody feels, however large a part of the whole they are.
_NOT_FELT = 2.0
_NAMED = 5
_BAD_ON_BOTH = 0.05


def answers(evidence: Evidence, level: float) -> Finding:
    """Wrong twice while the baseline is right twice is a regression.

    If the baseline itself wavers (it is now right, now wrong on the same question), twice may be
    chance. Then a question counts only if it is worse than the baseline's wavering explains, and
    all questions are compared together, too.
    """
    tallies = evidence.tallies
    known = [tally for tally in tallies if tally.right_beside]
    wavering, beside = sum(t.wrong_beside for t in known), sum(map(_answers_beside, known))
    wrong, of = sum(tally.wrong for tally in known), sum(map(_answers, known))
    regressions = _regressions(tallies, wavering, beside, level / 2)
    p = fisher(wrong, of, wavering, beside) if of and beside else 1.0
    # A question of which no answer came is counted by the rule on errors.
    answered = sum(_answers(tally) > 0 for tally in known)
    numbers: dict[str, float] = {
        "regressions": len(regressions), "questions": answered, "wrong": wrong, "answers": of,
        "baseline_wrong": wavering, "baseline_answers": beside,
    }  # fmt: skip
    if wavering:
        numbers |= {"p": p, "limit": level / 2}
    if regressions:
        named = [quoted(evidence.queries[text]) for text in sorted(regressions)]
        count = f"{len(named)} question{'s' * (len(named) > 1)}"
        words = f"{count} wrong that the baseline answers right: {some_of(named, _NAMED)}"
        places = evidence.wrong(regressions)
        return Finding(Rule.ANSWERS, Decision.REJECT, words, numbers, places)
    counted = f"{wrong} of {of} answers wrong, {wavering} of {beside} on the baseline"
    if wavering and p <= level / 2:
        words = f"{counted}: more than chance explains ({_tested(p, level / 2)})"
        places = evidence.wrong({text for text, tally in enumerate(tallies) if tally.wrong})
        return Finding(Rule.ANSWERS, Decision.REJECT, words, numbers, places)
    words = (
        f"no question is wrong that the baseline answers right: {of} answer{'s' * (of != 1)} to "
        f"{answered} question{'s' * (answered != 1)} of this sort"
    )
    return Finding(Rule.ANSWERS, Decision.PROMOTE, words, numbers)


def unsettled(evidence: Evidence) -> Finding | None:
    """At the end: a question that was wrong once, and could not be asked again."""
    texts = {text for text, tally in enumerate(evidence.tallies) if tally.is_suspect}
    if not texts:
        return None
    named = some_of([quoted(evidence.queries[text]) for text in sorted(texts)], _NAMED)
    words = f"wrong once, and too late to be asked again: {named}"
    places = evidence.wrong(texts)
    return Finding(Rule.ANSWERS, Decision.HOLD, words, {"unsettled": len(texts)}, places)


def errors(evidence: Evidence, level: float) -> Finding:
    """Whether more requests fail than on the baseline: Fisher's exact test."""
    here, beside = evidence.candidate, evidence.baseline
    p = fisher(here.failed, here.asked, beside.failed, beside.asked)
    numbers = {
        "failed": here.failed, "requests": here.asked,
        "baseline_failed": beside.failed, "baseline_requests": beside.asked,
        "p": p, "limit": level,
    }  # fmt: skip
    words = (
        f"{here.failed} of {here.asked} requests failed, {beside.failed} of {beside.asked} on the "
        f"baseline ({_tested(p, level)})"
    )
    decision = Decision.REJECT if p <= level else Decision.PROMOTE
    return Finding(Rule.ERRORS, decision, words, numbers, evidence.failures())


def latency(evidence: Evidence, level: float) -> Finding:
    """Whether replies take more than 1.25 times the baseline's: the test of Mann and Whitney.

    Hosts differ, and so this alone holds and does not reject.
    """
    here, beside = evidence.candidate.ms, evidence.baseline.ms
    if not here or not beside:
        return Finding(Rule.LATENCY, Decision.PROMOTE, "no replies whose times can be compared")
    median, median_beside = statistics.median(here), statistics.median(beside)
    tested = mann_whitney(here, [SLOWER * each for each in beside])
    numbers = {
        "median_ms": median, "baseline_median_ms": median_beside, "replies": len(here),
        "baseline_replies": len(beside), "tolerated": SLOWER, "share_slower": tested.share,
        "p": tested.p, "limit": level,
    }  # fmt: skip
    ratio = f", {median / median_beside:.2f} times" if median_beside else ""
    words = (
        f"median {median:.1f} ms, {median_beside:.1f} ms on the baseline{ratio}; up to {SLOWER} "
        f"times is tolerated ({_tested(tested.p, level)})"
    )
    is_felt = median - median_beside >= _NOT_FELT
    decision = Decision.HOLD if tested.p <= level and is_felt else Decision.PROMOTE
    places = evidence.slowest() if decision is Decision.HOLD else ()
    return Finding(Rule.LATENCY, decision, words, numbers, places)


def remarks(evidence: Evidence) -> Iterator[str]:
    """What is bad on both sides alike, or happened once: it decides nothing."""
    texts = enumerate(evidence.tallies)
    both = [quoted(evidence.queries[text]) for text, each in texts if _is_wrong_on_both(each)]
    if both:
        yield f"Wrong on both sides alike: {some_of(both, 3)}."
    here, beside = evidence.candidate, evidence.baseline
    least = _BAD_ON_BOTH * min(here.asked, beside.asked)
    if min(here.failed, beside.failed) > least:
        yield (
            f"Requests fail on both sides alike: {here.failed} of {here.asked}, and "
            f"{beside.failed} of {beside.asked} on the baseline."
        )
    better = sum(each.wrong_beside >= 2 and each.right >= 2 for each in evidence.tallies)
    if better:
        yield f"Right now, and wrong on the baseline: {better} question{'s' * (better > 1)}."


def _answers(tally: Tally) -> int:
    return tally.right + tally.wrong


def _answers_beside(tally: Tally) -> int:
    return tally.right_beside + tally.wrong_beside


def _regressions(tallies: Sequence[Tally], wavering: int, beside: int, level: float) -> set[int]:
    """The questions that are wrong now: the baseline, if it wavers, does so `wavering` times."""
    return {
        text
        for text, tally in enumerate(tallies)
        if tally.against >= 2 and tally.right_beside >= 2 and not tally.wrong_beside
        if not wavering or _exceeds(tally, wavering, beside, level / len(tallies))
    }


def _exceeds(tally: Tally, wavering: int, beside: int, level: float) -> bool:
    return fisher(tally.wrong, _answers(tally), wavering, beside) <= level


def _is_wrong_on_both(tally: Tally) -> bool:
    return tally.wrong > tally.right and tally.wrong_beside > tally.right_beside


def _tested(p: float, level: float) -> str:
    return f"p = {p:.2g}, limit {level:.2g}"
