"""The tables of a run, and how values of the model are written into them.

A row of `submission` is what a student handed in at a time, a row of `attempt` is one time that its
app was asked, and a row of `scorecard` is what came of an attempt: by its first pass, by its second
pass, or judged again. None of these rows is ever taken away or written over.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter
from sqlalchemy import (
    Boolean,
    Column,
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
    """Who asks a submission next. The values stand in the store.

    A new submission is WAITING. The first pass makes it DONE, or ONCE_MORE where something of it
    may go better later; the second pass makes it DONE. An instructor can make it WAITING again, and
    the next command makes what could not be graded ONCE_MORE again. Another link of the same
    student makes it REPLACED for ever.

    Attributes:
        WAITING: the first pass asks it.
        ONCE_MORE: the second pass asks some of it once more.
        DONE: nobody asks it.
        REPLACED: nobody asks it; it is kept as evidence.
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
# A student has one submission that is not replaced. That row also holds what is true of the
# student: `position` is the place in the roster, and `listed` is whether the roster still has the
# student (the others come last). `counting` is the attempt that counts, perhaps one at an earlier
# link; NULL before the first attempt. It is no foreign key: each table would need the other first.
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
# `seconds` is how long the app took. `outdated`: the run's battery could not judge it; what stands
# is by an earlier battery.
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
# An attempt that has a row here is accepted: where it is unreachable, it costs the points though
# the run doubts itself. `document` says who accepted an appeal, when and why; it is NULL where the
# instructor accepted all that was unreachable.
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
"""The id of the last attempt of a submission; NULL where it has none."""
IN_FORCE = SUBMISSIONS.c.status != Status.REPLACED
"""Submissions that no other link has replaced: one for each student."""
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


def _note(stored: object) -> object:
    """Give a note its kind that was stored as its words alone, before notes had kinds."""
    if not isinstance(stored, str):
        return stored
    if stored.startswith("This is the sample class of grader demo: "):
        return Note(stored, NoteKind.SAMPLE)
    gone = stored.startswith("No longer in the roster, kept in the run: ")
    return Note(stored, NoteKind.UNLISTED if gone else NoteKind.ROSTER)


NOTES = TypeAdapter(tuple[Annotated[Note, BeforeValidator(_note)], ...])


def reading(engine: Engine) -> Connection:
    """A connection whose transaction waits for no writer, and keeps none waiting."""
    return engine.connect().execution_options(reading=True)


def public(submission: Submission) -> Submission:
    """The submission without its secret, which no scorecard and no file made of it holds."""
    return replace(submission, bypass_secret="")
