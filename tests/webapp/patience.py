"""Calls the student's code, which may never return, and says where it then is."""

import faulthandler
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread
from typing import Any

WEBAPP = Path(__file__).parents[2] / "webapp"
SECONDS = 5.0
# A call that lets no other thread run, such as sum(range(10**12)), ends with the whole program.
LAST_SECONDS = 8.0


class NeverReturnedError(Exception):
    """A call had not returned after SECONDS; the text says where it was then."""


def call(function: Callable[[], Any], terminal: int) -> Any:
    """Call a function in a thread of its own, which dies with the program.

    A signal would not do: Windows has no alarm, and code that catches everything would catch it.

    Args:
        function: what is called, with no argument.
        terminal: the file descriptor that gets the line where the program had to be ended.

    Raises:
        NeverReturnedError: it did not return.
        BaseException: whatever it raised.
    """
    __tracebackhide__ = True
    returned: list[Any] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            returned.append(function())
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=work, daemon=True)
    faulthandler.dump_traceback_later(LAST_SECONDS, exit=True, file=terminal)
    try:
        thread.start()
        thread.join(SECONDS)
    finally:
        faulthandler.cancel_dump_traceback_later()
    if thread.is_alive():
        frame = sys._current_frames()[thread.ident or 0]
        raise NeverReturnedError(innermost_line(traceback.extract_stack(frame)))
    if raised:
        raise raised[0]
    return returned[0]


def innermost_line(stack: Iterable[traceback.FrameSummary]) -> str:
    """Say which line of the app comes last in a stack, and what stands there."""
    said = "a line outside webapp/"
    for frame in stack:
        if Path(frame.filename).parent == WEBAPP:
            said = f"webapp/{Path(frame.filename).name}, line {frame.lineno}:\n    {frame.line}"
    return said
