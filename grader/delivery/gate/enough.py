"""Whether there is enough to decide by: too little holds, and more than enough ends early. Pure."""

from collections.abc import Iterator

from grader.delivery.gate.evidence import Evidence
from grader.delivery.gate.rules import SLOWER
from grader.delivery.gate.statistics import at_most, fisher, mann_whitney
from grader.delivery.gate.values import Decision, Finding, Grade, Rule, Sample

LEAST_PAIRS = 20
"""With fewer pairs that count, nothing is decided."""
DOWN_IN_A_ROW = 10
"""After so many requests in a row without a reply of the app, a side is down."""
_UNSEEN_IN_A_ROW = 20
_IN_THE_WAY = (
    "this machine, the network or a platform's limit stood in the way; a lower --rate may help"
)
# What a trial may end early for: so many more errors are ruled out, each time with this
# probability of being wrong.
_MORE_ERRORS = 0.05
_RULED_OUT = 0.0005


def down(evidence: Evidence) -> Finding | None:
    """Whether one side has stopped answering altogether, so that nothing is left to compare."""
    here, beside = evidence.candidate.failed_in_a_row, evidence.baseline.failed_in_a_row
    numbers = {"failed_in_a_row": here, "baseline_failed_in_a_row": beside}
    if beside >= DOWN_IN_A_ROW:
        words = f"the baseline is down: no reply of the app came to its last {beside} requests"
        return Finding(Rule.HEALTH, Decision.HOLD, words, numbers)
    if here >= DOWN_IN_A_ROW and evidence.samples[-1].baseline.is_answered:
        words = (
            f"the candidate is down: no reply of the app came to its last {here} requests, and the "
            "baseline answers"
        )
        return Finding(Rule.HEALTH, Decision.REJECT, words, numbers, evidence.failures()[::-1])
    unseen = max(evidence.candidate.unseen_in_a_row, evidence.baseline.unseen_in_a_row)
    if unseen >= _UNSEEN_IN_A_ROW:
        words = f"the last {unseen} pairs do not count: {_IN_THE_WAY}"
        places = evidence.places(_is_unseen)[::-1]
        return Finding(Rule.DATA, Decision.HOLD, words, {"unseen_in_a_row": unseen}, places)
    return None


def data(evidence: Evidence, planned: int, *, is_clear: bool) -> Finding:
    """Whether there was enough to decide by, of `planned` pairs.

    `is_clear` is whether fewer were asked because nothing bad is left to be found.
    """
    asked, usable = len(evidence.samples), evidence.usable
    beside, texts = evidence.baseline, evidence.tallies
    left_out = sum(not tally.asked for tally in texts)
    words, decision = f"{usable} of {asked} pairs count", Decision.HOLD
    beyond = evidence.places(_is_beyond_comparison)
    places: tuple[int, ...] = ()
    if 2 * beside.silent > beside.asked:
        silent = f"no reply of the app came to {beside.silent} of its {beside.asked} requests"
        words = f"the baseline is down: {silent}, so there is nothing to compare with"
        places = evidence.places(lambda sample: sample.baseline.is_silent)
    elif 2 * len(beyond) > usable:
        failed = f"in {len(beyond)} of {usable} pairs it fails, and the candidate's reply is not"
        words = f"the baseline fails on most questions: {failed} known to be right"
        places = beyond
    elif usable < LEAST_PAIRS or 2 * usable < asked:
        words += f": {_IN_THE_WAY}"
        places = evidence.places(_is_unseen)
    elif 2 * max(evidence.candidate.late, beside.late) > asked:
        words += ", but this machine itself was too busy to time most of the replies"
    elif left_out and planned >= len(texts):
        words += f", but {left_out} of {len(texts)} questions were never asked: more time is needed"
    else:
        decision = Decision.PROMOTE
        if is_clear:
            words += (
                f"; no more are needed: errors on {_MORE_ERRORS:.0%} of requests more, and more "
                f"than {SLOWER} times the latency, are ruled out"
            )
        elif asked < planned:
            words += f"; the time was over before there were {planned}"
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
            f"With {here.asked} pairs, {least} failed requests are needed to reject. Ask more "
            "pairs (--samples) to notice a smaller share."
        )


def _is_beyond_comparison(sample: Sample) -> bool:
    """Whether the baseline failed, and the candidate's reply is neither right nor a failure too."""
    doubtful = sample.candidate.grade in (Grade.WRONG, Grade.ANSWERED)
    return sample.baseline.grade is Grade.FAILED and doubtful


def _is_unseen(sample: Sample) -> bool:
    return Grade.UNSEEN in (sample.candidate.grade, sample.baseline.grade)
