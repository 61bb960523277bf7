"""One store: SQLite by default, PostgreSQL by URL. Rooms above own their tables."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    ExceptionContext,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    insert,
    make_url,
    select,
)
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError, SQLAlchemyError

from grader.model import InputError


class StoreError(InputError):
    """The store cannot be opened or written; the text says why and what to do."""


def open_store(location: Path | str, metadata: MetaData, version: int) -> Engine:
    """Open the store at `location`, with the tables of `metadata` in place.

    Args:
        location: a file's path (SQLite, mode 0600) or a database URL, whose password is not told.
        metadata: the tables of the room that opens the store.
        version: the version of those tables, kept in the store.

    Raises:
        StoreError: if it cannot be opened, or holds tables of another version.
    """
    where = _shown(location)
    try:
        engine = _sqlite(location) if isinstance(location, Path) else create_engine(location)
        try:
            found = _prepare(engine, metadata, version)
        except BaseException:
            engine.dispose()
            raise
    except (SQLAlchemyError, OSError, ModuleNotFoundError) as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(f"the store {where} cannot be opened: {reason}") from error
    if found != version:
        engine.dispose()
        raise StoreError(
            f"the store {where} was written by another version of the grader (its tables are "
            f"version {found}, this grader's {version}): use that version, or a new folder"
        )

    @event.listens_for(engine, "handle_error")
    def in_words(context: ExceptionContext) -> None:
        error = context.sqlalchemy_exception
        if isinstance(error, DatabaseError) and not isinstance(
            error, IntegrityError | ProgrammingError
        ):
            raise StoreError(
                f"the store {where} cannot be read or written: {error.orig}. What it held "
                "before is still there: put that right, and run the same command again"
            ) from error

    return engine


def _shown(location: Path | str) -> str:
    if isinstance(location, Path):
        return str(location)
    try:
        return make_url(location).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "of this URL"


def _prepare(engine: Engine, metadata: MetaData, version: int) -> int:
    """Make the tables that are not there; the version of those that are there now."""
    versions = Table("schema_version", MetaData(), Column("version", Integer, primary_key=True))
    with engine.begin() as connection:
        versions.create(connection, checkfirst=True)
        found = connection.scalar(select(versions.c.version))
        if found is None:
            connection.execute(insert(versions).values(version=version))
            found = version
        if found == version:
            metadata.create_all(connection)
    return found


def _sqlite(path: Path) -> Engine:
    # Created before SQLite does, which would leave it readable by all.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # As a URL's text, a path would end at its first question mark.
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transaction handling would commit behind SQLAlchemy's back.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later could find the store changed between.
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
