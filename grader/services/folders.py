"""The folder of a run: its store, and a lock, so that one command at a time changes it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from grader.jobs import Run
from grader.model import InputError
from grader.store import exclusive

STORE_NAME = "run.sqlite"
# The files that are made from the store.
GRADES, RESULTS, REPORT, PAGES = FILES = ("grades.csv", "results.json", "report.html", "students")


class ForeignFolderError(InputError):
    """The folder has files with the names of a run's files, but no run."""


def holds_run(folder: Path) -> bool:
    """Whether there is a run in `folder`, which may be missing."""
    return (folder / STORE_NAME).exists()


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Run]:
    """The run in `folder`, to read it; StoreError if there is none."""
    with contextlib.closing(Run.open(folder / STORE_NAME)) as run:
        yield run


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[Run]:
    """The run in `folder`, locked, to change it.

    Raises:
        StoreError: if there is none. Then nothing is written, not even a lock.
        FolderBusyError: if another command changes it.
    """
    Run.open(folder / STORE_NAME).close()
    with exclusive(folder), opened(folder) as run:
        yield run


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Lock `folder`, and make it if it is missing.

    Raises:
        ForeignFolderError: if it has files with the names of a run's files, but no run.
        FolderBusyError: if another command changes it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(folder):
        found = [name for name in FILES if (folder / name).exists()]
        if found and not holds_run(folder):
            raise ForeignFolderError(
                f"{folder} holds {', '.join(found)} and no run that these belong to: choose a new "
                "folder with --out, so that nothing is overwritten"
            )
        yield
