"""A whole run is judged again by a corrected battery, by the replies in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from grader.jobs.attempts import judge_again, pages_of_students, settle, standing, write_down
from grader.jobs.rejudging import rejudge
from grader.jobs.tables import (
    ATTEMPTS,
    OVERRIDE,
    OVERRIDES,
    SCORECARD,
    SCORECARDS,
    SUBMISSION,
    SUBMISSIONS,
    Status,
    in_force,
)
from grader.model import (
    Battery,
    ConsistencyKey,
    InputError,
    RunInfo,
    Scorecard,
    ScorecardKind,
    Submission,
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
    """A student whose points changed: earned and most points, by the earlier and this battery."""

    andrew_id: str
    before: tuple[float | None, float]
    now: tuple[float | None, float]


@dataclass(frozen=True, slots=True)
class ByHand:
    """A score set by hand; the most points `before` and `now` differ, or are now below it."""

    andrew_id: str
    score: float
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Rejudged:
    """The result of judging again.

    `judged` counts the students with a score by the corrected battery. Students in `changed` have
    other points, and no score set by hand. Scores in `by_hand` were set by hand, and may not fit
    the corrected battery. `not_judged` are ids of students of the roster who were not asked all its
    questions; they keep their score.
    """

    judged: int
    changed: tuple[Change, ...]
    not_judged: tuple[str, ...]
    by_hand: tuple[ByHand, ...]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that is judged again; `now` is None if it cannot be judged without asking."""

    id: int
    student: str
    submission: Submission
    listed: bool
    outdated: bool
    counted: bool
    before: Scorecard
    now: Scorecard | None


def rejudge_all(
    connection: sa.Connection, run_id: int, run: RunInfo, battery: Battery, at: datetime
) -> Rejudged:
    """Judge all attempts of a run again, since others may count then, and store which ones do.

    Raises:
        ColumnError: if `battery` needs a column that a student's row does not give.
    """
    judged, changed, not_judged, by_hand = 0, [], [], []
    for students in pages_of_students(connection, run_id):
        attempts = _attempts(connection, run_id, run, battery, students)
        attempts.sort(key=lambda attempt: students.index(attempt.student))
        _store(connection, attempts, at)
        counting = settle(connection, run_id, run.keep, students)
        scores = _set_by_hand(connection, run_id, students)
        before = {each.student: _points(each.before) for each in attempts if each.counted}
        for attempt in (each for each in attempts if each.id == counting[each.student]):
            if attempt.now is not None:
                judged += 1
            elif attempt.listed:
                not_judged.append(attempt.submission.andrew_id)
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
    now = _points(attempt.now or attempt.before)
    if attempt.student not in scores:
        return None if now == before else Change(attempt.submission.andrew_id, before, now)
    score, most = scores[attempt.student], now[1]
    if score is None or (most == before[1] and score <= most):
        return None
    return ByHand(attempt.submission.andrew_id, score, before[1], most)


def _points(scorecard: Scorecard) -> tuple[float | None, float]:
    return scorecard.earned, scorecard.max_score


def refuse_unjudged(battery: Battery, rejudged: Rejudged) -> None:
    """Raise an UnjudgedError that names those who could not be judged, if there are any."""
    if count := len(rejudged.not_judged):
        named = some_of(rejudged.not_judged, _NAMED)
        raise UnjudgedError(
            f"nothing was changed, since {count} of {count + rejudged.judged} students were never "
            f"asked what the battery {battery.name} asks: {named}. If it is the right one, judge "
            "the others with --partial: these keep the scorecards that they have"
        )


def judge_expected(
    connection: sa.Connection, run_id: int, run: RunInfo, andrew_ids: Sequence[str], at: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Judge the stored replies of students of whom another commit is expected now.

    Returns:
        The ids of the judged ones, and of those whose replies do not show the commit.
    """
    could: dict[str, bool] = {}
    students = [id_key(andrew_id) for andrew_id in andrew_ids]
    for start in range(0, len(students), _PAGE):
        some = students[start : start + _PAGE]
        attempts = _attempts(connection, run_id, run, run.battery, some)
        _store(connection, [each for each in attempts if each.now is not None], at)
        could |= {each.student: each.now is not None for each in attempts if each.counted}
        settle(connection, run_id, run.keep, some)
    judged = tuple(each for each in andrew_ids if could.get(id_key(each)) is True)
    unjudged = tuple(each for each in andrew_ids if could.get(id_key(each)) is False)
    return judged, unjudged


def _attempts(
    connection: sa.Connection, run_id: int, run: RunInfo, battery: Battery, students: Sequence[str]
) -> list[_Attempt]:
    counts = sa.select(SUBMISSIONS.c.counting).where(in_force(run_id))
    counting = set(connection.scalars(counts.where(SUBMISSIONS.c.student.in_(students))))
    known, it = SUBMISSIONS.c, ATTEMPTS.c
    wanted = (it.id, known.student, known.document, known.listed, known.status, it.outdated)
    query = standing(run_id, *wanted, SCORECARDS.c.document).where(known.student.in_(students))
    found = []
    for key, student, enrolled, listed, status, outdated, graded in connection.execute(query):
        before = SCORECARD.validate_json(graded)
        submission = SUBMISSION.validate_json(enrolled)
        try:
            questions = draw(battery, submission, run.seed, run.probes, _connections(before))
        except ColumnError:
            # An earlier row of the roster, or one that is gone, cannot be corrected any more.
            if status != Status.REPLACED and listed:
                raise
            now = None
        else:
            now = rejudge(before, questions)
            if now is None:
                now = rejudge(before, questions, _earlier(connection, key))
        counted = key in counting
        attempt = _Attempt(key, student, submission, listed, outdated, counted, before, now)
        found.append(attempt)
    return found


def _earlier(connection: sa.Connection, attempt_id: int) -> list[Scorecard]:
    """The scorecards that stood for an attempt before, the last one first."""
    documents = connection.scalars(
        sa.select(SCORECARDS.c.document)
        .where(SCORECARDS.c.attempt_id == attempt_id, SCORECARDS.c.stands.is_(False))
        .order_by(SCORECARDS.c.id.desc())
    )
    return [SCORECARD.validate_json(document) for document in documents]


def _connections(scorecard: Scorecard) -> int:
    """How many fresh connections were compared."""
    keys = (verdict.question.key for verdict in scorecard.verdicts)
    return next((key.connections for key in keys if isinstance(key, ConsistencyKey)), 0)


def _store(connection: sa.Connection, judged: Sequence[_Attempt], at: datetime) -> None:
    changed = {
        each.id: write_down(each.now, ScorecardKind.REJUDGED, at)
        for each in judged
        if each.now is not None and each.now != each.before
    }
    judge_again(connection, changed)
    for each in judged:
        outdated = each.now is None
        if outdated != each.outdated:
            it = ATTEMPTS.c.id == each.id
            connection.execute(sa.update(ATTEMPTS).where(it).values(outdated=outdated))


def _set_by_hand(
    connection: sa.Connection, run_id: int, students: Sequence[str]
) -> dict[str, float | None]:
    """The scores that were set by hand, by student; None for those who are excused."""
    mine = sa.and_(
        OVERRIDES.c.run_id == run_id, OVERRIDES.c.student.in_(students), OVERRIDES.c.stands
    )
    rows = connection.execute(sa.select(OVERRIDES.c.student, OVERRIDES.c.document).where(mine))
    return {student: OVERRIDE.validate_json(document).score for student, document in rows}
