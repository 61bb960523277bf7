"""What all tests share. Nothing here needs more than pytest: forks check the web app with that."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.components import require

try:
    from hypothesis import settings
except ImportError:
    pass
else:
    # No deadlines: a busy machine is not a failing test. In CI the same examples every time, so
    # that a red run can be repeated; elsewhere new ones, so that something new may be found.
    settings.register_profile("local", deadline=None)
    settings.register_profile("ci", deadline=None, derandomize=True, database=None)
    settings.load_profile("ci" if os.environ.get("CI") else "local")


# Programs that tests start are compiled once and not at every start, as they are for users.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A shell has its background jobs ignore Ctrl-C, and so would every program that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What `make test` installs. A student, who lacks it, has forgotten the folder behind `pytest`.
FOR_CONTRIBUTORS = all(map(find_spec, ("psutil", "trustme")))


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Tell students which tests are theirs, in place of errors about what they need not have."""
    webapp = Path(__file__).parent / "webapp"
    if (
        not FOR_CONTRIBUTORS
        and isinstance(collector, pytest.Module)
        and webapp not in collector.path.parents
    ):
        words = "Your tests: python -m pytest tests/webapp (contributors: make test)"
        pytest.exit(words, returncode=pytest.ExitCode.USAGE_ERROR)


# First, as a student's own test goes before all others (tests/webapp/conftest.py).
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow modules: at the end, no worker waits for one of them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


# Optional: who forks the web app tests it without xdist.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers more than cores: tests wait for browsers and servers much of their time."""
    return 2 + (os.cpu_count() or 1)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Drive the Chromium that there is, and keep it from calling home."""
    from grader.probes.chromium import OFF

    return {
        **browser_type_launch_args,
        "executable_path": str(require("chromium")),
        "args": [
            f"--disable-features={','.join(OFF)}",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    }
