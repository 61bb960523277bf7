import contextlib
import functools
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text

from grader.store import Room, StoreError, open_store

METADATA = MetaData()
THINGS = Table("thing", METADATA, Column("id", Integer, primary_key=True))
ROOM = Room("things", METADATA, 1)


def test_a_store_keeps_what_was_committed_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    engine = open_store(path, ROOM)
    with engine.begin() as connection:
        connection.execute(insert(THINGS).values(id=7))
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    engine.dispose()
    if sys.platform != "win32":
        assert all(
            stat.S_IMODE(file.stat().st_mode) == 0o600 for file in tmp_path.glob("run.sqlite*")
        )
    engine = open_store(path, ROOM)
    with engine.begin() as connection:
        assert connection.scalars(select(THINGS.c.id)).all() == [7]
    engine.dispose()


def test_what_two_engines_of_one_process_write_is_there_for_others(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    first = open_store(path, ROOM)
    with first.begin() as connection:
        connection.execute(insert(THINGS).values(id=7))
    # Another room's tables in the same file, by an engine of its own.
    others = MetaData()
    Table("other", others, Column("id", Integer, primary_key=True))
    second = open_store(path, Room("others", others, 1))
    command = [
        sys.executable,
        "-c",
        "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("
        "'SELECT count(*) FROM thing').fetchone()[0])",
        str(path),
    ]
    count = functools.partial(subprocess.check_output, command, text=True)
    assert count() == "1\n"
    # That process did not take the file for its own when it ended.
    with first.begin() as connection:
        connection.execute(insert(THINGS).values(id=8))
    assert count() == "2\n"
    second.dispose()
    first.dispose()


def test_what_fails_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    engine = open_store(tmp_path / "run.sqlite", ROOM)
    with contextlib.suppress(ZeroDivisionError), engine.begin() as connection:
        connection.execute(insert(THINGS).values(id=7))
        raise ZeroDivisionError
    with engine.begin() as connection:
        assert connection.scalars(select(THINGS.c.id)).all() == []
    engine.dispose()


def test_tables_of_another_version_are_refused_in_words(tmp_path: Path) -> None:
    open_store(tmp_path / "run.sqlite", ROOM).dispose()
    with pytest.raises(StoreError, match=r"version 1, this grader's 2"):
        open_store(tmp_path / "run.sqlite", replace(ROOM, version=2))


def test_what_is_no_store_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "run.sqlite").write_text("this is a text file, and quite a long one at that" * 9)
    with pytest.raises(StoreError, match="not a database"):
        open_store(tmp_path / "run.sqlite", ROOM)
    with pytest.raises(StoreError):
        open_store(tmp_path / "nowhere" / "run.sqlite", ROOM)


def test_a_damaged_store_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    engine = open_store(path, ROOM)
    with engine.begin() as connection:
        connection.execute(insert(THINGS), [{"id": number} for number in range(5000)])
    engine.dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xaa" * (len(whole) - 8192))
    with pytest.raises(StoreError, match=r"run\.sqlite"):
        _count(path)


def _count(path: Path) -> int:
    engine = open_store(path, ROOM)
    try:
        with engine.begin() as connection:
            return len(connection.scalars(select(THINGS.c.id)).all())
    finally:
        engine.dispose()


@pytest.mark.parametrize("name", ["week?1", "50%20", "a#b", "two words"])
def test_a_store_stays_in_its_folder_whatever_that_is_called(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    open_store(folder / "run.sqlite", ROOM).dispose()
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "run.sqlite").stat().st_size > 0


OTHERS = MetaData()
EVENTS = Table("event", OTHERS, Column("id", Integer, primary_key=True))
WATCHING = Room("watching", OTHERS, 1)
GROWN = Room("watching", OTHERS, 2, {1: ("ALTER TABLE event ADD COLUMN what TEXT",)})


def test_two_rooms_live_in_one_store_each_with_its_version(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    open_store(path, ROOM).dispose()
    engine = open_store(path, WATCHING)
    with engine.begin() as connection:
        connection.execute(insert(EVENTS).values(id=1))
        connection.execute(insert(THINGS).values(id=7))
    engine.dispose()
    # One room's tables grow, and the other's version and rows are as they were.
    engine = open_store(path, GROWN)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT * FROM event")).all() == [(1, None)]
    engine.dispose()
    with pytest.raises(StoreError, match=r"version 2, this grader's 1"):
        open_store(path, WATCHING)
    engine = open_store(path, ROOM)
    with engine.begin() as connection:
        assert connection.scalars(select(THINGS.c.id)).all() == [7]
    engine.dispose()


def test_a_store_of_before_rooms_takes_another_room(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO schema_version VALUES (4)")
        connection.commit()
    open_store(path, WATCHING).dispose()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT room, version FROM schema_version").fetchall()
    assert found == [("jobs", 4), ("watching", 1)]


def test_tables_that_do_not_fit_together_are_refused_before_they_are_migrated(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.sqlite"
    open_store(path, WATCHING).dispose()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE child (of INTEGER REFERENCES event (id))")
        connection.execute("INSERT INTO child VALUES (7)")
        connection.commit()
    with pytest.raises(StoreError, match="do not fit together"):
        open_store(path, GROWN)
    open_store(path, WATCHING).dispose()


def test_another_thread_may_use_a_store_than_the_one_that_opened_it(tmp_path: Path) -> None:
    engine = open_store(tmp_path / "run.sqlite", ROOM)
    with engine.begin() as connection:
        connection.execute(insert(THINGS).values(id=1))

    def count() -> int:
        with engine.begin() as connection:
            connection.execute(insert(THINGS).values(id=2))
            return len(connection.scalars(select(THINGS.c.id)).all())

    with ThreadPoolExecutor(1) as beside:
        assert beside.submit(count).result() == 2
    engine.dispose()
