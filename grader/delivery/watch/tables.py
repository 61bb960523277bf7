"""The tables of a watcher: every look of the last hour, minutes of a month, incidents.

Moments are whole milliseconds since 1970 in UTC. Looks and minutes are ordered by time first: they
are written, read and deleted in that order, and so take neither an index nor half-filled pages.
"""

import sqlalchemy as sa

from grader.store import Room

METADATA = sa.MetaData()
ROOM = Room("watch", METADATA, 1)

# `paused` says why the target is not asked; empty if it is.
TARGETS = sa.Table(
    "watch_target",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("url", sa.String, nullable=False, unique=True),
    sa.Column("paused", sa.Text, nullable=False, default=""),
)
# `app` is what the app's own /metrics counted, as JSON.
LOOKS = sa.Table(
    "watch_look",
    METADATA,
    sa.Column("at", sa.Integer, primary_key=True),
    sa.Column("target_id", sa.ForeignKey("watch_target.id"), primary_key=True),
    sa.Column("outcome", sa.String, nullable=False),
    sa.Column("ms", sa.Float),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("commit", sa.String),
    sa.Column("certificate_expires_at", sa.Integer),
    sa.Column("app", sa.String),
    sqlite_with_rowid=False,
)
# `minute` counts the minutes since 1970.
MINUTES = sa.Table(
    "watch_minute",
    METADATA,
    sa.Column("minute", sa.Integer, primary_key=True),
    sa.Column("target_id", sa.ForeignKey("watch_target.id"), primary_key=True),
    sa.Column("looks", sa.Integer, nullable=False),
    sa.Column("right", sa.Integer, nullable=False),
    sa.Column("available", sa.Integer, nullable=False),
    sa.Column("errors", sa.Integer, nullable=False),
    sa.Column("unsure", sa.Integer, nullable=False),
    sa.Column("median_ms", sa.Float),
    sa.Column("p95_ms", sa.Float),
    sa.Column("commit", sa.String),
    sa.Column("app", sa.String),
    sqlite_with_rowid=False,
)
INCIDENTS = sa.Table(
    "watch_incident",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("target_id", sa.ForeignKey("watch_target.id"), nullable=False, index=True),
    sa.Column("objective", sa.String, nullable=False),
    sa.Column("objectives", sa.Text, nullable=False),
    sa.Column("started_at", sa.Integer, nullable=False),
    sa.Column("ended_at", sa.Integer),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("commit", sa.String),
    sa.Column("commit_since", sa.Integer),
)
MOMENTS = sa.Table(
    "watch_moment",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incident_id", sa.ForeignKey("watch_incident.id"), nullable=False, index=True),
    sa.Column("at", sa.Integer, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
)
