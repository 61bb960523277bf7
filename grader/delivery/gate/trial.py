"""The plan of a comparison: what is asked next, when it is looked at, and what is decided. Pure.

How the numbers were chosen. Each look at a rule is a chance to blame a candidate that is as good as
its baseline, and the chances add up: all rules and all looks together may spend 0.001. The parts
are fixed, and so the sum holds however the looks depend on each other. Early looks get little: they
are there for gross faults, which no chance explains. The last look gets most, because a small fault
needs all pairs. Latency gets most of all: a release that is slower by half, on a host that happens
to be faster by 10%, is only 1.36 times as slow, and that beside 1.25 times is hard to tell. Errors
need less: errors on 6% of the requests beside 1% are found by 1,000 pairs at 0.00022 in more than
99 of 100 trials. Rules that need no chance (a query that is always wrong, a commit that is not the
expected one, a side that is down) spend nothing. Answers spend a little for a baseline that itself
wavers.

A trial may also end early for a good candidate, at the same looks, if errors on 5% of the requests
more and a latency of more than 1.25 times are ruled out at 0.0005 each. At 250 pairs, most good
candidates are. Who is undecided by then is near a limit, where the hosts' slow drifts matter more
than chance. More pairs do not help against a drift, but more time does: from there on, pairs come
more slowly. What all that costs is in the table of `benchmarks.delivery`, with the rest.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from random import Random

from grader.delivery.gate import enough, rules
from grader.delivery.gate.evidence import Evidence
from grader.delivery.gate.values import Decision, Finding, Sample

LOOKS = (0.1, 0.25, 0.5, 1.0)
"""When it is looked at, as shares of all pairs."""
ANSWERS = (0.00002, 0.00002, 0.00002, 0.00002)
ERRORS = (0.00001, 0.00001, 0.00003, 0.00022)
LATENCY = (0.00001, 0.00001, 0.00003, 0.0006)
"""The probability of error that each rule may spend at each look: 0.001 in all."""
LATER_PACE = 0.6
"""After the second look, pairs come at this share of the rate."""

# If the second look fails again and again, other questions are asked first.
_TIMES_AGAIN = 3
_SEVERITY = (Decision.PROMOTE, Decision.HOLD, Decision.REJECT)


class Trial:
    """A comparison of at most `pairs` pairs, question by question.

    Whoever asks calls `next_text`, asks both sides, and calls `add`; `look` tells when it is over.
    """

    def __init__(self, queries: Sequence[str], pairs: int, rng: Random) -> None:
        self.evidence = Evidence(queries)
        self.pairs = pairs
        self._rng = rng
        self._coming: deque[int] = deque(range(len(queries)))
        self._again: int | None = None
        self._times = 0
        self._looks = [math.ceil(share * pairs) for share in LOOKS]

    def next_text(self) -> int:
        """The question to ask: one that was just wrong for the first time is asked again.

        The first round has the order of the battery, so that few pairs meet each of its parts.
        """
        if self._again is not None:
            return self._again
        if not self._coming:
            texts = list(range(len(self.evidence.queries)))
            self._rng.shuffle(texts)
            self._coming.extend(texts)
        return self._coming.popleft()

    @property
    def pace(self) -> float:
        """The share of the rate at which pairs are asked now."""
        return 1.0 if len(self.evidence.samples) < self._looks[1] else LATER_PACE

    def add(self, sample: Sample) -> None:
        """Take what both sides did."""
        self.evidence.add(sample)
        is_suspect = self.evidence.tallies[sample.text].is_suspect
        self._times = self._times + 1 if is_suspect and sample.text == self._again else 0
        self._again = sample.text if is_suspect and self._times < _TIMES_AGAIN else None

    def look(self, *, time_is_over: bool = False) -> tuple[Finding, ...] | None:
        """What each rule says, if that ends the trial; None if more is to be asked.

        Rules are asked at the planned looks alone, since who looks often is often deceived.
        """
        if (is_down := enough.down(self.evidence)) is not None:
            return (is_down,)
        asked = len(self.evidence.samples)
        is_last = time_is_over or asked >= self.pairs
        if not is_last and asked not in self._looks:
            return None
        number = -1 if is_last else self._looks.index(asked)
        findings = [
            rules.answers(self.evidence, ANSWERS[number]),
            rules.errors(self.evidence, ERRORS[number]),
            rules.latency(self.evidence, LATENCY[number]),
        ]
        is_clear = False
        if not is_last and worst(each.decision for each in findings) is Decision.PROMOTE:
            is_clear = enough.is_clear(self.evidence)
            if not is_clear:
                return None
        if is_last or is_clear:
            findings.append(enough.data(self.evidence, self.pairs, is_clear=is_clear))
            if (unsettled := rules.unsettled(self.evidence)) is not None:
                findings.append(unsettled)
        return tuple(findings)


def worst(decisions: Iterable[Decision]) -> Decision:
    """What they add up to."""
    return max(decisions, key=_SEVERITY.index)
