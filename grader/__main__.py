"""`grader` and `python -m grader`."""

import _thread
import atexit
import gc
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_AGAIN = 0.05  # seconds until a Ctrl-C that was lost is raised once more
# A class's replies stay in memory: the usual searches for garbage would take a tenth of the time.
_NEW_OBJECTS = 50_000
_MISSING = """grader needs {}, which comes with its extra. In the project's folder:
    pip install -e ".[grader]\""""


def main() -> None:
    """Run the command line, or say which extra it needs (exit code 2)."""
    gc.set_threshold(_NEW_OBJECTS)
    # As its last act, Python searches all objects for garbage, more than once: a third of a second
    # for a class of 500. What is frozen is left out.
    atexit.register(gc.freeze)
    sys.unraisablehook = _keep_interrupt
    try:
        from grader.cli import cli

        cli(prog_name="grader")
    except ModuleNotFoundError as error:
        # Commands import what they need when they run, so this may come from anywhere below.
        if error.name is None or error.name.partition(".")[0] == "grader":
            raise
        print(_MISSING.format(error.name), file=sys.stderr)
        sys.exit(2)


def _keep_interrupt(lost: "UnraisableHookArgs") -> None:
    """Interrupt once more if Ctrl-C came where nothing can be raised, as while an object is freed.

    Python would only print it, and the command would go on: a few in a hundred came just then.
    """
    if issubclass(lost.exc_type, KeyboardInterrupt):
        again = threading.Timer(_AGAIN, _thread.interrupt_main)  # in here, it would be lost as well
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(lost)


if __name__ == "__main__":
    main()
