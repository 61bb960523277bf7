"""One command at a time in a folder."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from grader.model import InputError

LOCK_NAME = "run.lock"


class FolderBusyError(InputError):
    """Another command is at work in the folder."""


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keep all other commands that change `folder` out of it.

    The system ends the lock with the process, even if that is killed. The file stays: if it were
    deleted, two others could come in at once.

    Raises:
        FolderBusyError: if another command is at work there.
        OSError: if the folder cannot be written.
    """
    try:
        lock = FileLock(folder / LOCK_NAME, mode=0o600).acquire(blocking=False)
    except Timeout:
        raise FolderBusyError(
            f"another grader is at work in {folder}: wait until it has ended, or stop it"
        ) from None
    with lock:
        yield
