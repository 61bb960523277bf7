"""Taking a roster's submissions into a run, beside what it already holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from grader.jobs.tables import ATTEMPTS, SCORECARD, SCORECARDS, SUBMISSION, SUBMISSIONS
from grader.model import Question, State, Submission
from grader.outcomes import Outcome
from grader.text.comparing import id_key

_AT_ONCE = 200
_UNASKED = (State.UNREACHABLE, State.NOT_GRADED)

Questions = Callable[[Submission], tuple[Question, ...]]


@dataclass(frozen=True, slots=True)
class Enrollment:
    """What became of the submissions of a roster: ids of students.

    Attributes:
        changed: handed in another URL since, or other keys: a new attempt, the old one is kept.
        removed: no longer in the roster: kept, behind all others.
        judged: of whom another commit is expected since, judged on the stored replies.
        unjudged: likewise, but the replies cannot tell: what they had counts.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    judged: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


@dataclass(slots=True)
class _Changes:
    """What some rows of a roster change in the store."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    corrected: list[dict[str, Any]] = field(default_factory=list)

    def write(self, connection: Connection) -> None:
        if self.superseded:
            old = SUBMISSIONS.c.id.in_(self.superseded)
            connection.execute(update(SUBMISSIONS).where(old).values(current=False))
        if self.corrected:
            values: dict[str, Any] = {
                "document": bindparam("as_now"),
                "position": bindparam("place"),
            }
            same = SUBMISSIONS.c.id == bindparam("row_id")
            connection.execute(update(SUBMISSIONS).where(same).values(values), self.corrected)
        if self.rows:
            connection.execute(insert(SUBMISSIONS), self.rows)


def enroll(
    connection: Connection, run_id: int, submissions: Iterable[Submission], questions: Questions
) -> tuple[Enrollment, tuple[str, ...]]:
    """Add the new submissions, and correct or supersede the known ones.

    What is stored of students of whom another commit is expected now is still to be judged.

    Args:
        connection: to the store.
        run_id: the run in it.
        submissions: the roster's, in its order.
        questions: what a submission is asked; where a corrected row is asked otherwise, it is
            asked anew.

    Returns:
        What became of them, and of whom another commit is expected than before.
    """
    added: list[str] = []
    changed: list[str] = []
    expected: list[str] = []
    count = 0
    gone = update(SUBMISSIONS).where(SUBMISSIONS.c.run_id == run_id).values(listed=False)
    connection.execute(gone)
    coming = enumerate(submissions)
    while some := list(islice(coming, _AT_ONCE)):
        count += len(some)
        changes = _compared(connection, run_id, some, questions)
        changes.write(connection)
        there = SUBMISSIONS.c.student.in_(id_key(each.andrew_id) for _, each in some)
        connection.execute(
            update(SUBMISSIONS).where(SUBMISSIONS.c.run_id == run_id, there).values(listed=True)
        )
        added += changes.added
        changed += changes.changed
        expected += changes.expected
    removed = _put_last(connection, run_id, count)
    return Enrollment(tuple(added), tuple(changed), removed), tuple(expected)


def _compared(
    connection: Connection,
    run_id: int,
    some: Iterable[tuple[int, Submission]],
    questions: Questions,
) -> _Changes:
    coming = {id_key(each.andrew_id): (place, each) for place, each in some}
    mine = (SUBMISSIONS.c.run_id == run_id) & SUBMISSIONS.c.current
    query = select(SUBMISSIONS).where(mine, SUBMISSIONS.c.student.in_(coming))
    known = {row.student: row for row in connection.execute(query)}
    changes = _Changes()
    for student, (place, now) in coming.items():
        row = known.get(student)
        document = SUBMISSION.dump_json(now).decode()
        if row is not None and (row.document, row.position) == (document, place):
            continue
        before = None if row is None else SUBMISSION.validate_json(row.document)
        if row is None or before is None:
            changes.added.append(now.andrew_id)
        elif _is_asked_alike(before, now, questions):
            changes.corrected.append({"row_id": row.id, "as_now": document, "place": place})
            if before.bypass_secret != now.bypass_secret and _let_in(connection, row.id):
                changes.changed.append(now.andrew_id)
            if before.expect_commit != now.expect_commit:
                changes.expected.append(now.andrew_id)
            continue
        else:
            changes.changed.append(now.andrew_id)
            changes.superseded.append(row.id)
        changes.rows.append(
            {
                "run_id": run_id,
                "student": student,
                "attempt": 1 if row is None else row.attempt + 1,
                "current": True,
                "listed": True,
                "position": place,
                "document": document,
            }
        )
    return changes


def _is_asked_alike(before: Submission, now: Submission, questions: Questions) -> bool:
    """Whether what was asked still stands, whatever else of the row was corrected.

    Which commit is expected says how a reply is judged, and a secret opens what was closed.
    """
    if (before.url, before.fault) != (now.url, now.fault):
        return False
    if before.columns == now.columns:
        return True
    # Who writes the id in other letters is the same student.
    of_any = (replace(each, expect_commit="", andrew_id=now.andrew_id) for each in (before, now))
    asked_before, asked_now = map(questions, of_any)
    return asked_before == asked_now


def _let_in(connection: Connection, submission_id: int) -> bool:
    """Have an app asked again that was closed to the grader, or not met; whether it was."""
    query = (
        select(ATTEMPTS.c.id, SCORECARDS.c.document)
        .join_from(ATTEMPTS, SCORECARDS)
        .where(ATTEMPTS.c.submission_id == submission_id, ATTEMPTS.c.current, SCORECARDS.c.current)
    )
    last = connection.execute(query).first()
    if last is None:
        return False
    card = SCORECARD.validate_json(last.document)
    closed = any(verdict.outcome is Outcome.PROTECTED for verdict in card.verdicts)
    if not closed and card.state not in _UNASKED:
        return False
    connection.execute(update(ATTEMPTS).where(ATTEMPTS.c.id == last.id).values(again=True))
    return True


def unlisted(connection: Connection, run_id: int) -> list[str]:
    """The students whom the roster no longer has."""
    return [row.student for row in connection.execute(_unlisted(run_id))]


def _unlisted(run_id: int) -> Select[int, str]:
    return (
        select(SUBMISSIONS.c.id, SUBMISSIONS.c.student)
        .where(
            SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.current, SUBMISSIONS.c.listed.is_(False)
        )
        .order_by(SUBMISSIONS.c.position, SUBMISSIONS.c.id)
    )


def _put_last(connection: Connection, run_id: int, count: int) -> tuple[str, ...]:
    """Put the students whom the roster no longer has behind the `count` it has; who they are."""
    removed = connection.execute(_unlisted(run_id)).all()
    if removed:
        moved = (
            update(SUBMISSIONS)
            .where(SUBMISSIONS.c.id == bindparam("row_id"))
            .values(position=bindparam("place"))
        )
        places = enumerate(removed, count)
        connection.execute(moved, [{"row_id": row.id, "place": place} for place, row in places])
    return tuple(row.student for row in removed)
