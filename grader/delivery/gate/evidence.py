"""What has been seen so far, counted as the rules need it."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from grader.delivery.gate.values import Grade, Sample, Seen


@dataclass(slots=True)
class Side:
    """One side's replies.

    Attributes:
        asked: how many requests count.
        failed: how many of these brought no reply that could be judged.
        silent: to how many of these no reply of the app came at all.
        failed_in_a_row: how many of these at last.
        unseen_in_a_row: how many at last did not count.
        ms: how long each reply took that this machine was on time for.
        late: for how many it was not.
    """

    asked: int = 0
    failed: int = 0
    silent: int = 0
    failed_in_a_row: int = 0
    unseen_in_a_row: int = 0
    late: int = 0
    ms: list[float] = field(default_factory=list)

    def add(self, seen: Seen) -> None:
        """Count one request."""
        if seen.grade is Grade.UNSEEN:
            self.unseen_in_a_row += 1
            return
        self.unseen_in_a_row = 0
        self.asked += 1
        self.silent += seen.is_silent
        self.failed_in_a_row = self.failed_in_a_row + 1 if seen.is_silent else 0
        if seen.grade is Grade.FAILED:
            self.failed += 1
            return
        if seen.on_time:
            self.ms.append(seen.ms)
        else:
            self.late += 1


@dataclass(slots=True)
class Tally:
    """How often one question was answered right and wrong on both sides.

    Attributes:
        against: how often the candidate was wrong while the baseline was right in the same pair.
        asked: how often both sides were asked, and both requests count.
    """

    right: int = 0
    wrong: int = 0
    right_beside: int = 0
    wrong_beside: int = 0
    against: int = 0
    asked: int = 0

    def add(self, candidate: Grade, baseline: Grade) -> None:
        """Count one pair."""
        self.right += candidate is Grade.RIGHT
        self.wrong += candidate is Grade.WRONG
        self.right_beside += baseline is Grade.RIGHT
        self.wrong_beside += baseline is Grade.WRONG
        self.against += candidate is Grade.WRONG and baseline is Grade.RIGHT
        self.asked += candidate is not Grade.UNSEEN and baseline is not Grade.UNSEEN

    @property
    def telling(self) -> tuple[bool, bool]:
        """Whether its answer tells new code from old, and whether there is any: see `Evidence`."""
        is_right = self.right > 0
        return is_right and self.wrong_beside > 0 and not self.right_beside, is_right

    @property
    def is_suspect(self) -> bool:
        """Whether the candidate was wrong once, and a second look has to tell more."""
        return self.against == 1 and not self.right and not self.wrong_beside


class Evidence:
    """All samples, in their order, and what they add up to."""

    def __init__(self, queries: Sequence[str]) -> None:
        self.queries = queries
        self.samples: list[Sample] = []
        self.candidate = Side()
        self.baseline = Side()
        self.tallies = [Tally() for _ in queries]

    def add(self, sample: Sample) -> None:
        """Count one pair."""
        self.samples.append(sample)
        self.candidate.add(sample.candidate)
        self.baseline.add(sample.baseline)
        self.tallies[sample.text].add(sample.candidate.grade, sample.baseline.grade)

    @property
    def usable(self) -> int:
        """How many pairs count on both sides."""
        return sum(tally.asked for tally in self.tallies)

    def telling(self) -> int:
        """The question whose answer tells new code from old code best.

        One that the candidate answers right and the baseline wrong, else one that it answers right.
        """
        texts = range(len(self.tallies))
        return max(texts, key=lambda text: self.tallies[text].telling)

    def places(self, holds: Callable[[Sample], bool]) -> tuple[int, ...]:
        """The places of the samples for which something holds."""
        return tuple(place for place, sample in enumerate(self.samples) if holds(sample))

    def failures(self) -> tuple[int, ...]:
        """The places of the samples in which the candidate failed."""
        return self.places(lambda sample: sample.candidate.grade is Grade.FAILED)

    def wrong(self, texts: Collection[int]) -> tuple[int, ...]:
        """The places of the samples in which the candidate was wrong about one of `texts`.

        Each question comes once before any comes again.
        """
        times: Counter[int] = Counter()
        found = []
        for place, sample in enumerate(self.samples):
            if sample.text in texts and sample.candidate.grade is Grade.WRONG:
                times[sample.text] += 1
                found.append((times[sample.text], place))
        return tuple(place for _, place in sorted(found))

    def slowest(self) -> tuple[int, ...]:
        """The places of the samples whose times count, the candidate's slowest first."""
        timed = self.places(lambda sample: sample.candidate.is_timed)
        return tuple(sorted(timed, key=lambda place: -self.samples[place].candidate.ms))
