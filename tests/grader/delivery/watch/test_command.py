"""Alerts to real programs."""

import json
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.delivery.watch.command import Command
from grader.delivery.watch.messages import Message, UndeliveredError
from tests.servers import wait_until

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
MESSAGE = Message("1-opened", "words", {"cause": "$(touch pwned); `id` \n & <b>"}, AT)


def program(code: str, *arguments: str) -> Command:
    return Command((sys.executable, "-c", code, *arguments), seconds=60)


def test_gets_json_on_its_standard_input(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    program(code, str(heard)).deliver(MESSAGE)
    assert json.loads(heard.read_bytes()) == MESSAGE.content
    assert heard.read_bytes().endswith(b"}\n")


def test_no_shell_reads_the_line(tmp_path: Path) -> None:
    heard, made = tmp_path / "heard", tmp_path / "made"
    code = "import sys, json; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
    words = ["$HOME", "*", f"; touch {made}", "a b"]
    line = shlex.join([sys.executable, "-c", code, str(heard), *words])
    Command.of(line).deliver(MESSAGE)
    assert json.loads(heard.read_text()) == words
    assert not made.exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a 'b", "split"),
        ("no-such-program a", "no program “no-such-"),
    ],
)
def test_a_line_that_is_no_command_is_refused(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Command.of(line)


def test_a_failure_is_told_with_its_last_words() -> None:
    code = "import sys; print('first\\n\\x1b[2Jno such channel', file=sys.stderr); sys.exit(3)"
    with pytest.raises(UndeliveredError, match=r"ended with 3: .*no such channel$") as raised:
        program(code).deliver(MESSAGE)
    assert str(raised.value).isprintable()


def test_one_that_is_not_there_is_told() -> None:
    with pytest.raises(UndeliveredError, match="no-such-program cannot be started"):
        Command(("no-such-program",)).deliver(MESSAGE)


def test_one_that_reads_nothing_is_no_hindrance() -> None:
    long = Message("1", "", {"words": "x" * 1_000_000}, AT)
    program("import os; os.close(0)").deliver(long)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_one_that_takes_too_long_is_stopped_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import subprocess, sys, time, os\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)"
    )
    with pytest.raises(UndeliveredError, match="took longer than 2 s"):
        Command((sys.executable, "-c", code), seconds=2).deliver(MESSAGE)
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: _has_ended(int(pid)))  # type: ignore[misc]


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # Whoever adopted it may not have looked after it yet.
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
