"""A whole run judged again by a corrected battery, on the replies that the store holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from grader.jobs.attempts import KEPT, classmates, judge_again, settle, standings
from grader.jobs.tables import (
    ATTEMPTS,
    OVERRIDE,
    OVERRIDES,
    SCORECARD,
    SCORECARDS,
    SUBMISSION,
    SUBMISSIONS,
)
from grader.model import (
    AttemptKind,
    Battery,
    ConsistencyKey,
    InputError,
    RunInfo,
    Scorecard,
)
from grader.questions import ColumnError, draw
from grader.rejudging import rejudge
from grader.text.comparing import id_key
from grader.text.cutting import some_of

_PAGE = 50
_NAMED = 20


class UnjudgedError(InputError):
    """Some students were never asked what the corrected battery asks."""


@dataclass(frozen=True, slots=True)
class Change:
    """A student whose points changed.

    Attributes:
        before: points earned and most points, by the earlier battery.
        now: the same by the corrected one.
    """

    andrew_id: str
    before: tuple[float | None, float]
    now: tuple[float | None, float]


@dataclass(frozen=True, slots=True)
class ByHand:
    """A student whose score was set by hand, of other points than there are now; it still counts.

    Attributes:
        before: the most points by the earlier battery.
        now: the same by the corrected one.
    """

    andrew_id: str
    score: float
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What came of judging again.

    Attributes:
        judged: for how many students something counts that the corrected battery has judged.
        changed: those of them whose points are others now, and were not set by hand.
        not_judged: ids of those in the roster who were never asked what it asks: they keep what
            they had.
        by_hand: whose score was set by hand, while the most points are others now or fewer.
    """

    judged: int
    changed: tuple[Change, ...]
    not_judged: tuple[str, ...]
    by_hand: tuple[ByHand, ...]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that is judged again; `now` is None where it cannot be without asking."""

    id: int
    student: str
    andrew_id: str
    counted: bool
    outdated: bool
    listed: bool
    before: Scorecard
    now: Scorecard | None

    @property
    def points_before(self) -> tuple[float | None, float]:
        return self.before.earned, self.before.max_score

    @property
    def points_now(self) -> tuple[float | None, float]:
        stands = self.now or self.before
        return stands.earned, stands.max_score


def rejudge_all(
    connection: Connection, run_id: int, run: RunInfo, battery: Battery, at: datetime
) -> Rejudged:
    """Judge every attempt of a run anew, those that may count later too, and settle what counts.

    Raises:
        ColumnError: if `battery` needs a column that a student's row does not give.
    """
    judged, changed, not_judged, by_hand = 0, [], [], []
    for students in classmates(connection, run_id):
        attempts = sorted(
            _attempts(connection, run_id, run, battery, students),
            key=lambda attempt: students.index(attempt.student),
        )
        for attempt in attempts:
            _store(connection, attempt, at)
        settle(connection, run_id, run.keep, students)
        counts = _counting(connection, run_id, students)
        scores = _set_by_hand(connection, run_id, students)
        before = {each.student: each.points_before for each in attempts if each.counted}
        for attempt in (each for each in attempts if each.id in counts):
            points = attempt.points_now
            if attempt.now is not None:
                judged += 1
            elif attempt.listed:
                not_judged.append(attempt.andrew_id)
            _, most = before[attempt.student]
            score = scores.get(attempt.student)
            if score is not None and (points[1] != most or score > points[1]):
                by_hand.append(ByHand(attempt.andrew_id, score, most, points[1]))
            elif attempt.student not in scores and points != before[attempt.student]:
                changed.append(Change(attempt.andrew_id, before[attempt.student], points))
    return Rejudged(judged, tuple(changed), tuple(not_judged), tuple(by_hand))


def refuse_unjudged(battery: Battery, rejudged: Rejudged) -> None:
    """See to it that everybody could be judged.

    Raises:
        UnjudgedError: if somebody could not be.
    """
    if not rejudged.not_judged:
        return
    count = len(rejudged.not_judged)
    named = some_of(rejudged.not_judged, _NAMED)
    everybody = count + rejudged.judged
    raise UnjudgedError(
        f"nothing was changed, since {count} of {everybody} students were never asked what the "
        f"battery {battery.name} asks: {named}. If it is the right one, judge the others "
        "with --partial: these keep the scorecards that they have"
    )


def judge_expected(
    connection: Connection, run_id: int, run: RunInfo, andrew_ids: Sequence[str], at: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Judge what is stored of students of whom another commit is expected than before.

    Returns:
        Who was judged, and whose replies cannot tell which commit answers: what they had counts.
    """
    judged: set[str] = set()
    unjudged: set[str] = set()
    students = [id_key(andrew_id) for andrew_id in andrew_ids]
    for start in range(0, len(students), _PAGE):
        some = students[start : start + _PAGE]
        for attempt in list(_attempts(connection, run_id, run, run.battery, some)):
            if attempt.now is not None:
                _store(connection, attempt, at)
            if attempt.counted:
                (unjudged if attempt.now is None else judged).add(attempt.student)
        settle(connection, run_id, run.keep, some)
    return (
        tuple(each for each in andrew_ids if id_key(each) in judged),
        tuple(each for each in andrew_ids if id_key(each) in unjudged),
    )


