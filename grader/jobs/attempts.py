"""The attempts of a student, and which of them counts.

Each time an app was asked is one attempt: graded, graded again, at a changed link, on appeal. Its
first pass, its second pass and its rejudgements are scorecards of that one attempt. The last of
them stands, and is what the attempt is worth: points that a wrong key once gave never come back.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from grader.jobs.tables import (
    ACCEPTANCES,
    ATTEMPTS,
    IN_FORCE,
    KEPT,
    SCORECARD,
    SCORECARDS,
    SUBMISSIONS,
    public,
)
from grader.model import Keep, Scorecard, ScorecardKind

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """An attempt as far as it decides which one counts.

    Attributes:
        score: what was earned by the scorecard that stands; None where that is not graded.
        outdated: whether the run's battery could not judge it, only an earlier one could.
    """

    id: int
    asked_at: datetime
    score: float | None
    outdated: bool = False


def counting(attempts: Sequence[Standing], keep: Keep) -> Standing:
    """The attempt that counts.

    By the rule `last` it is the last one, whatever came of it. By the other rules, an attempt that
    is graded goes before one that could not be graded. By `before`, a student who was only asked
    after that moment has the first attempt after it: the grader chose when to ask, and the first
    attempt says most about the app at that moment.

    Args:
        attempts: all attempts of one student, in the order they were asked.
        keep: the run's rule.
    """
    if keep.rule == "last":
        return attempts[-1]
    graded = [each for each in attempts if each.score is not None] or attempts
    if keep.before is not None:
        early = [each for each in graded if each.asked_at < keep.before]
        return early[-1] if early else graded[0]
    # Points of an earlier battery cannot be compared, and may be those of a wrong key.
    return max(graded, key=lambda each: (not each.outdated, each.score or 0.0, each.id))


def settle(
    connection: Connection, run_id: int, keep: Keep, students: Collection[str]
) -> dict[str, int]:
    """Find out anew which attempt counts for each of `students`, and store it.

    Args:
        connection: to the store, in a transaction.
        run_id: the run in it.
        keep: the run's rule.
        students: their keys: ids, case folded.

    Returns:
        The id of the attempt that counts, by student; without those who have no attempt.
    """
    found = {
        student: counting(attempts, keep).id
        for student, attempts in standings(connection, run_id, students).items()
    }
    for student, attempt_id in found.items():
        connection.execute(
            update(SUBMISSIONS)
            .where(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.student == student, IN_FORCE)
            .values(counting=attempt_id)
        )
    return found


def standings(
    connection: Connection, run_id: int, students: Collection[str]
) -> dict[str, list[Standing]]:
    """The attempts of each of `students` who has any, in the order they were asked."""
    query = (
        select(
            SUBMISSIONS.c.student,
            ATTEMPTS.c.id,
            ATTEMPTS.c.asked_at,
            SCORECARDS.c.score,
            ATTEMPTS.c.outdated,
        )
        .select_from(KEPT)
        .where(
            SUBMISSIONS.c.run_id == run_id,
            SUBMISSIONS.c.student.in_(students),
            SCORECARDS.c.stands,
        )
        .order_by(ATTEMPTS.c.id)
    )
    found: dict[str, list[Standing]] = {}
    for student, row_id, asked_at, *rest in connection.execute(query):
        standing = Standing(row_id, datetime.fromisoformat(asked_at), *rest)
        found.setdefault(student, []).append(standing)
    return found


def pages_of_students(connection: Connection, run_id: int) -> Iterator[list[str]]:
    """The keys of all students of a run in the roster's order, some at a time."""
    query = (
        select(SUBMISSIONS.c.position, SUBMISSIONS.c.student)
        .where(SUBMISSIONS.c.run_id == run_id, IN_FORCE)
        .order_by(SUBMISSIONS.c.position)
        .limit(_PAGE)
    )
    last = -1
    while rows := connection.execute(query.where(SUBMISSIONS.c.position > last)).all():
        yield [row.student for row in rows]
        last = rows[-1].position


def add(
    connection: Connection,
    submission_id: int,
    scorecard: Scorecard,
    kind: ScorecardKind,
    at: datetime,
    *,
    outdated: bool = False,
) -> int:
    """Store a new attempt of a submission; its id. Which attempt counts is not settled yet."""
    row = {
        "submission_id": submission_id,
        "asked_at": utc(scorecard.started_at),
        "seconds": _seconds(scorecard),
        "outdated": outdated,
    }
    key: Any = connection.execute(insert(ATTEMPTS), row).inserted_primary_key
    attempt_id = int(key[0])
    _store(connection, attempt_id, scorecard, kind, at)
    return attempt_id


def ask_once_more(connection: Connection, attempt_id: int, scorecard: Scorecard) -> None:
    """Store what the second pass of an attempt made of it."""
    connection.execute(
        update(ATTEMPTS).where(ATTEMPTS.c.id == attempt_id).values(seconds=_seconds(scorecard))
    )
    # It was accepted as unreachable, and was asked again since. Who accepted an appeal is kept.
    connection.execute(
        delete(ACCEPTANCES).where(
            ACCEPTANCES.c.attempt_id == attempt_id, ACCEPTANCES.c.document.is_(None)
        )
    )
    judge_again(connection, attempt_id, scorecard, ScorecardKind.GRADED, scorecard.finished_at)


def judge_again(
    connection: Connection,
    attempt_id: int,
    scorecard: Scorecard,
    kind: ScorecardKind,
    at: datetime,
) -> None:
    """Let `scorecard` stand for an attempt; the one before stays as evidence."""
    connection.execute(
        update(SCORECARDS)
        .where(SCORECARDS.c.attempt_id == attempt_id, SCORECARDS.c.stands)
        .values(stands=False)
    )
    _store(connection, attempt_id, scorecard, kind, at)


def utc(moment: datetime) -> str:
    """A moment as text, which sorts as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _store(
    connection: Connection,
    attempt_id: int,
    scorecard: Scorecard,
    kind: ScorecardKind,
    at: datetime,
) -> None:
    stored = replace(scorecard, submission=public(scorecard.submission), override=None)
    row = {
        "attempt_id": attempt_id,
        "kind": kind.value,
        "at": utc(at),
        "stands": True,
        "state": scorecard.state.value,
        "score": scorecard.earned,
        "document": SCORECARD.dump_json(stored).decode(),
    }
    connection.execute(insert(SCORECARDS), row)


def _seconds(scorecard: Scorecard) -> float:
    """What the deployment itself took, wake-up and second pass included."""
    return sum(reply.elapsed_ms for reply in scorecard.replies) / 1000
