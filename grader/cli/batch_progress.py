"""The progress of a class: a live bar on a terminal, plain lines elsewhere.

Only counts are shown: a terminal is often on a projector, and lines may end up in a log.
"""

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from grader.cli.output import silence
from grader.formats.words import STATE_WORDS
from grader.model import State
from grader.services.grading_class import Graded

_LINES = 20
_SILENCE = 10.0  # after so many seconds without a line, another one says how far it is


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Go on without a display. By itself, rich would end the process."""
        self.quiet = True
        silence(sys.stderr)


def show(steps: Iterable[Graded], done: int, total: int, *, quiet: bool) -> None:
    """Show how many of `total` submissions are done, after each step; `done` were done before."""
    console = _Console(stderr=True, quiet=quiet)
    states: Counter[State] = Counter()
    waiting: set[str] = set()
    began = time.monotonic()

    def still() -> None:
        took = time.monotonic() - began
        words = _words(states, len(waiting))
        console.print(f"Graded {done} of {total} after {took:.0f} s{words}", highlight=False)

    with (
        _heard(still, quiet or console.is_terminal) as heard,
        _bar(console, disable=quiet or not console.is_terminal) as progress,
    ):
        bar = progress.add_task("", total=total, completed=done, words="")
        said = done
        for step in steps:
            student = step.scorecard.submission.andrew_id
            if step.final:
                done += 1
                states[step.scorecard.state] += 1
                waiting.discard(student)
            else:
                waiting.add(student)
            words = _words(states, len(waiting))
            progress.update(bar, completed=done, words=words)
            if not console.is_terminal and (done == total or (done - said) * _LINES >= total):
                said = done
                heard.set()
                console.print(f"Graded {done} of {total}{words}", highlight=False)


def _bar(console: Console, *, disable: bool) -> Progress:
    return Progress(
        TextColumn("Grading"),
        # In a narrow terminal the bar and the words become shorter; count and time stay.
        BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=5)),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}", table_column=Column(ratio=3, no_wrap=True)),
        console=console,
        expand=True,
        disable=disable,
    )


@contextlib.contextmanager
def _heard(speak: Callable[[], None], silent: bool) -> Iterator[threading.Event]:
    """Call `speak` after every 10 seconds without a line; set the event after each line."""
    heard, over = threading.Event(), threading.Event()
    if silent:
        yield heard
        return

    def listen() -> None:
        while not over.is_set():
            if not heard.wait(_SILENCE):
                speak()
            heard.clear()

    listener = threading.Thread(target=listen, name="progress", daemon=True)
    listener.start()
    try:
        yield heard
    finally:
        over.set()
        heard.set()
        listener.join()


def _words(states: Counter[State], waiting: int) -> str:
    counts = [
        f"{states[state]} {STATE_WORDS[state]}"
        for state in State
        if state is not State.GRADED and states[state]
    ]
    if waiting:
        counts.append(f"{waiting} to be asked once more")
    return f" ({', '.join(counts)})" if counts else ""
