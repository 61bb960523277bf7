import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.store import write_private


def test_text_and_bytes_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "grades.csv"
    write_private(target, ["caf\xe9,", b"1\n"])
    assert target.read_bytes() == "caf\xe9,1\n".encode()
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def chunks() -> Iterator[str]:
        yield "new"
        raise OSError(28, "No space left on device")

    target = tmp_path / "grades.csv"
    target.write_text("old")
    with pytest.raises(OSError, match="No space"):
        write_private(target, chunks())
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_missing_is_said_of_the_file_that_was_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "grades.csv"
    with pytest.raises(FileNotFoundError) as caught:
        write_private(target, ["new"])
    assert caught.value.filename == str(target)
