"""The tables of a run, and how values of the model are written into them.

A row of `submission` is what a student handed in. A row of `attempt` is one grading of its app. A
row of `scorecard` is a result of an attempt: of its first or second pass, or judged again. These
rows are never deleted or written over.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import sqlalchemy as sa
from pydantic import BeforeValidator, TypeAdapter

from grader.jobs.migrations import MIGRATIONS
from grader.model import Acceptance, Keep, Note, NoteKind, Override, Scorecard, Submission
from grader.store import Room

METADATA = sa.MetaData()
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


RUNS = sa.Table(
    "run",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("battery", sa.String, nullable=False),
    sa.Column("battery_source", sa.Text, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("probes", sa.String, nullable=False),
    sa.Column("keep", sa.String, nullable=False, default=str(Keep())),
    sa.Column("allow_private", sa.Boolean, nullable=False, default=False),
    sa.Column("started_at", sa.String, nullable=False),
    sa.Column("notes", sa.Text, nullable=False, default="[]"),
)
# Each student has one submission that is not replaced. Its row also describes the student:
# `position` is the place in the roster, `listed` is whether the roster still has the student (the
# others come last), and `counting` is the attempt that counts, perhaps at an earlier link; NULL
# before the first attempt. It is no foreign key: each table would need the other one first.
SUBMISSIONS = sa.Table(
    "submission",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.ForeignKey("run.id"), nullable=False),
    sa.Column("student", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("listed", sa.Boolean, nullable=False),
    sa.Column("counting", sa.Integer),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("submission_of_student", "run_id", "student"),
    sa.Index("submission_in_order", "run_id", "position"),
)
# `seconds` is how long the app took. `outdated`: the run's battery could not judge it, so that an
# earlier battery did.
ATTEMPTS = sa.Table(
    "attempt",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("submission_id", sa.ForeignKey("submission.id"), nullable=False, index=True),
    sa.Column("asked_at", sa.String, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("outdated", sa.Boolean, nullable=False),
)
# The last one of an attempt `stands`, the others are kept as evidence.
SCORECARDS = sa.Table(
    "scorecard",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("attempt_id", sa.ForeignKey("attempt.id"), nullable=False, index=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("stands", sa.Boolean, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("score", sa.Float),
    sa.Column("document", sa.Text, nullable=False),
)
# The last one of a student `stands`, unless it is withdrawn.
OVERRIDES = sa.Table(
    "override",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.ForeignKey("run.id"), nullable=False),
    sa.Column("student", sa.String, nullable=False),
    sa.Column("stands", sa.Boolean, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
# An accepted attempt: if it is unreachable, it has 0 points even in a run in doubt. `document` says
# who accepted an appeal, when and why; it is NULL if the instructor accepted all unreachable ones.
ACCEPTANCES = sa.Table(
    "acceptance",
    METADATA,
    sa.Column("attempt_id", sa.ForeignKey("attempt.id"), primary_key=True),
    sa.Column("document", sa.Text),
)

KEPT = SCORECARDS.join(ATTEMPTS).join(SUBMISSIONS)
"""Scorecards with the attempts and the submissions that they belong to."""
COUNTING = SUBMISSIONS.join(ATTEMPTS, ATTEMPTS.c.id == SUBMISSIONS.c.counting).join(
    SCORECARDS, sa.and_(SCORECARDS.c.attempt_id == ATTEMPTS.c.id, SCORECARDS.c.stands)
)
"""Students, each with the attempt that counts and the scorecard that stands for it."""
_ANY_ATTEMPT = ATTEMPTS.alias()
LAST_ATTEMPT = (
    sa.select(sa.func.max(_ANY_ATTEMPT.c.id))
    .where(_ANY_ATTEMPT.c.submission_id == SUBMISSIONS.c.id)
    .correlate(SUBMISSIONS)
    .scalar_subquery()
)
"""The id of the last attempt of a submission; NULL if it has none."""
ACCEPTED = (
    sa.select(ACCEPTANCES.c.attempt_id)
    .where(ACCEPTANCES.c.attempt_id == ATTEMPTS.c.id)
    .correlate(ATTEMPTS)
    .exists()
)
"""Whether an attempt is accepted."""

ACCEPTANCE = TypeAdapter(Acceptance)
SUBMISSION = TypeAdapter(Submission)
SCORECARD = TypeAdapter(Scorecard)
OVERRIDE = TypeAdapter(Override)


def in_force(run_id: int) -> sa.ColumnElement[bool]:
    """The submissions of a run that no other link has replaced: one for each student."""
    return sa.and_(SUBMISSIONS.c.run_id == run_id, SUBMISSIONS.c.status != Status.REPLACED)


def _note(stored: object) -> object:
    """Give a kind to a note that was stored before notes had kinds, as its words alone."""
    if not isinstance(stored, str):
        return stored
    if stored.startswith("This is the sample class of grader demo: "):
        return Note(stored, NoteKind.SAMPLE)
    gone = stored.startswith("No longer in the roster, kept in the run: ")
    return Note(stored, NoteKind.UNLISTED if gone else NoteKind.ROSTER)


NOTES = TypeAdapter(tuple[Annotated[Note, BeforeValidator(_note)], ...])


def reading(engine: sa.Engine) -> sa.Connection:
    """A connection that only reads: it waits for no writer, and no writer waits for it."""
    return engine.connect().execution_options(reading=True)


def public(submission: Submission) -> Submission:
    """The submission without its secret, which is in no scorecard and no file."""
    return replace(submission, bypass_secret="")
