"""The rules on pairs of replies: answers, errors, latency, and whether there is enough data.

Each takes the evidence and the probability of error that it may spend, and says what it finds.
What is bad on both sides alike is none of the candidate's faults: see `remarks`. Pure.
"""

import statistics
from collections.abc import Iterator

from grader.delivery.gate.evidence import Evidence, Tally
from grader.delivery.gate.statistics import at_most, fisher, mann_whitney
from grader.delivery.gate.values import Decision, Finding, Grade, Rule, Sample
from grader.text.cutting import quoted, some_of

SLOWER = 1.25
"""So many times the baseline's latency is tolerated: two hosts are never equally fast."""
LEAST_PAIRS = 20
"""With fewer pairs that count, nothing is decided."""
DOWN_IN_A_ROW = 10
"""After so many failures in a row, a side is down."""
# Milliseconds that nobody feels, however large a part of the whole they are.
_NOT_FELT = 2.0
_NAMED = 5
_BAD_ON_BOTH = 0.05
# What a trial may end early for: so many more errors are ruled out, each time with this
# probability of being wrong.
_MORE_ERRORS = 0.05
_RULED_OUT = 0.0005


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
    regressions = {
        text
        for text, tally in enumerate(tallies)
        if tally.against >= 2 and tally.right_beside >= 2 and not tally.wrong_beside
        if not wavering or _exceeds(tally, wavering, beside, level / 2 / len(tallies))
    }
    p = fisher(wrong, of, wavering, beside) if of and beside else 1.0
    numbers = {
        "regressions": len(regressions), "wrong": wrong, "answers": of,
        "baseline_wrong": wavering, "baseline_answers": beside, "p": p, "limit": level / 2,
    }  # fmt: skip
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
    words = f"no question wrong that the baseline answers right ({counted})"
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
    return Finding(Rule.ERRORS, decision, words, numbers, _failures(evidence))


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


def down(evidence: Evidence) -> Finding | None:
    """Whether one side has stopped answering altogether; None if both still answer."""
    here, beside = evidence.candidate.failed_in_a_row, evidence.baseline.failed_in_a_row
    numbers = {"failed_in_a_row": here, "baseline_failed_in_a_row": beside}
    if beside >= DOWN_IN_A_ROW:
        words = f"the baseline is down: its last {beside} requests failed"
        return Finding(Rule.HEALTH, Decision.HOLD, words, numbers)
    if here >= DOWN_IN_A_ROW and not beside:
        words = f"the candidate is down: its last {here} requests failed, none of the baseline's"
        return Finding(Rule.HEALTH, Decision.REJECT, words, numbers, _failures(evidence)[::-1])
    return None


def data(evidence: Evidence, planned: int) -> Finding:
    """Whether there was enough to decide by, of `planned` pairs."""
    asked, usable = len(evidence.samples), evidence.usable
    beside, texts = evidence.baseline, evidence.tallies
    left_out = sum(not tally.asked for tally in texts)
    words, decision = f"{usable} of {asked} pairs count", Decision.HOLD
    places: tuple[int, ...] = ()
    if beside.asked and 2 * beside.failed > beside.asked:
        failed = f"{beside.failed} of {beside.asked} of its requests failed"
        words = f"the baseline is down: {failed}, so there is nothing to compare with"
        places = evidence.places(lambda sample: sample.baseline.grade is Grade.FAILED)
    elif usable < LEAST_PAIRS or 2 * usable < asked:
        words += ": this machine, the network or a platform's limit stood in the way of the rest"
        places = evidence.places(_is_unseen)
    elif 2 * max(evidence.candidate.late, beside.late) > asked:
        words += ", but this machine itself was too busy to time most of the replies"
    elif left_out and planned >= len(texts):
        words += f", but {left_out} of {len(texts)} questions were never asked: more time is needed"
    else:
        decision = Decision.PROMOTE
    numbers = {"usable": usable, "pairs": asked, "planned": planned, "questions": len(texts)}
    numbers["questions_left_out"] = left_out
    return Finding(Rule.DATA, decision, words, numbers, places)


def is_clear(evidence: Evidence) -> bool:
    """Whether nothing bad is left to be found, so that a good candidate need not wait.

    Each question was asked twice, and the candidate was never wrong where the baseline was right;
    errors on 5% of the requests more, and more than 1.25 times the latency, are ruled out.
    """
    if any(tally.asked < 2 or tally.against for tally in evidence.tallies):
        return False
    here, beside = evidence.candidate, evidence.baseline
    rate = _MORE_ERRORS + beside.failed / beside.asked
    if not here.ms or not beside.ms or at_most(here.failed, here.asked, rate) > _RULED_OUT:
        return False
    return mann_whitney([SLOWER * each for each in beside.ms], here.ms).p <= _RULED_OUT


def too_few(evidence: Evidence, level: float) -> Iterator[str]:
    """What so few pairs cannot tell."""
    left_out = sum(not tally.asked for tally in evidence.tallies)
    if left_out:
        yield f"Not asked: {left_out} of {len(evidence.tallies)} questions."
    here, beside = evidence.candidate, evidence.baseline
    noticed = (
        failed
        for failed in range(here.asked + 1)
        if fisher(failed, here.asked, beside.failed, beside.asked) <= level
    )
    least = next(noticed, here.asked + 1)
    if least > 2 * _MORE_ERRORS * here.asked + beside.failed:
        yield (
            f"With {here.asked} pairs, errors alone reject a candidate from {least} on: a longer "
            "comparison notices fewer."
        )


def remarks(evidence: Evidence) -> Iterator[str]:
    """What is bad on both sides alike, or happened once: it decides nothing."""
    texts = enumerate(evidence.tallies)
    both = [quoted(evidence.queries[text]) for text, each in texts if _is_wrong_on_both(each)]
    if both:
        yield f"Wrong on both sides alike: {some_of(both, _NAMED)}."
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


def _failures(evidence: Evidence) -> tuple[int, ...]:
    return evidence.places(lambda sample: sample.candidate.grade is Grade.FAILED)


def _is_unseen(sample: Sample) -> bool:
    return Grade.UNSEEN in (sample.candidate.grade, sample.baseline.grade)


def _answers(tally: Tally) -> int:
    return tally.right + tally.wrong


def _answers_beside(tally: Tally) -> int:
    return tally.right_beside + tally.wrong_beside


def _exceeds(tally: Tally, wavering: int, beside: int, level: float) -> bool:
    return fisher(tally.wrong, _answers(tally), wavering, beside) <= level


def _is_wrong_on_both(tally: Tally) -> bool:
    return tally.wrong > tally.right and tally.wrong_beside > tally.right_beside


def _tested(p: float, level: float) -> str:
    return f"p = {p:.2g}, limit {level:.2g}"
