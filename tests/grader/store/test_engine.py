import contextlib
import stat
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text

from grader.store import StoreError, open_store

METADATA = MetaData()
THINGS = Table("thing", METADATA, Column("id", Integer, primary_key=True))


def test_a_store_keeps_what_was_committed_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    engine = open_store(path, METADATA, 1)
    with engine.begin() as connection:
        connection.execute(insert(THINGS).values(id=7))
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    engine.dispose()
    if sys.platform != "win32":
        assert all(
            stat.S_IMODE(file.stat().st_mode) == 0o600 for file in tmp_path.glob("run.sqlite*")
        )
    engine = open_store(path, METADATA, 1)
    with engine.begin() as connection:
        assert connection.scalars(select(THINGS.c.id)).all() == [7]
    engine.dispose()


def test_what_fails_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    engine = open_store(tmp_path / "run.sqlite", METADATA, 1)
    with contextlib.suppress(ZeroDivisionError), engine.begin() as connection:
        connection.execute(insert(THINGS).values(id=7))
        raise ZeroDivisionError
    with engine.begin() as connection:
        assert connection.scalars(select(THINGS.c.id)).all() == []
    engine.dispose()


def test_tables_of_another_version_are_refused_in_words(tmp_path: Path) -> None:
    open_store(tmp_path / "run.sqlite", METADATA, 1).dispose()
    with pytest.raises(StoreError, match=r"version 1, this grader's 2"):
        open_store(tmp_path / "run.sqlite", METADATA, 2)


def test_what_is_no_store_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "run.sqlite").write_text("this is a text file, and quite a long one at that" * 9)
    with pytest.raises(StoreError, match="not a database"):
        open_store(tmp_path / "run.sqlite", METADATA, 1)
    with pytest.raises(StoreError):
        open_store(tmp_path / "nowhere" / "run.sqlite", METADATA, 1)


def test_a_damaged_store_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    engine = open_store(path, METADATA, 1)
    with engine.begin() as connection:
        connection.execute(insert(THINGS), [{"id": number} for number in range(5000)])
    engine.dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xaa" * (len(whole) - 8192))
    with pytest.raises(StoreError, match=r"run\.sqlite"):
        _count(path)


def _count(path: Path) -> int:
    engine = open_store(path, METADATA, 1)
    try:
        with engine.begin() as connection:
            return len(connection.scalars(select(THINGS.c.id)).all())
    finally:
        engine.dispose()


@pytest.mark.parametrize("name", ["week?1", "50%20", "a#b", "two words"])
def test_a_store_stays_in_its_folder_whatever_that_is_called(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    open_store(folder / "run.sqlite", METADATA, 1).dispose()
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "run.sqlite").stat().st_size > 0


def test_a_password_in_a_url_is_not_told() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql+nothing://ada:s3cret@db.example/grades", METADATA, 1)
    assert "s3cret" not in str(caught.value)
    assert "db.example" in str(caught.value)
