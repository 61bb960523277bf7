"""How far the gate is: a live bar on a terminal, a few plain lines elsewhere."""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from grader.cli.output import silence
from grader.delivery import gate

_LINES = 4  # so many for each part of the work


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Go on without a display. By itself, rich would end the process."""
        self.quiet = True
        silence(sys.stderr)


def show(events: Iterable[gate.Progress | gate.Gated], *, quiet: bool) -> gate.Gated:
    """Show how far the gate is, on standard error; what it ends with."""
    console = _Console(stderr=True, quiet=quiet)
    with _bar(console) as bar:
        task = bar.add_task("", total=None)
        said = ("", 0)
        end = None
        for event in events:
            if isinstance(event, gate.Gated):
                end = event
                continue
            total = event.total or None
            bar.update(task, description=event.words, completed=event.asked, total=total)
            part = event.asked * _LINES // event.total if event.total else 0
            if not console.is_terminal and said != (event.words, part):
                said = (event.words, part)
                count = f" ({event.asked} of {event.total})" if event.total else ""
                console.print(f"{event.words}{count} ...", highlight=False)
    if end is None:
        raise AssertionError("the gate ends with Gated")
    return end


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        # In a narrow terminal the bar becomes shorter; words, count and time stay.
        BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=5)),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        expand=True,
        transient=True,
        disable=console.quiet or not console.is_terminal,
    )
