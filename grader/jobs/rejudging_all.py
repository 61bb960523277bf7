"""A whole run is judged again by a corrected battery, on the replies that the store holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from grader.jobs.attempts import judge_again, pages_of_students, settle
from grader.jobs.rejudging import rejudge
from grader.jobs.tables import (
    ATTEMPTS,
    IN_FORCE,
    KEPT,
    OVERRIDE,
    OVERRIDES,
    SCORECARD,
    SCORECARDS,
    SUBMISSION,
    SUBMISSIONS,
    Status,
)
from grader.model import (
    Battery,
    ConsistencyKey,
    InputError,
    RunInfo,
    Scorecard,
    ScorecardKind,
)
from grader.questions import ColumnError, draw
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
    """A student whose score was set by hand, while a battery had more or fewer points than now.

    The score still counts.

    Attributes:
        score: what was set by hand.
        before: the most points by the earlier battery.
        now: the most points by the corrected one.
    """

    andrew_id: str
    score: float
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What came of judging again.

    Attributes:
        judged: how many students have a score by the corrected battery.
        changed: the students among them whose points are others now, and were not set by hand.
        not_judged: the ids of students of the roster who were never asked what it asks. They keep
            the score that they had.
        by_hand: the students whose score was set by hand and may not fit the corrected battery.
    """

    judged: int
    changed: tuple[Change, ...]
    not_judged: tuple[str, ...]
    by_hand: tuple[ByHand, ...]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that is judged again.

    Attributes:
        counted: whether it counted until now.
        listed: whether the roster still has the student.
        now: None where it cannot be judged without asking.
    """

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
    """Judge every attempt of a run again, and settle which ones count then.

    Attempts that do not count are judged too, since by the corrected battery they may count.

    Raises:
        ColumnError: if `battery` needs a column that a student's row does not give.
    """
    judged, changed, not_judged, by_hand = 0, [], [], []
    for students in pages_of_students(connection, run_id):
        attempts = sorted(
            _attempts(connection, run_id, run, battery, students),
            key=lambda attempt: students.index(attempt.student),
        )
        for attempt in attempts:
            _store(connection, attempt, at)
        counting = settle(connection, run_id, run.keep, students)
        scores = _set_by_hand(connection, run_id, students)
        before = {each.student: each.points_before for each in attempts if each.counted}
        for attempt in (each for each in attempts if each.id == counting[each.student]):
            if attempt.now is not None:
                judged += 1
            elif attempt.listed:
                not_judged.append(attempt.andrew_id)
            found = _changed(attempt, before[attempt.student], scores)
            if isinstance(found, ByHand):
                by_hand.append(found)
            elif found is not None:
                changed.append(found)
    return Rejudged(judged, tuple(changed), tuple(not_judged), tuple(by_hand))


def _changed(
    attempt: _Attempt, before: tuple[float | None, float], scores: Mapping[str, float | None]
) -> Change | ByHand | None:
    """What changes for the student whose `attempt` counts now; `scores` were set by hand."""
    now = attempt.points_now
    if attempt.student not in scores:
        return None if now == before else Change(attempt.andrew_id, before, now)
    score, most = scores[attempt.student], now[1]
    if score is None or (most == before[1] and score <= most):
        return None
    return ByHand(attempt.andrew_id, score, before[1], most)


def refuse_unjudged(battery: Battery, rejudged: Rejudged) -> None:
    """Check that everybody could be judged.

    Raises:
        UnjudgedError: if somebody could not be; the text names them.
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
    """Judge the stored replies of students of whom another commit is expected now.

    Returns:
        The ids of those who were judged; and of those whose replies do not tell which commit
        answered, so that what they had still counts.
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
    counting = _counting(connection, run_id, students)
    query = (
        select(SCORECARDS.c.document, ATTEMPTS, SUBMISSIONS)
        .select_from(KEPT)
        .where(
            SUBMISSIONS.c.run_id == run_id,
            SUBMISSIONS.c.student.in_(students),
            SCORECARDS.c.stands,
        )
        .order_by(ATTEMPTS.c.id)
    )
    for row in connection.execute(query).mappings():
        before = SCORECARD.validate_json(row[SCORECARDS.c.document])
        submission = SUBMISSION.validate_json(row[SUBMISSIONS.c.document])
        attempt_id = row[ATTEMPTS.c.id]
        try:
            questions = draw(battery, submission, run.seed, run.probes, _connections(before))
        except ColumnError:
            # An earlier row of the roster, or one that is gone, cannot be corrected any more.
            if row[SUBMISSIONS.c.status] != Status.REPLACED and row[SUBMISSIONS.c.listed]:
                raise
            now = None
        else:
            now = rejudge(before, questions)
            if now is None:
                now = rejudge(before, questions, _earlier(connection, attempt_id))
        yield _Attempt(
            attempt_id,
            row[SUBMISSIONS.c.student],
            submission.andrew_id,
            attempt_id in counting,
            row[ATTEMPTS.c.outdated],
            row[SUBMISSIONS.c.listed],
            before,
            now,
        )


def _earlier(connection: Connection, attempt_id: int) -> list[Scorecard]:
    """The scorecards that stood for an attempt before, the last one first."""
    documents = connection.scalars(
        select(SCORECARDS.c.document)
        .where(SCORECARDS.c.attempt_id == attempt_id, SCORECARDS.c.stands.is_(False))
        .order_by(SCORECARDS.c.id.desc())
    )
    return [SCORECARD.validate_json(document) for document in documents]


def _connections(scorecard: Scorecard) -> int:
    """How many fresh connections were compared."""
    keys = (verdict.question.key for verdict in scorecard.verdicts)
    return next((key.connections for key in keys if isinstance(key, ConsistencyKey)), 0)


def _store(connection: Connection, attempt: _Attempt, at: datetime) -> None:
    if attempt.now is not None and attempt.now != attempt.before:
        judge_again(connection, attempt.id, attempt.now, ScorecardKind.REJUDGED, at)
    outdated = attempt.now is None
    if outdated != attempt.outdated:
        connection.execute(
            update(ATTEMPTS).where(ATTEMPTS.c.id == attempt.id).values(outdated=outdated)
        )


def _counting(connection: Connection, run_id: int, students: Sequence[str]) -> set[int | None]:
    """The attempts of `students` that count."""
    mine = (SUBMISSIONS.c.run_id == run_id) & SUBMISSIONS.c.student.in_(students) & IN_FORCE
    return set(connection.scalars(select(SUBMISSIONS.c.counting).where(mine)))


def _set_by_hand(
    connection: Connection, run_id: int, students: Sequence[str]
) -> dict[str, float | None]:
    """The scores that were set by hand, by student; None for those who are excused."""
    rows = connection.execute(
        select(OVERRIDES.c.student, OVERRIDES.c.document).where(
            OVERRIDES.c.run_id == run_id,
            OVERRIDES.c.student.in_(students),
            OVERRIDES.c.stands,
        )
    )
    return {student: OVERRIDE.validate_json(document).score for student, document in rows}
