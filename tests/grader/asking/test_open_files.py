"""Room for as many connections as there are workers, as far as the system gives it."""

import subprocess
import sys

import pytest

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 150))
from grader.asking.open_files import allow_files
print([(allow_files(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0]) for wanted in %s])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_process_gets_the_files_that_it_wants_up_to_the_hard_limit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED % [90, 120, 1000]],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[(90, 100), (120, 120), (150, 150)]"
