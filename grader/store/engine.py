"""One store: an SQLite file, opened with the tables of a room in place."""

import os
import tempfile
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError, SQLAlchemyError

from grader.model import InputError
from grader.store.locking import exclusive
from grader.store.rooms import Room, prepare, version_of


class StoreError(InputError):
    """The store cannot be opened or written; the text says why and what to do."""


def open_store(path: Path, room: Room, *, locked: bool = False) -> sa.Engine:
    """Open the store at `path`, or make it (mode 0600), with the tables of `room` in place.

    Tables of an earlier version are migrated, all of them or none. Nobody else may use the folder
    then, since a grader of that version could not go on; `locked` if the caller has seen to that.
    Any thread may use the engine.

    Raises:
        StoreError: if it cannot be opened, or its tables are of another version.
        FolderBusyError: if it must be migrated, but another command uses the folder.
    """
    try:
        engine = _sqlite(path)
        try:
            found = _prepared(engine, path, room, locked)
        except BaseException:
            engine.dispose()
            raise
    except (SQLAlchemyError, OSError) as error:
        reason = _unwritable(path.parent) or getattr(error, "orig", None) or error
        raise StoreError(f"the store {path} cannot be opened: {reason}") from error
    if found != room.version:
        engine.dispose()
        raise StoreError(
            f"the store {path} was written by another version of the grader (its tables are "
            f"version {found}, this grader's {room.version}): use that version, or a new folder"
        )
    _say_in_words(engine, path)
    return engine


def _unwritable(folder: Path) -> OSError | None:
    """Why nothing can be written in the folder, which SQLite does not tell; None if it can."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return error
    return None


def _say_in_words(engine: sa.Engine, path: Path) -> None:
    """Let `engine` raise a StoreError if the file cannot be read or written from now on."""

    @sa.event.listens_for(engine, "handle_error")
    def in_words(context: sa.ExceptionContext) -> None:
        error = context.sqlalchemy_exception
        if isinstance(error, DatabaseError) and not isinstance(
            error, IntegrityError | ProgrammingError
        ):
            raise StoreError(
                f"the store {path} cannot be read or written: {error.orig}. What it held "
                "before is still there: put that right, and run the same command again"
            ) from error


def _prepared(engine: sa.Engine, path: Path, room: Room, locked: bool) -> int:
    """Make or migrate the room's tables if that is needed, and return their version."""
    with engine.connect().execution_options(reading=True) as connection:
        found = version_of(connection, room)
    if found is not None and not room.can_migrate(found):
        return found
    with nullcontext() if found is None or locked else exclusive(path.parent):
        _prepare(engine, room, path)
    return room.version


def _prepare(engine: sa.Engine, room: Room, path: Path) -> None:
    """Make or migrate the room's tables. If two processes do, one waits for the other."""
    with closing(engine.connect()) as connection:
        # To change a table, SQLite must drop it and make it anew, while other tables refer to it.
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            prepare(connection, room)
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise StoreError(f"the store {path} is damaged: its tables do not fit together")
    # The connection with that setting must not be used again.
    engine.dispose()


def _sqlite(path: Path) -> sa.Engine:
    # SQLite itself would make a file that everybody can read. One that is there is not touched: to
    # close a file ends all locks that this process has on it (POSIX), also those of SQLite.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # As a URL's text, a path would end at its first question mark.
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transaction handling would commit behind SQLAlchemy's back.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # Without the lock at the beginning, others could write between our reading and writing.
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
