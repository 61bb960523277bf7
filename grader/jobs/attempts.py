"""The attempts of a student, and which of them counts.

An attempt is one grading of an app: the first one, one at a changed link, one on appeal. Its first
pass, its second pass and its rejudgements each give a scorecard. The last of these stands and gives
the points, so no rule brings back the points of a wrong key.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from grader.jobs.tables import (
    ACCEPTANCES,
    ATTEMPTS,
    KEPT,
    SCORECARD,
    SCORECARDS,
    SUBMISSIONS,
    in_force,
    public,
)
from grader.model import Keep, Scorecard, ScorecardKind

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether an attempt counts.

    Its `score` is None if it is not graded. It is `outdated` if only an earlier battery judged it.
    """

    id: int
    asked_at: datetime
    score: float | None
    outdated: bool = False


def counting(attempts: Sequence[Standing], keep: Keep) -> Standing:
    """The one of a student's `attempts`, in the order they were asked, that counts by `keep`.

    By the rule `last` it is the last one, graded or not. By the other rules, attempts that are not
    graded count only if none is graded. By `before`, if all attempts are after that moment, it is
    the first one: the grader chose when to ask, and that attempt says most about the app then.
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
    connection: sa.Connection, run_id: int, keep: Keep, students: Collection[str]
) -> dict[str, int]:
    """Store which attempt counts for each of `students` (keys); return the attempts' ids."""
    found = {
        student: counting(attempts, keep).id
        for student, attempts in standings(connection, run_id, students).items()
    }
    if found:
        connection.execute(
            sa.update(SUBMISSIONS)
            .where(in_force(run_id), SUBMISSIONS.c.student == sa.bindparam("of"))
            .values(counting=sa.bindparam("counts")),
            [{"of": student, "counts": attempt_id} for student, attempt_id in found.items()],
        )
    return found


def standings(
    connection: sa.Connection, run_id: int, students: Collection[str]
) -> dict[str, list[Standing]]:
    """The attempts of `students`, in the order they were asked; only of those who have any."""
    it = ATTEMPTS.c
    wanted = (SUBMISSIONS.c.student, it.id, it.asked_at, SCORECARDS.c.score, it.outdated)
    query = standing(run_id, *wanted).where(SUBMISSIONS.c.student.in_(students))
    found: dict[str, list[Standing]] = {}
    for student, row_id, asked_at, *rest in connection.execute(query):
        attempt = Standing(row_id, datetime.fromisoformat(asked_at), *rest)
        found.setdefault(student, []).append(attempt)
    return found


def standing(run_id: int, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """These columns of all scorecards that stand, with attempts and submissions, as asked."""
    query = sa.select(*columns).select_from(KEPT).order_by(ATTEMPTS.c.id)
    return query.where(SUBMISSIONS.c.run_id == run_id, SCORECARDS.c.stands)


def pages_of_students(connection: sa.Connection, run_id: int) -> Iterator[list[str]]:
    """The keys of all students of a run in the roster's order, 50 at a time."""
    query = (
        sa.select(SUBMISSIONS.c.position, SUBMISSIONS.c.student)
        .where(in_force(run_id))
        .order_by(SUBMISSIONS.c.position)
        .limit(_PAGE)
    )
    last = -1
    while rows := connection.execute(query.where(SUBMISSIONS.c.position > last)).all():
        yield [row.student for row in rows]
        last = rows[-1].position


@dataclass(frozen=True, slots=True)
class Written:
    """A scorecard, written down as a row of the store; it may belong to any attempt."""

    scorecard: Scorecard
    row: dict[str, Any]


def write_down(scorecard: Scorecard, kind: ScorecardKind, at: datetime) -> Written:
    """Write a scorecard down; ValueError if the store cannot hold its text."""
    stored = replace(scorecard, submission=public(scorecard.submission), override=None)
    row = {
        "kind": kind.value,
        "at": utc(at),
        "stands": True,
        "state": scorecard.state.value,
        "score": scorecard.earned,
        "document": SCORECARD.dump_json(stored).decode(),
    }
    return Written(scorecard, row)


def add(
    connection: sa.Connection, asked: Sequence[tuple[int, Written]], *, outdated: bool = False
) -> list[int]:
    """Store new attempts of submissions, which are given by id, and return the attempts' ids.

    They are `outdated` if the run's battery cannot judge them. The caller settles what counts.
    """
    if not asked:
        return []
    rows = [
        {
            "submission_id": submission_id,
            "asked_at": utc(written.scorecard.started_at),
            "seconds": _seconds(written.scorecard),
            "outdated": outdated,
        }
        for submission_id, written in asked
    ]
    ids = sa.insert(ATTEMPTS).returning(ATTEMPTS.c.id, sort_by_parameter_order=True)
    added = list(connection.scalars(ids, rows))
    _store(connection, zip(added, (written for _, written in asked), strict=True))
    return added


def ask_once_more(connection: sa.Connection, asked: Mapping[int, Written]) -> None:
    """Store the results of the second pass for attempts, which are given by their ids."""
    if not asked:
        return
    took = [{"asked": key, "took": _seconds(each.scorecard)} for key, each in asked.items()]
    it = ATTEMPTS.c.id == sa.bindparam("asked")
    connection.execute(sa.update(ATTEMPTS).where(it).values(seconds=sa.bindparam("took")), took)
    # They were accepted as unreachable, and asked again since. Who accepted an appeal is kept.
    unnamed = ACCEPTANCES.c.document.is_(None)
    connection.execute(sa.delete(ACCEPTANCES).where(ACCEPTANCES.c.attempt_id.in_(asked), unnamed))
    judge_again(connection, asked)


def judge_again(connection: sa.Connection, judged: Mapping[int, Written]) -> None:
    """Let other scorecards stand for attempts, given by id; those before stay as evidence."""
    if judged:
        before = (SCORECARDS.c.attempt_id == sa.bindparam("judged")) & SCORECARDS.c.stands
        connection.execute(
            sa.update(SCORECARDS).where(before).values(stands=False),
            [{"judged": attempt_id} for attempt_id in judged],
        )
        _store(connection, judged.items())


def utc(moment: datetime) -> str:
    """A moment as text, which sorts as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _store(connection: sa.Connection, judged: Iterable[tuple[int, Written]]) -> None:
    rows = [{"attempt_id": attempt_id, **written.row} for attempt_id, written in judged]
    connection.execute(sa.insert(SCORECARDS), rows)


def _seconds(scorecard: Scorecard) -> float:
    """How long the deployment took for its replies, those of the wake-up included."""
    return sum(reply.elapsed_ms for reply in scorecard.replies) / 1000
