"""Bounds on the memory of the browser's processes. Only Linux can bound a running process."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import get_native_id

# What a page may hoard in the process of its tab, and with others in the browser's own process,
# which keeps blobs of 2 GiB at most for all of them.
TAB_BYTES = 1024 * 1024 * 1024
BROWSER_BYTES = 4 * TAB_BYTES


def bound_memory(process: int, most: int) -> int:
    """Bound the bytes of data that a running process may have; the bound until now."""
    if sys.platform != "linux":
        return most
    from resource import RLIM_INFINITY, RLIMIT_DATA, prlimit

    before, hard = prlimit(process, RLIMIT_DATA)
    prlimit(process, RLIMIT_DATA, (most if hard == RLIM_INFINITY else min(most, hard), hard))
    return before


@contextlib.contextmanager
def tabs_bounded() -> Iterator[None]:
    """Bound each process of a browser that starts meanwhile.

    The browser's own bound on scripts leaves out buffers, workers and markup. To look for the
    processes of a running browser would miss one that starts just then. So they inherit the bound
    from Playwright's driver, which is a child of this thread.
    """
    task = Path(f"/proc/self/task/{get_native_id()}")
    children = [listed.read_text().split() for listed in task.glob("children")]
    before = [(int(pid), bound_memory(int(pid), TAB_BYTES)) for pids in children for pid in pids]
    yield
    for driver, bound in before:
        bound_memory(driver, bound)
