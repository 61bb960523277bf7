"""A class in figures: one pass over its scorecards, keeping aggregates only."""

import re
import statistics
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from grader.analysis.attention import Attention, arranged, concerns_all, look
from grader.analysis.discrimination import Discrimination
from grader.analysis.integrity import Flag, FlagKind, Integrity
from grader.analysis.latencies import Latencies
from grader.model import Question, Scorecard, State, called
from grader.outcomes import Outcome

# More queries than these are no wordings of one question, but questions of their own.
_MOST_WORDINGS = 8
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")


@dataclass(slots=True)
class QuestionSummary:
    """How a class did on an entry of the battery; a student may have several outcomes for it."""

    entry: str
    name: str
    _wordings: dict[str, str] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    discrimination: Discrimination = field(default_factory=Discrimination)

    def see(self, question: Question) -> None:
        """Remember how a student was asked; other numbers in a query are no other wording."""
        if len(self._wordings) <= _MOST_WORDINGS and not question.is_check:
            self._wordings.setdefault(_NUMBER.sub("#", question.query), question.query)

    @property
    def examples(self) -> tuple[str, ...]:
        """An example of each wording that was asked; if there are many, only the first."""
        examples = tuple(self._wordings.values())
        return examples if len(examples) <= _MOST_WORDINGS else examples[:1]

    @property
    def right(self) -> int:
        """How many replies were right."""
        return self.outcomes[Outcome.RIGHT]

    @property
    def checked(self) -> int:
        """How many were checked at all."""
        return self.outcomes.total() - self.outcomes[Outcome.NOT_CHECKED]

    @property
    def shares(self) -> list[tuple[Outcome, int]]:
        """The outcomes that came up, in the order of the outcome table."""
        return [(outcome, self.outcomes[outcome]) for outcome in Outcome if self.outcomes[outcome]]

    @property
    def pass_rate(self) -> float | None:
        """The percentage of right replies among those checked; None if none was checked."""
        return 100.0 * self.right / self.checked if self.checked else None


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """The figures of a class.

    `percents` ascend, `questions` are in battery order, and the most pressing `attention` is first.
    It is empty if `nobody_graded` says it all: then the fault is on the grader's side. `filled` are
    those of name, section, median and look that at least one student has.
    """

    students: int
    states: Mapping[State, int]
    percents: "array[float]"
    questions: tuple[QuestionSummary, ...]
    attention: tuple[Attention, ...]
    nobody_graded: Attention | None
    filled: frozenset[str]
    flags: tuple[Flag, ...]
    latencies: Latencies

    @property
    def to_look_at(self) -> int:
        """How many students need a look."""
        return sum(len(each.students) for each in self.attention)

    @property
    def mean(self) -> float | None:
        """The mean in percent; None if nobody has a score."""
        return statistics.fmean(self.percents) if self.percents else None

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        """Lower quartile, median and upper quartile in percent; None if nobody has a score."""
        if not self.percents:
            return None
        if len(self.percents) == 1:
            return (self.percents[0],) * 3
        lower, median, upper = statistics.quantiles(self.percents, n=4, method="inclusive")
        return lower, median, upper

    @property
    def flags_by_kind(self) -> dict[FlagKind, list[Flag]]:
        """The flags, which are sorted by kind already."""
        return {kind: list(flags) for kind, flags in groupby(self.flags, lambda flag: flag.kind)}

    @property
    def distribution(self) -> list[tuple[str, int]]:
        """Students for each ten percent, and apart from them those with full points."""
        counts = Counter(min(int(percent // 10), 10) for percent in self.percents)
        labels = [f"{10 * tens}" for tens in range(11)]
        return [(label, counts[tens]) for tens, label in enumerate(labels)]


def summarize(scorecards: Iterable[Scorecard]) -> ClassSummary:
    """Count a class, in one pass. Students whom the roster no longer has are left out."""
    states: Counter[State] = Counter()
    percents = array("d")
    questions: dict[str, QuestionSummary] = {}
    found: list[tuple[Attention, str]] = []
    integrity, latencies = Integrity(), Latencies()
    students = 0
    filled: set[str] = set()
    for scorecard in scorecards:
        attention = look(scorecard)
        filled.update(_filled(scorecard, attention))
        if not scorecard.submission.listed:
            continue
        students += 1
        states[scorecard.state] += 1
        if (percent := scorecard.percent) is not None:
            percents.append(percent)
        if attention is not None:
            submission = scorecard.submission
            found.append((attention, submission.url or submission.handed_in))
        integrity.see(scorecard)
        latencies.see(scorecard)
        _count_questions(questions, scorecard)
    lines = arranged(found, students)
    nobody = lines[0] if concerns_all(lines, students) else None
    return ClassSummary(
        students=students,
        states=states,
        percents=array("d", sorted(percents)),
        questions=tuple(questions.values()),
        attention=() if nobody else lines,
        nobody_graded=nobody,
        filled=frozenset(filled),
        flags=integrity.flags(),
        latencies=latencies,
    )


def _filled(scorecard: Scorecard, attention: Attention | None) -> Iterator[str]:
    student = scorecard.submission
    if student.name:
        yield "name"
    if student.section:
        yield "section"
    if scorecard.latency is not None:
        yield "median"
    if attention is not None or scorecard.override is not None:
        yield "look"


def _count_questions(questions: dict[str, QuestionSummary], scorecard: Scorecard) -> None:
    points: dict[str, float] = {}
    for verdict in scorecard.verdicts:
        question, outcome = verdict.question, verdict.outcome
        name = question.name or question.family
        summary = questions.get(name)
        if summary is None:
            summary = questions[name] = QuestionSummary(name, called(question))
        summary.see(question)
        summary.outcomes[outcome] += 1
        if outcome is not Outcome.SKIPPED:
            points[name] = points.get(name, 0.0) + (verdict.points or 0.0)
    if scorecard.state is not State.GRADED:
        # If an app was down, all its points are zero: that tells nothing about the questions.
        return
    earned = scorecard.earned or 0.0
    for name, item in points.items():
        # Rounded, so that sums which differ in the sixteenth digit alone are the same.
        questions[name].discrimination.add(item, round(earned - item, 6))
