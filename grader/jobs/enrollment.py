"""Taking a roster's submissions into a run, beside what it already holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from grader.jobs.progress import claims, move
from grader.jobs.tables import IN_FORCE, SCORECARD, SUBMISSION, SUBMISSIONS, Status
from grader.model import Question, State, Submission
from grader.outcomes import Outcome
from grader.text.comparing import id_key

_AT_ONCE = 200
_UNASKED = (State.UNREACHABLE, State.NOT_GRADED)

Questions = Callable[[Submission], tuple[Question, ...]]


@dataclass(frozen=True, slots=True)
class Enrollment:
    """What became of the submissions of a roster, as ids of students.

    Attributes:
        added: they are new.
        changed: their link or their keys are others now: they are asked anew, and what they had is
            kept.
        removed: the roster no longer has them: they are kept, behind all others.
        judged: another commit is expected of them now, and their stored replies were judged by it.
        unjudged: another commit is expected of them now, and their stored replies do not tell
            which one answered: what they had counts.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    judged: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


@dataclass(slots=True)
class _Changes:
    """What some rows of a roster change in the store.

    Attributes:
        expected: the ids of students of whom another commit is expected.
        rows: new rows.
        replaced: the ids of the rows that new ones replace.
        corrected: the new values of known rows.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    corrected: list[dict[str, Any]] = field(default_factory=list)

    def write(self, connection: Connection) -> None:
        if self.replaced:
            move(connection, self.replaced, Status.REPLACED)
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
    """Add the new submissions, and correct or replace the known ones.

    Args:
        connection: to the store, in a transaction.
        run_id: the run in it.
        submissions: the roster's, in its order.
        questions: what a submission is asked. A student whose row was corrected is asked anew only
            if that changes the questions.

    Returns:
        What became of them; and the ids of students of whom another commit is expected now. Their
        stored replies are still to be judged by it.
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
    mine = (SUBMISSIONS.c.run_id == run_id) & IN_FORCE
    query = select(SUBMISSIONS).where(mine, SUBMISSIONS.c.student.in_(coming))
    known = {row.student: row for row in connection.execute(query)}
    changes = _Changes()
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
    return changes


def _is_asked_alike(before: Submission, now: Submission, questions: Questions) -> bool:
    """Whether the questions are still the same, whatever else of the row was corrected.

    The commit that is expected changes how a reply is judged, and no question.
    """
    if (before.url, before.fault) != (now.url, now.fault):
        return False
    if before.columns == now.columns:
        return True
    # An id in other letters is the same student.
    of_any = (replace(each, expect_commit="", andrew_id=now.andrew_id) for each in (before, now))
    asked_before, asked_now = map(questions, of_any)
    return asked_before == asked_now


def _let_in(connection: Connection, submission_id: int) -> bool:
    """Let an app be asked anew if it asked for a login or was not reached; whether it is."""
    (last,) = claims(connection, [submission_id])
    if last.graded is None:
        return False
    card = SCORECARD.validate_json(last.graded)
    closed = any(verdict.outcome is Outcome.PROTECTED for verdict in card.verdicts)
    if not closed and card.state not in _UNASKED:
        return False
    move(connection, [submission_id], Status.WAITING)
    return True


def unlisted(connection: Connection, run_id: int) -> list[str]:
    """The keys of the students whom the roster no longer has."""
    return [row.student for row in connection.execute(_unlisted(run_id))]


def _unlisted(run_id: int) -> Select[int, str]:
    return (
        select(SUBMISSIONS.c.id, SUBMISSIONS.c.student)
        .where(SUBMISSIONS.c.run_id == run_id, IN_FORCE, SUBMISSIONS.c.listed.is_(False))
        .order_by(SUBMISSIONS.c.position, SUBMISSIONS.c.id)
    )


def _put_last(connection: Connection, run_id: int, count: int) -> tuple[str, ...]:
    """Put the students whom the roster no longer has behind the `count` that it has.

    Returns:
        Their keys.
    """
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
