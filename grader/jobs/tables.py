"""The tables of a run, and how values of the model are written into them."""

from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from grader.model import Acceptance, Note, NoteKind, Override, Scorecard, Submission

# A table may be added without another version: a store that lacks it gets it when it is opened.
VERSION = 4
METADATA = MetaData()

RUNS = Table(
    "run",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("battery", String, nullable=False),
    Column("battery_source", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("probes", String, nullable=False),
    Column("keep", String, nullable=False),
    Column("allow_private", Boolean, nullable=False),
    Column("started_at", String, nullable=False),
    Column("notes", Text, nullable=False),
)
# `position` is the student's in the roster; those it no longer has are not `listed`, and come last.
SUBMISSIONS = Table(
    "submission",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("student", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("run_id", "student", "attempt"),
)
# `current` is the last one of its submission, `counts` the one that counts for the student: of all
# attempts, at earlier links too. `again`: the instructor wants it asked anew; until then it stands.
# `accepted`: being unreachable, it costs the student the points though the run doubts itself; a
# second pass that sees something else takes that back.
ATTEMPTS = Table(
    "attempt",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("submission_id", ForeignKey("submission.id"), nullable=False, index=True),
    Column("asked_at", String, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("outdated", Boolean, nullable=False),
    Column("accepted", Boolean, nullable=False),
)
# `current` is the one that stands for its attempt.
SCORECARDS = Table(
    "scorecard",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("attempt_id", ForeignKey("attempt.id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("at", String, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("score", Float),
    Column("document", Text, nullable=False),
)
OVERRIDES = Table(
    "override",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("student", String, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("document", Text, nullable=False),
)
# Who let an appeal count: attempts of before this table have nobody.
ACCEPTANCES = Table(
    "acceptance",
    METADATA,
    Column("attempt_id", ForeignKey("attempt.id"), primary_key=True),
    Column("document", Text, nullable=False),
)

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
