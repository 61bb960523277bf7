"""A class in figures: one pass over its scorecards, keeping aggregates only."""

import statistics
from array import array
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from grader.formats.discrimination import Discrimination
from grader.formats.integrity import Flag, FlagKind, Integrity
from grader.formats.latencies import Latencies
from grader.formats.words import STATE_WORDS, score
from grader.model import Scorecard, State
from grader.outcomes import Outcome

# What an instructor should see first comes first.
_STATES_TO_LOOK_AT = (State.NOT_GRADED, State.UNREACHABLE, State.REFUSED, State.INVALID)


@dataclass(slots=True)
class QuestionSummary:
    """How a class did on one entry of the battery.

    Attributes:
        example: the query as the first student was asked it.
        outcomes: how many times each came up; an entry with a count has several per student.
        discrimination: of the students who were asked it.
    """

    name: str
    example: str
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    discrimination: Discrimination = field(default_factory=Discrimination)

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
        """The percentage of right ones among those checked; None where none was."""
        return 100.0 * self.right / self.checked if self.checked else None


@dataclass(frozen=True, slots=True)
class Attention:
    """A student whom an instructor should look at before signing.

    Attributes:
        kind: the state or the outcome that asks for it; None for what was set by hand.
    """

    andrew_id: str
    name: str
    kind: State | Outcome | None
    reason: str

    @property
    def words(self) -> str:
        """What it is about, in words."""
        if self.kind is None:
            return "set by hand"
        return STATE_WORDS[self.kind] if isinstance(self.kind, State) else self.kind.value


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """The figures of a class.

    Attributes:
        percents: the scores of those who have one, in percent, ascending.
        questions: in battery order.
        attention: the most pressing first.
        flags: what an instructor may want to ask about; a flag itself costs nobody a point.
    """

    students: int
    states: Mapping[State, int]
    percents: "array[float]"
    questions: tuple[QuestionSummary, ...]
    attention: tuple[Attention, ...]
    flags: tuple[Flag, ...]
    latencies: Latencies

    @property
    def mean(self) -> float | None:
        """The mean in percent; None where nobody has a score."""
        return statistics.fmean(self.percents) if self.percents else None

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        """Lower quartile, median and upper quartile in percent; None where nobody has a score."""
        if not self.percents:
            return None
        if len(self.percents) == 1:
            return (self.percents[0],) * 3
        lower, median, upper = statistics.quantiles(self.percents, n=4, method="inclusive")
        return lower, median, upper

    @property
    def flags_by_kind(self) -> dict[FlagKind, list[Flag]]:
        """The flags, kind by kind."""
        kinds: dict[FlagKind, list[Flag]] = {}
        for flag in self.flags:
            kinds.setdefault(flag.kind, []).append(flag)
        return kinds

    @property
    def distribution(self) -> list[tuple[str, int]]:
        """Students for each ten percent, and apart from them those with full points."""
        counts = Counter(min(int(percent // 10), 10) for percent in self.percents)
        labels = [f"{10 * tens}" for tens in range(11)]
        return [(label, counts[tens]) for tens, label in enumerate(labels)]


def summarize(scorecards: Collection[Scorecard]) -> ClassSummary:
    """Count a class, in one pass; whom the roster no longer has is no part of it."""
    states: Counter[State] = Counter()
    percents = array("d")
    questions: dict[str, QuestionSummary] = {}
    attention: list[Attention] = []
    integrity, latencies = Integrity(), Latencies()
    students = 0
    for scorecard in (card for card in scorecards if card.submission.listed):
        students += 1
        states[scorecard.state] += 1
        if scorecard.percent is not None:
            percents.append(scorecard.percent)
        if scorecard.needs_a_look:
            attention.append(_attention(scorecard))
        integrity.see(scorecard)
        latencies.see(scorecard)
        _count_questions(questions, scorecard)
    return ClassSummary(
        students=students,
        states=states,
        percents=array("d", sorted(percents)),
        questions=tuple(questions.values()),
        attention=tuple(sorted(attention, key=_urgency)),
        flags=integrity.flags(),
        latencies=latencies,
    )


def _count_questions(questions: dict[str, QuestionSummary], scorecard: Scorecard) -> None:
    points: dict[str, float] = {}
    for verdict in scorecard.verdicts:
        question = verdict.question
        name = question.name or question.family
        if name not in questions:
            questions[name] = QuestionSummary(name, question.query)
        questions[name].outcomes[verdict.outcome] += 1
        if verdict.outcome is not Outcome.SKIPPED:
            points[name] = points.get(name, 0.0) + (verdict.points or 0.0)
    if scorecard.state is not State.GRADED:
        # Zero everywhere says that an app was down, and nothing of the questions.
        return
    earned = scorecard.earned or 0.0
    for name, item in points.items():
        # Rounded, so that sums which differ in the sixteenth digit alone are the same.
        questions[name].discrimination.add(item, round(earned - item, 6))


def _attention(scorecard: Scorecard) -> Attention:
    student = scorecard.submission
    if scorecard.set_too_high:
        reason = f"more points than there are: {score(scorecard)}"
        return Attention(student.andrew_id, student.name, None, reason)
    if scorecard.state is not State.GRADED:
        return Attention(student.andrew_id, student.name, scorecard.state, scorecard.reason)
    verdict = next(each for each in scorecard.verdicts if each.outcome.rule.needs_a_look)
    return Attention(student.andrew_id, student.name, verdict.outcome, verdict.judgement.reason)


def _urgency(attention: Attention) -> int:
    if isinstance(attention.kind, State):
        return _STATES_TO_LOOK_AT.index(attention.kind)
    by_outcome = [None, *Outcome]
    return len(_STATES_TO_LOOK_AT) + by_outcome.index(attention.kind)
