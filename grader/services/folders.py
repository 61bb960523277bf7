"""The folder of a run: who may change it, and its store."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from grader.jobs import Run
from grader.model import InputError
from grader.store import exclusive

STORE_NAME = "run.sqlite"
GRADES, RESULTS, REPORT, PAGES = FILES = ("grades.csv", "results.json", "report.html", "students")
"""What a run's folder holds beside its store, which it can be made from."""


class ForeignFolderError(InputError):
    """The folder holds something that a run would replace and that this run did not make."""


def holds_run(folder: Path | None) -> bool:
    """Whether a run was begun in `folder`; without a folder, none was."""
    return folder is not None and (folder / STORE_NAME).exists()


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Run]:
    """The run in `folder`, to be read.

    Raises:
        StoreError: if there is none.
    """
    with contextlib.closing(Run.open(folder / STORE_NAME)) as run:
        yield run


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[Run]:
    """The run in `folder`, which nobody else changes meanwhile.

    Raises:
        StoreError: if there is none; the folder stays as it is.
        FolderBusyError: if another command is at work there.
    """
    Run.open(folder / STORE_NAME).close()  # the lock is a file: no folder without a run gets one
    with exclusive(folder), opened(folder) as run:
        yield run


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make `folder` where it is missing, and keep other commands out of it.

    Raises:
        ForeignFolderError: if it holds files of a run's names, and no run.
        FolderBusyError: if another command is at work there.
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
