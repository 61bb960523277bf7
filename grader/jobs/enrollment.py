"""Taking a roster's submissions into a run, beside what it already holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import sqlalchemy as sa

from grader.jobs.progress import claims, move
from grader.jobs.tables import SCORECARD, SUBMISSION, SUBMISSIONS, Status, in_force
from grader.model import Question, State, Submission
from grader.outcomes import Outcome
from grader.text.comparing import id_key

_AT_ONCE = 200
_ROW = SUBMISSIONS.c.id == sa.bindparam("row_id")
_UNASKED = (State.UNREACHABLE, State.NOT_GRADED)

Questions = Callable[[Submission], tuple[Question, ...]]


@dataclass(frozen=True, slots=True)
class Enrollment:
    """What a roster changed, as ids of students.

    Students in `changed` have another link or other keys, and are asked again. Students in
    `removed` are no longer in the roster, and come last. Another commit is expected of students in
    `judged` and `unjudged`; if the stored replies do not show it (`unjudged`), the grade stays.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    judged: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


@dataclass(slots=True)
class _Changes:
    """What a roster changes.

    `added`, `changed` and `expected` (another commit is expected) are ids of students. `rows` are
    still to be written, in place of those with the ids `replaced`. `corrected` are known rows.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    corrected: list[dict[str, Any]] = field(default_factory=list)

    def write(self, connection: sa.Connection) -> None:
        """Write the rows, and forget them."""
        if self.replaced:
            move(connection, self.replaced, Status.REPLACED)
        if self.corrected:
            now: dict[str, Any] = {
                "document": sa.bindparam("as_now"),
                "position": sa.bindparam("place"),
            }
            connection.execute(sa.update(SUBMISSIONS).where(_ROW).values(now), self.corrected)
        if self.rows:
            connection.execute(sa.insert(SUBMISSIONS), self.rows)
        for written in (self.replaced, self.corrected, self.rows):
            written.clear()


def enroll(
    connection: sa.Connection, run_id: int, submissions: Iterable[Submission], questions: Questions
) -> tuple[Enrollment, tuple[str, ...]]:
    """Add the new submissions of a roster, and correct or replace the known ones.

    A student whose row was corrected is asked again only if that changes the `questions`.

    Returns:
        What changed; and the ids of students whose stored replies must be judged by another commit.
    """
    changes = _Changes()
    count = 0
    gone = sa.update(SUBMISSIONS).where(SUBMISSIONS.c.run_id == run_id).values(listed=False)
    connection.execute(gone)
    coming = enumerate(submissions)
    while some := list(islice(coming, _AT_ONCE)):
        count += len(some)
        _compare(connection, run_id, some, questions, changes)
        changes.write(connection)
        there = SUBMISSIONS.c.student.in_(id_key(each.andrew_id) for _, each in some)
        connection.execute(
            sa.update(SUBMISSIONS).where(SUBMISSIONS.c.run_id == run_id, there).values(listed=True)
        )
    removed = _put_last(connection, run_id, count)
    found = Enrollment(tuple(changes.added), tuple(changes.changed), removed)
    return found, tuple(changes.expected)


def _compare(
    connection: sa.Connection,
    run_id: int,
    some: Iterable[tuple[int, Submission]],
    questions: Questions,
    changes: _Changes,
) -> None:
    coming = {id_key(each.andrew_id): (place, each) for place, each in some}
    query = sa.select(SUBMISSIONS).where(in_force(run_id), SUBMISSIONS.c.student.in_(coming))
    known = {row.student: row for row in connection.execute(query)}
    for student, (place, now) in coming.items():
        row = known.get(student)
        document = SUBMISSION.dump_json(now).decode()
        if row is not None and (row.document, row.position) == (document, place):
            continue
        if row is None:
            changes.added.append(now.andrew_id)
        elif _is_asked_alike(before := SUBMISSION.validate_json(row.document), now, questions):
            changes.corrected.append({"row_id": row.id, "as_now": document, "place": place})
            if before.bypass_secret != now.bypass_secret and _let_in(connection, row.id):
                changes.changed.append(now.andrew_id)
            if before.expect_commit != now.expect_commit:
                changes.expected.append(now.andrew_id)
            continue
        else:
            changes.changed.append(now.andrew_id)
            changes.replaced.append(row.id)
        changes.rows.append(
            {
                "run_id": run_id,
                "student": student,
                "status": Status.WAITING,
                "position": place,
                "listed": True,
                "counting": None if row is None else row.counting,
                "document": document,
            }
        )


def _is_asked_alike(before: Submission, now: Submission, questions: Questions) -> bool:
    """Whether a corrected row has the same questions; an expected commit only changes judging."""
    if (before.url, before.fault) != (now.url, now.fault):
        return False
    if before.columns == now.columns:
        return True
    # An id in other letters is the same student.
    of_any = (replace(each, expect_commit="", andrew_id=now.andrew_id) for each in (before, now))
    asked_before, asked_now = map(questions, of_any)
    return asked_before == asked_now


def _let_in(connection: sa.Connection, submission_id: int) -> bool:
    """Let an app be asked again if it asked for a login or was not reached; True if it was so."""
    (last,) = claims(connection, [submission_id])
    if last.graded is None:
        return False
    card = SCORECARD.validate_json(last.graded)
    closed = any(verdict.outcome is Outcome.PROTECTED for verdict in card.verdicts)
    if not closed and card.state not in _UNASKED:
        return False
    move(connection, [submission_id], Status.WAITING)
    return True


def unlisted(run_id: int) -> sa.Select[int, str]:
    """The ids and students of the submissions that the roster no longer has."""
    return (
        sa.select(SUBMISSIONS.c.id, SUBMISSIONS.c.student)
        .where(in_force(run_id), SUBMISSIONS.c.listed.is_(False))
        .order_by(SUBMISSIONS.c.position, SUBMISSIONS.c.id)
    )


def _put_last(connection: sa.Connection, run_id: int, count: int) -> tuple[str, ...]:
    """Put the students that the roster no longer has behind its `count`, and return their keys."""
    removed = connection.execute(unlisted(run_id)).all()
    if removed:
        moved = sa.update(SUBMISSIONS).where(_ROW).values(position=sa.bindparam("place"))
        places = enumerate(removed, count)
        connection.execute(moved, [{"row_id": row.id, "place": place} for place, row in places])
    return tuple(row.student for row in removed)
