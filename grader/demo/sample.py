"""The sample class: its invented students, their apps, and its run."""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from grader.demo.apps import KINDS
from grader.demo.serving import LOOPBACK, closed_port, delayed, served, silent_log
from grader.jobs import Run
from grader.model import Battery, InputError, Limits, Note, NoteKind, Submission
from grader.questions import draw
from grader.services.classes import OpenClass
from grader.services.folders import STORE_NAME, alone_in, holds_run, opened
from grader.services.graders import graders_for

_SAMPLE = Note(
    "This is the sample class of grader demo: its students and their apps are invented.",
    NoteKind.SAMPLE,
)

_FIRST_NAMES = (
    *("Ada", "Ben", "Cleo", "Dev", "Elif", "Femi"),
    *("Gus", "Hana", "Ivo", "June", "Kofi", "Lena"),
)
_LAST_NAMES = (
    *("Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel"),
    *("Larch", "Maple", "Oak", "Pine", "Yew"),
)
# The first students have one kind each. The others are like a real class: most are done.
_USUAL = (*KINDS[:2], *KINDS[:2], *KINDS[:4])


class RealClassError(InputError):
    """The folder holds a run of a real class, which no demo may replace."""


@contextlib.contextmanager
def open_sample(
    folder: Path, battery: Battery, seed: int, students: int, latency: float
) -> Iterator[OpenClass]:
    """Serve a sample class on this machine, and open its new run in `folder`.

    The run of an earlier demo is replaced. Every reply takes `latency` seconds.

    Raises:
        RealClassError: if the folder holds a run of a real class.
        InputError: if it holds other files of a run's names, or is in use.
    """
    limits = Limits(timeout=latency + 2.0, wake_timeout=latency + 6.0, allow_private=True)
    with (
        sample_class(battery, seed, students, latency, limits.timeout) as submissions,
        _sample_run(folder, battery, seed) as run,
        graders_for(run) as graders,
    ):
        run.enroll(submissions, (_SAMPLE,))
        yield OpenClass(run, folder, limits, graders, accept_unreachable=True)


@contextlib.contextmanager
def _sample_run(folder: Path, battery: Battery, seed: int) -> Iterator[Run]:
    with alone_in(folder):
        if holds_run(folder):
            with opened(folder) as earlier:
                if not earlier.info.is_sample and earlier.total():
                    raise RealClassError(
                        f"{folder} holds a run of a real class, which the demo would replace: "
                        "choose another folder with --out"
                    )
        for leftover in folder.glob(f"{STORE_NAME}*"):
            leftover.unlink()
        with contextlib.closing(Run.begin(folder / STORE_NAME, battery, seed)) as run:
            yield run


@contextlib.contextmanager
def sample_class(
    battery: Battery, seed: int, students: int, latency: float, timeout: float
) -> Iterator[list[Submission]]:
    """Serve `students` sample apps, each at a port of its own, while the context lasts.

    The seed decides the questions and the kinds of the apps. Each app knows the keys of its
    student. Every reply takes `latency` seconds; after `timeout` seconds it is too slow.
    """
    chosen = random.Random(seed)
    with contextlib.ExitStack() as servers:
        servers.enter_context(silent_log())
        submissions = []
        for index in range(students):
            name, andrew_id = _person(index)
            kind = KINDS[index % len(KINDS)] if index < len(KINDS) else chosen.choice(_USUAL)
            asked = Submission(andrew_id, url="", name=name, section=kind.words)
            answers = {question.query: question.key for question in draw(battery, asked, seed)}
            app = delayed(kind.app(answers, timeout), latency)
            port = servers.enter_context(served(app) if kind.is_up else closed_port())
            url = f"http://{LOOPBACK}:{port}"
            submissions.append(replace(asked, url=url, handed_in=url))
        yield submissions


def _person(index: int) -> tuple[str, str]:
    """An invented name, and an id made of it."""
    first = _FIRST_NAMES[index % len(_FIRST_NAMES)]
    last = _LAST_NAMES[index % len(_LAST_NAMES)]
    return f"{first} {last}", f"{first[0]}{last}{index + 1}".lower()
