"""The questions of a comparison: drawn from the battery and captured, judged or compared. Pure."""

import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from grader.delivery.gate.values import Grade, Order, Seen
from grader.model import (
    AnythingKey,
    IdKey,
    InputError,
    Judgement,
    ProbeKind,
    Question,
    Reply,
    Verdict,
)
from grader.outcomes import Outcome
from grader.questions import draw
from grader.text.cutting import cut, quoted
from grader.text.replies import normalize

ENOUGH = 70
"""Among so many texts is one of the tenth that is wrong, 999 times of a thousand."""

# A battery is drawn anew, with the next seed, until there are enough texts or no new ones.
_DRAWS = 10
# Stands for the id if none is given, so that questions about it can be drawn.
_NOBODY = "nobody-in-particular"
_KEPT = 2000
_GRADES = {
    Outcome.RIGHT: Grade.RIGHT,
    Outcome.WRONG: Grade.WRONG,
    Outcome.EMPTY: Grade.WRONG,
    # The limit is about how often we ask, and nothing that a release is to blame for.
    Outcome.RATE_LIMITED: Grade.UNSEEN,
    Outcome.NOT_CHECKED: Grade.UNSEEN,
}


class NoQuestionsError(InputError):
    """The battery has no question that the API can be asked."""


@dataclass(frozen=True, slots=True)
class Text:
    """A question; `compared` if nobody knows its answer, and the baseline's reply counts."""

    question: Question
    compared: bool = False


def texts_of(order: Order, seed: int) -> tuple[Text, ...]:
    """The questions of the battery and the captured queries, each text once.

    Raises:
        NoQuestionsError: if there are none.
        ColumnError: if the battery needs a column of a roster.
    """
    found: dict[str, Text] = {}
    for number in range(_DRAWS):
        before = len(found)
        for text in _drawn(order, seed + number):
            found.setdefault(text.question.query, text)
        if len(found) >= ENOUGH or len(found) == before:
            break
    for query in order.captured:
        found.setdefault(query, _compared(Question("captured", query, _ANYTHING, 0)))
    if not found:
        raise NoQuestionsError(
            f"the battery {order.battery.name} has no question for the API: give another one with "
            "--battery, such as extreme"
        )
    return tuple(found.values())


def _drawn(order: Order, seed: int) -> Iterator[Text]:
    student = order.candidate.submission
    if not student.andrew_id:
        student = dataclasses.replace(student, andrew_id=_NOBODY)
    for question in draw(order.battery, student, seed):
        if question.is_check or question.probe is not ProbeKind.API:
            continue
        if isinstance(question.key, IdKey) and not order.candidate.submission.andrew_id:
            yield _compared(question)
        else:
            yield Text(question)


_ANYTHING = AnythingKey("", max_words=10**9)


def _compared(question: Question) -> Text:
    return Text(dataclasses.replace(question, key=_ANYTHING), compared=True)


class Grading:
    """Grades pairs of verdicts. What nobody can judge is compared with the baseline's first reply.

    If the baseline answers the same question differently later, that is the baseline's wavering.
    """

    def __init__(self, texts: tuple[Text, ...]) -> None:
        self._texts = texts
        self._first: dict[int, _Answer] = {}

    def pair(self, text: int, candidate: Seen, baseline: Seen) -> tuple[Seen, Seen]:
        """Both sides graded; each has its verdict. Of long replies the beginning is kept."""
        if self._texts[text].compared:
            answer = _answer_of(baseline)
            if answer is not None:
                self._first.setdefault(text, answer)
            candidate, baseline = self._compared(text, candidate), self._compared(text, baseline)
        return _kept(candidate), _kept(baseline)

    def _compared(self, text: int, seen: Seen) -> Seen:
        answer, first = _answer_of(seen), self._first.get(text)
        if answer is None or seen.verdict is None:
            return seen
        if first is None:
            return seen._replace(grade=Grade.ANSWERED)
        outcome, reason = Outcome.RIGHT, f"as the baseline answered {first.begins}"
        if answer.digest != first.digest:
            outcome, reason = Outcome.WRONG, f"the baseline answered {first.begins}"
            if answer.begins == first.begins:
                reason += ", and the replies differ after that"
        verdict = dataclasses.replace(seen.verdict, judgement=Judgement(outcome, reason))
        return seen._replace(grade=_GRADES[outcome], verdict=verdict)


def seen(verdict: Verdict, *, on_time: bool) -> Seen:
    """What one side did, as its verdict says."""
    reply = verdict.reply
    grade = _GRADES.get(verdict.outcome, Grade.FAILED)
    return Seen(grade, reply.elapsed_ms if reply else 0.0, on_time, verdict)


def kept_of(reply: Reply) -> Reply:
    """What is kept of a reply as evidence: there may be thousands."""
    return dataclasses.replace(reply, text=cut(reply.text, _KEPT))


def _kept(seen: Seen) -> Seen:
    if seen.verdict is None:
        return seen
    replies = tuple(map(kept_of, seen.verdict.replies))
    return seen._replace(verdict=dataclasses.replace(seen.verdict, replies=replies))


class _Answer(NamedTuple):
    """What is remembered of a whole reply, in the form in which answers are compared."""

    digest: bytes
    begins: str


def _answer_of(seen: Seen) -> _Answer | None:
    """The answer; None if none came."""
    if seen.verdict is None or seen.verdict.reply is None:
        return None
    if seen.grade in (Grade.FAILED, Grade.UNSEEN):
        return None
    answer = normalize(seen.verdict.reply.text)
    # A reply may hold half of a surrogate pair, which no encoding takes.
    digest = hashlib.sha256(answer.encode("utf-8", "surrogatepass")).digest()
    return _Answer(digest, quoted(answer))