def _attempts(
    connection: Connection, run_id: int, run: RunInfo, battery: Battery, students: Sequence[str]
) -> Iterator[_Attempt]:
    query = (
        select(SCORECARDS.c.document, ATTEMPTS, SUBMISSIONS)
        .select_from(KEPT)
        .where(
            SUBMISSIONS.c.run_id == run_id,
            SUBMISSIONS.c.student.in_(students),
            SCORECARDS.c.current,
        )
        .order_by(ATTEMPTS.c.id)
    )
    for row in connection.execute(query).mappings():
        before = SCORECARD.validate_json(row[SCORECARDS.c.document])
        submission = SUBMISSION.validate_json(row[SUBMISSIONS.c.document])
        try:
            questions = draw(battery, submission, run.seed, run.probes, _connections(before))
        except ColumnError:
            # An earlier row of the roster, or one that is gone, cannot be corrected any more.
            if row[SUBMISSIONS.c.current] and row[SUBMISSIONS.c.listed]:
                raise
            now = None
        else:
            now = rejudge(before, questions)
            if now is None:
                now = rejudge(before, questions, _replaced(connection, row[ATTEMPTS.c.id]))
        yield _Attempt(
            row[ATTEMPTS.c.id],
            row[SUBMISSIONS.c.student],
            submission.andrew_id,
            row[ATTEMPTS.c.counts],
            row[ATTEMPTS.c.outdated],
            row[SUBMISSIONS.c.listed],
            before,
            now,
        )


def _replaced(connection: Connection, attempt_id: int) -> list[Scorecard]:
    """What stood for an attempt before, the latest first."""
    documents = connection.scalars(
        select(SCORECARDS.c.document)
        .where(SCORECARDS.c.attempt_id == attempt_id, SCORECARDS.c.current.is_(False))
        .order_by(SCORECARDS.c.id.desc())
    )
    return [SCORECARD.validate_json(document) for document in documents]


def _connections(scorecard: Scorecard) -> int:
    """How many fresh connections were compared."""
    keys = (verdict.question.key for verdict in scorecard.verdicts)
    return next((key.connections for key in keys if isinstance(key, ConsistencyKey)), 0)


def _store(connection: Connection, attempt: _Attempt, at: datetime) -> None:
    if attempt.now is not None and attempt.now != attempt.before:
        judge_again(connection, attempt.id, attempt.now, kind=AttemptKind.REJUDGED, at=at)
    outdated = attempt.now is None
    if outdated != attempt.outdated:
        connection.execute(
            update(ATTEMPTS).where(ATTEMPTS.c.id == attempt.id).values(outdated=outdated)
        )


def _counting(connection: Connection, run_id: int, students: Sequence[str]) -> set[int]:
    """The attempts of `students` that count."""
    found = standings(connection, run_id, students)
    return {each.id for attempts in found.values() for each in attempts if each.counts}


def _set_by_hand(
    connection: Connection, run_id: int, students: Sequence[str]
) -> dict[str, float | None]:
    rows = connection.execute(
        select(OVERRIDES.c.student, OVERRIDES.c.document).where(
            OVERRIDES.c.run_id == run_id,
            OVERRIDES.c.student.in_(students),
            OVERRIDES.c.current,
        )
    )
    return {student: OVERRIDE.validate_json(document).score for student, document in rows}
