"""The tables of a run, and how values of the model are written into them.

A row of `submission` is what a student handed in. A row of `attempt` is one grading of its app. A
row of `scorecard` is a result of an attempt: of its first or second pass, or judged again. These
rows are never deleted or written over.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    func,
    select,
)

from grader.jobs.migrations import MIGRATIONS
from grader.model import Acceptance, Note, NoteKind, Override, Scorecard, Submission
from grader.store import Room

METADATA = MetaData()
ROOM = Room("jobs", METADATA, 5, MIGRATIONS)


class Status(StrEnum):
    """Which pass asks a submission next. The values are stored.

    A new submission is WAITING for the first pass. That makes it DONE, or ONCE_MORE if the second
    pass shall ask some of it again; the second pass makes it DONE. An instructor can make it
    WAITING again, and the next command makes what could not be graded ONCE_MORE again. Another link
    of the student makes it REPLACED for ever: it is kept as evidence.
    """

    WAITING = "waiting"
    ONCE_MORE = "once more"
    DONE = "done"
    REPLACED = "replaced"


RUNS = Table(
    "run",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("battery", String, nullable=False),
    Column("battery_source", Text, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("probes", String, nullable=False),
    Column("keep", String, nullable=False),
    Column("allow_private", Boolean, nullable=False),
    Column("started_at", String, nullable=False),
    Column("notes", Text, nullable=False),
)
# Each student has one submission that is not replaced. Its row also describes the student:
# `position` is the place in the roster, `listed` is whether the roster still has the student (the
# others come last), and `counting` is the attempt that counts, perhaps at an earlier link; NULL
# before the first attempt. It is no foreign key: each table would need the other one first.
SUBMISSIONS = Table(
    "submission",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("student", String, nullable=False),
    Column("status", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("counting", Integer),
    Column("document", Text, nullable=False),
    Index("submission_of_student", "run_id", "student"),
    Index("submission_in_order", "run_id", "position"),
)
# `seconds` is how long the app took. `outdated`: the run's battery could not judge it, so that an
# earlier battery did.
ATTEMPTS = Table(
    "attempt",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("submission_id", ForeignKey("submission.id"), nullable=False, index=True),
    Column("asked_at", String, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("outdated", Boolean, nullable=False),
)
# The last one of an attempt `stands`, the others are kept as evidence.
SCORECARDS = Table(
    "scorecard",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("attempt_id", ForeignKey("attempt.id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("at", String, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("score", Float),
    Column("document", Text, nullable=False),
)
# The last one of a student `stands`, unless it is withdrawn.
OVERRIDES = Table(
    "override",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("student", String, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("document", Text, nullable=False),
)
# An accepted attempt: if it is unreachable, it has 0 points even in a run in doubt. `document` says
# who accepted an appeal, when and why; it is NULL if the instructor accepted all unreachable ones.
ACCEPTANCES = Table(
    "acceptance",
    METADATA,
    Column("attempt_id", ForeignKey("attempt.id"), primary_key=True),
    Column("document", Text),
)

KEPT = SCORECARDS.join(ATTEMPTS).join(SUBMISSIONS)
"""Scorecards with the attempts and the submissions that they belong to."""
COUNTING = SUBMISSIONS.join(ATTEMPTS, ATTEMPTS.c.id == SUBMISSIONS.c.counting).join(
    SCORECARDS, and_(SCORECARDS.c.attempt_id == ATTEMPTS.c.id, SCORECARDS.c.stands)
)
"""Students, each with the attempt that counts and the scorecard that stands for it."""
_ANY_ATTEMPT = ATTEMPTS.alias()
LAST_ATTEMPT = (
    select(func.max(_ANY_ATTEMPT.c.id))
    .where(_ANY_ATTEMPT.c.submission_id == SUBMISSIONS.c.id)
    .correlate(SUBMISSIONS)
    .scalar_subquery()
)
"""The id of the last attempt of a submission; NULL if it has none."""
ACCEPTED = (
    select(ACCEPTANCES.c.attempt_id)
    .where(ACCEPTANCES.c.attempt_id == ATTEMPTS.c.id)
    .correlate(ATTEMPTS)
    .exists()
)
"""Whether an attempt is accepted."""

ACCEPTANCE = TypeAdapter(Acceptance)
SUBMISSION = TypeAdapter(Submission)
SCORECARD = TypeAdapter(Scorecard)
OVERRIDE = TypeAdapter(Override)


def in_force(run_id: int) -> ColumnElement[bool]:
    """The submissions of a run that no other link has replaced: one for each student."""
    return and_(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.status != Status.REPLACED)


def _note(stored: object) -> object:
    """Give a kind to a note that was stored before notes had kinds, as its words alone."""
    if not isinstance(stored, str):
        return stored
    if stored.startswith("This is the sample class of grader demo: "):
        return Note(stored, NoteKind.SAMPLE)
    gone = stored.startswith("No longer in the roster, kept in the run: ")
    return Note(stored, NoteKind.UNLISTED if gone else NoteKind.ROSTER)


NOTES = TypeAdapter(tuple[Annotated[Note, BeforeValidator(_note)], ...])


def reading(engine: Engine) -> Connection:
    """A connection that only reads: it waits for no writer, and no writer waits for it."""
    return engine.connect().execution_options(reading=True)


def public(submission: Submission) -> Submission:
    """The submission without its secret, which is in no scorecard and no file."""
    return replace(submission, bypass_secret="")
