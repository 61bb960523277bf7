"""The live bar of a class, drawn on a real terminal of few columns."""

import os
import re
import subprocess
import sys

import pytest

termios = pytest.importorskip("termios", reason="Windows has no such terminals")

SHOW = """
from grader.services.grading_class import Graded
from grader.cli.batch_progress import show
from grader.model import State
from tests.grader.formats.classes import scorecard
states = [State.UNREACHABLE, State.INVALID, State.REFUSED, State.NOT_GRADED]
cards = [scorecard(f"s{number}", [], states[number % 4], questions=[]) for number in range(24)]
show((Graded(card, final=number < 20) for number, card in enumerate(cards)), 0, 500, quiet=False)
"""


def drawn(columns: int) -> str:
    """What a terminal of so many columns gets, the last drawing of the bar."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW],
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        env=environment | {"TERM": "xterm"},
    )
    os.close(theirs)
    received = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed, as Linux tells it
            break
        if not chunk:
            break
        received += chunk
    os.close(ours)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", received.decode())
    return [line for line in re.split(r"[\r\n]+", text) if "Grading" in line][-1]


@pytest.mark.parametrize("columns", [40, 60, 140])
def test_count_and_time_are_kept_where_there_is_little_room(columns: int) -> None:
    line = drawn(columns)
    assert len(line) <= columns
    assert re.search(r"20/500 0:00:\d\d", line)
    if columns == 140:
        assert (
            "(5 unreachable, 5 refused, 5 no usable link, 5 not graded, 4 to be asked once" in line
        )
