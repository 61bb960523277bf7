"""The attempts of a student, and which of them counts.

Each time an app was asked is one attempt: graded, graded again, at a changed link, on appeal. Its
first pass, second pass and rejudgements are scorecards of that one attempt, and the latest of them
is what it is worth: points that a wrong key once gave come back by no rule.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from grader.jobs.tables import ATTEMPTS, SCORECARD, SCORECARDS, SUBMISSIONS, public
from grader.model import AttemptKind, Keep, Scorecard

_PAGE = 50
KEPT = SCORECARDS.join(ATTEMPTS).join(SUBMISSIONS)
"""Scorecards with the attempts and submissions that they belong to."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An attempt as far as it decides which one counts.

    Attributes:
        score: what was earned by its latest scorecard; None where that is not graded.
        outdated: whether it could not be judged by the run's battery, only by an earlier one.
        counts: whether it is the one that counts so far.
    """

    id: int
    asked_at: datetime
    score: float | None
    outdated: bool = False
    counts: bool = False


def counting(attempts: Sequence[Standing], keep: Keep) -> Standing:
    """The one of a student's attempts, given in the order they were asked, that counts.

    Unless the last one counts whatever it is, what could not be graded never takes the place of
    what could. Who was asked only after the moment of `before` has the first attempt after it: when
    an app is asked is the grader's doing, and that one says most about the moment itself.
    """
    if keep.rule == "last":
        return attempts[-1]
    graded = [each for each in attempts if each.score is not None] or attempts
    if keep.before is not None:
        early = [each for each in graded if each.asked_at < keep.before]
        return early[-1] if early else graded[0]
    # Points of an earlier battery cannot be compared, and may be those of a wrong key.
    return max(graded, key=lambda each: (not each.outdated, each.score or 0.0, each.id))


def settle(connection: Connection, run_id: int, keep: Keep, students: Collection[str]) -> None:
    """Mark what counts for each of `students`, by their keys in the store."""
    for attempts in standings(connection, run_id, students).values():
        chosen = counting(attempts, keep)
        for each in attempts:
            if each.counts != (each is chosen):
                connection.execute(
                    update(ATTEMPTS).where(ATTEMPTS.c.id == each.id).values(counts=each is chosen)
                )


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
            ATTEMPTS.c.counts,
        )
        .select_from(KEPT)
        .where(
            SUBMISSIONS.c.run_id == run_id,
            SUBMISSIONS.c.student.in_(students),
            SCORECARDS.c.current,
        )
        .order_by(ATTEMPTS.c.id)
    )
    found: dict[str, list[Standing]] = {}
    for student, row_id, asked_at, *rest in connection.execute(query):
        standing = Standing(row_id, datetime.fromisoformat(asked_at), *rest)
        found.setdefault(student, []).append(standing)
    return found


def classmates(connection: Connection, run_id: int) -> Iterator[list[str]]:
    """The keys of all students of a run, some at a time, in the roster's order."""
    query = (
        select(SUBMISSIONS.c.position, SUBMISSIONS.c.student)
        .where(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.current)
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
    *,
    kind: AttemptKind,
    at: datetime,
    final: bool,
    only: bool = False,
    outdated: bool = False,
    accepted: bool = False,
) -> int:
    """Keep a new attempt of a submission; unless it is the `only` one, settle what counts then.

    Returns:
        The attempt's id.
    """
    if not only:
        connection.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.submission_id == submission_id, ATTEMPTS.c.current)
            .values(current=False)
        )
    added = connection.execute(
        insert(ATTEMPTS).values(
            submission_id=submission_id,
            asked_at=utc(scorecard.started_at),
            seconds=_seconds(scorecard),
            current=True,
            final=final,
            again=False,
            counts=only,
            outdated=outdated,
            accepted=accepted,
        )
    )
    key: Any = added.inserted_primary_key
    attempt_id: int = key[0]
    _keep(connection, attempt_id, scorecard, kind, at)
    return attempt_id


def ask_once_more(
    connection: Connection, attempt_id: int, scorecard: Scorecard, *, at: datetime
) -> None:
    """Keep what the second pass of an attempt made of it."""
    connection.execute(
        update(ATTEMPTS)
        .where(ATTEMPTS.c.id == attempt_id)
        .values(final=True, accepted=False, seconds=_seconds(scorecard))
    )
    judge_again(connection, attempt_id, scorecard, kind=AttemptKind.GRADED, at=at)


def judge_again(
    connection: Connection,
    attempt_id: int,
    scorecard: Scorecard,
    *,
    kind: AttemptKind,
    at: datetime,
) -> None:
    """Let `scorecard` stand for an attempt; the one before stays as evidence."""
    connection.execute(
        update(SCORECARDS)
        .where(SCORECARDS.c.attempt_id == attempt_id, SCORECARDS.c.current)
        .values(current=False)
    )
    _keep(connection, attempt_id, scorecard, kind, at)


def utc(moment: datetime) -> str:
    """A moment as text, which sorts as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _keep(
    connection: Connection,
    attempt_id: int,
    scorecard: Scorecard,
    kind: AttemptKind,
    at: datetime,
) -> None:
    stored = replace(scorecard, submission=public(scorecard.submission), override=None)
    connection.execute(
        insert(SCORECARDS).values(
            attempt_id=attempt_id,
            kind=kind.value,
            at=utc(at),
            current=True,
            state=scorecard.state.value,
            score=scorecard.earned,
            document=SCORECARD.dump_json(stored).decode(),
        )
    )


def _seconds(scorecard: Scorecard) -> float:
    """What the deployment itself took, wake-up and second pass included."""
    return sum(reply.elapsed_ms for reply in scorecard.replies) / 1000
