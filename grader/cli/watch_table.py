"""A watcher's state on a terminal: a table that is drawn again, or plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from grader.cli import watch_words as words
from grader.cli.output import say
from grader.delivery.watch import IncidentEvent, Look
from grader.formats.escaping import visible
from grader.formats.words import seconds

if TYPE_CHECKING:
    from types import TracebackType

    from grader.delivery.watch import Status

_REDRAWN = 1.0
_LINES_EVERY = 60.0
_WIDE = 100
_ROOM = 4  # rows for the header and what stands below the table
_NAME = 40


class Screen:
    """Shows looks and incidents as they come. Closing it leaves the last table there."""

    def __init__(self, targets: int) -> None:
        self._statuses: dict[str, Status] = {}
        self._targets = targets
        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False)
        self._shown_at = time.monotonic()
        self._ourselves = ""

    def tell(self, event: Look | IncidentEvent) -> None:
        """Show it now, or with the next table."""
        if isinstance(event, IncidentEvent):
            self.print(words.event(event))
            return
        status = event.status
        is_new = status.target.url not in self._statuses
        self._statuses[status.target.url] = status
        if status.ourselves and not self._ourselves:
            self.print(f"{words.clock(status.at)} {words.UNSURE} {status.ourselves}")
        elif self._ourselves and not status.ourselves:
            self.print(f"{words.clock(status.at)} Most targets answer again")
        self._ourselves = status.ourselves
        if self._console.is_terminal:
            self._draw(self._is_complete and is_new)
        else:
            self._lines(self._is_complete and is_new)

    def print(self, line: str) -> None:
        """Show some words, above the table if there is one."""
        if self._console.is_terminal:
            self._live.console.print(Text(visible(line, lines=True)))
        else:
            say(line)

    @property
    def _is_complete(self) -> bool:
        return len(self._statuses) == self._targets

    def _draw(self, at_once: bool) -> None:
        now = time.monotonic()
        if at_once or now - self._shown_at >= _REDRAWN:
            self._shown_at = now
            self._live.update(self._table(), refresh=True)

    def _lines(self, at_once: bool) -> None:
        now = time.monotonic()
        if at_once or now - self._shown_at >= _LINES_EVERY:
            self._shown_at = now
            for status in self._statuses.values():
                say(words.line(status))

    def _table(self) -> Table:
        """As many targets as there is room for, those in trouble first."""
        is_wide = self._console.width >= _WIDE
        table = Table(expand=True, box=None, pad_edge=False)
        table.add_column("", no_wrap=True, min_width=2)
        table.add_column("Target", no_wrap=True, overflow="ellipsis", ratio=2, max_width=_NAME)
        table.add_column("Right", justify="right", no_wrap=True)
        if is_wide:
            table.add_column("Up", justify="right", no_wrap=True)
            table.add_column("Median", justify="right", no_wrap=True)
        table.add_column("95 %", justify="right", no_wrap=True)
        if is_wide:
            table.add_column("Release", no_wrap=True)
            table.add_column("Certificate", justify="right", no_wrap=True)
        table.add_column("State", no_wrap=True, overflow="ellipsis", ratio=3)
        every = sorted(self._statuses.values(), key=lambda each: not each.missed)
        room = max(1, self._console.height - _ROOM)
        for status in every[:room]:
            table.add_row(*_cells(status, is_wide=is_wide))
        below = [f"and {len(every) - room} more"] if len(every) > room else []
        # A cell has no room for what an incident waits for.
        better = next((each for each in every if each.recovery), None)
        below += [f"{better.target.name}: {words.state(better)}"] if better else []
        if below:
            table.caption = Text(visible("\n".join(below), lines=True))
        return table

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.update(self._table())
            self._live.stop()


def _cells(status: Status, *, is_wide: bool) -> list[Text]:
    median, p95 = (
        "-" if value is None else seconds(value) for value in (status.median_ms, status.p95_ms)
    )
    ends = status.certificate_expires_at
    days = "-" if ends is None else f"{(ends - status.at).days} d"
    commit = (status.commit or "-")[:7]
    cells = [words.mark(status), status.target.name, words.share(status.right)]
    if is_wide:
        cells += [words.share(status.available), median]
    cells.append(p95)
    if is_wide:
        cells += [commit, days]
    cells.append(words.state(status))
    style = "bold red" if status.missed else ""
    return [Text(visible(cell), style=style) for cell in cells]
