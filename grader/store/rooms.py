"""The tables of a room of the grader: their version, and how they changed.

Each room has its own version, so one store can hold the tables of several rooms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

_VERSIONS = sa.Table(
    "schema_version",
    sa.MetaData(),
    sa.Column("room", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
)
# Before rooms had versions, this table held one number, and only this room had tables.
_FIRST_ROOM = "jobs"


@dataclass(frozen=True, slots=True)
class Room:
    """The tables of a room.

    Its `name` never changes. `migrations`: an earlier version -> the SQL that makes the next one.
    """

    name: str
    metadata: sa.MetaData
    version: int
    migrations: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def can_migrate(self, found: int) -> bool:
        """Whether tables of the version `found` can be brought to this version."""
        return found < self.version and all(
            version in self.migrations for version in range(found, self.version)
        )


def version_of(connection: sa.Connection, room: Room) -> int | None:
    """The version of a room's tables in the store; None if it has none of them."""
    if _is_of_before_rooms(connection):
        found = connection.exec_driver_sql("SELECT version FROM schema_version").scalar()
        return found if room.name == _FIRST_ROOM else None
    if not sa.inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.scalar(sa.select(_VERSIONS.c.version).where(_VERSIONS.c.room == room.name))


def prepare(connection: sa.Connection, room: Room) -> None:
    """Make the room's tables, or bring them to its version, in the transaction of `connection`."""
    if _is_of_before_rooms(connection):
        _give_rooms_versions(connection)
    _VERSIONS.create(connection, checkfirst=True)
    found = version_of(connection, room)
    if found is None:
        room.metadata.create_all(connection)
        connection.execute(sa.insert(_VERSIONS).values(room=room.name, version=room.version))
        return
    for version in range(found, room.version):
        for statement in room.migrations[version]:
            connection.exec_driver_sql(statement)
    mine = _VERSIONS.c.room == room.name
    connection.execute(_VERSIONS.update().where(mine).values(version=room.version))


def _is_of_before_rooms(connection: sa.Connection) -> bool:
    found = sa.inspect(connection)
    return found.has_table(_VERSIONS.name) and "room" not in {
        column["name"] for column in found.get_columns(_VERSIONS.name)
    }


def _give_rooms_versions(connection: sa.Connection) -> None:
    """Keep the one number as the version of the first room.

    It stays the first row, so that a grader of that time reads it, and refuses the store.
    """
    found = connection.exec_driver_sql("SELECT version FROM schema_version").scalar_one()
    connection.exec_driver_sql("DROP TABLE schema_version")
    _VERSIONS.create(connection)
    connection.execute(sa.insert(_VERSIONS).values(room=_FIRST_ROOM, version=found))
