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
    """Keep every other command that changes it out of `folder`.

    The system ends the lock together with the process, even one that was killed. The file itself
    stays, as taking it away would let two others in.

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
