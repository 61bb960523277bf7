"""The tables of what a watcher does about incidents: alerts and rollbacks.

They are in the store before anything is sent or asked of a platform, and each is there at most once
for an incident. So a watcher that is killed and started again goes on where it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from grader.store import Room, open_store

METADATA = sa.MetaData()
ROOM = Room("acting", METADATA, 1)

# A row for each alert and channel. `document` is what is sent, as JSON. `fault` says why the last
# try failed; nothing is tried any more if `delivered_at` or `given_up` is set.
ALERTS = sa.Table(
    "alert",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("incident_id", sa.Integer, nullable=False),
    sa.Column("step", sa.String, nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("fault", sa.Text, nullable=False, default=""),
    sa.Column("delivered_at", sa.Float),
    sa.Column("given_up", sa.Boolean, nullable=False, default=False),
    sa.UniqueConstraint("incident_id", "step", "channel"),
)

# A row for each incident that was decided about. `document` is the plan: from which release, to
# which one; NULL if nothing is done. `stage` is one of `grader.delivery.watch.actions.Stage`.
ACTIONS = sa.Table(
    "action",
    METADATA,
    sa.Column("incident_id", sa.Integer, primary_key=True),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Column("document", sa.Text),
)


@contextmanager
def open_acting(watching: sa.Engine) -> Iterator[sa.Engine]:
    """Open these tables in the store of a watcher, which keeps all others out of its folder.

    Raises:
        StoreError: if they cannot be opened.
    """
    engine = open_store(Path(str(watching.url.database)), ROOM, locked=True)
    try:
        yield engine
    finally:
        engine.dispose()
