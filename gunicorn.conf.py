"""Lets several workers count together. Gunicorn reads this file by itself: it is in its folder.

Each worker keeps its counts in a folder that all share, and webapp/metrics.py adds them up. Workers
have numbers: one that dies leaves its number, and with it its files, to the worker that follows.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the variable that prometheus-client reads
OWN = "webapp-metrics-"  # how the names of our own folders begin
NEEDED = 100_000  # bytes: more than the counts of one worker take

# Gunicorn reads this, and versions that have no control socket pass over it. Nobody here uses that
# socket, and all apps of one user would share it in the home folder.
control_socket_disable = True


def on_starting(server: "Arbiter") -> None:
    """Give the workers an empty folder."""
    server.own_folder = None
    given = os.environ.get(FOLDER)
    try:
        # A server that upgrades itself (USR2) may hand down its own folder, and its workers use it.
        if given and not Path(given).name.startswith(OWN):
            Path(given).mkdir(parents=True, exist_ok=True)
            for old in Path(given).glob("*.db"):
                old.unlink()
        else:
            os.environ[FOLDER] = server.own_folder = tempfile.mkdtemp(prefix=OWN)
    except OSError as error:
        count_alone(server, error)


def pre_fork(server: "Arbiter", worker: "Worker") -> None:
    """Give a new worker the lowest number that is free."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in count(1) if number not in taken)


def post_fork(server: "Arbiter", worker: "Worker") -> None:
    """Tell the worker its number, and see that there is room: it would die of a full disk later."""
    os.environ["WEBAPP_WORKER"] = str(worker.number)
    if folder := os.environ.get(FOLDER):
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(NEEDED))
        except OSError as error:
            count_alone(server, error)


def count_alone(server: "Arbiter", error: OSError) -> None:
    """Answer queries all the same."""
    os.environ.pop(FOLDER, None)
    server.log.warning("Each worker counts alone, and /metrics shows one of them: %s", error)


def child_exit(_server: "Arbiter", worker: "Worker") -> None:
    """Take a dead worker and its busy threads out of the counts; the queries it answered stay."""
    from prometheus_client.multiprocess import mark_process_dead  # only now: it takes memory

    if FOLDER in os.environ:
        with suppress(OSError):
            mark_process_dead(worker.number)


def on_exit(server: "Arbiter") -> None:
    """Remove the folder, unless somebody else chose it."""
    if server.own_folder:
        shutil.rmtree(server.own_folder, ignore_errors=True)
