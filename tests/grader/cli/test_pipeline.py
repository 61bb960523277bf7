import os
import re
import shlex
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import psutil
import pytest

from grader.cli import cli
from grader.cli.pipeline_words import kept, step, table, title
from grader.delivery.pipeline.processes import Address
from grader.delivery.pipeline.record import Result, Stage, Told, Tone
from grader.delivery.pipeline.stories import STORIES, Ending
from tests.components import ROOT
from tests.grader.cli.conftest import Grader
from tests.servers import wait_until


def test_help_names_every_story(grader: Grader) -> None:
    words = grader("pipeline", "--help").output
    for story in STORIES:
        assert re.search(rf"\b{story.name}\b", words)


def test_an_unknown_story_is_refused_with_those_that_there_are(
    grader: Grader, tmp_path: Path
) -> None:
    words = grader("pipeline", "--story", "fast", "--out", tmp_path / "new", code=2).output
    assert "'fast' is no story. There are good, wrong, slow, settings, stale, and all" in words
    assert not (tmp_path / "new").exists()


def test_a_step_keeps_to_its_column_on_a_narrow_terminal() -> None:
    told = Told(
        65.0, "good", Stage.WATCH, "ALERT " + "right answers " * 10, Tone.BAD, "b", ("b", *"a" * 7)
    )
    lines = step(told, 60).splitlines()
    assert lines[0].startswith(" 1:05 ! WATCH     [Nooooooo] ALERT right")
    assert max(map(len, lines)) <= 60
    assert {line[:28].strip() for line in lines[1:]} == {""}


def test_a_change_is_shown_as_it_is() -> None:
    told = Told(0.0, "slow", Stage.BUILD, "+     time.sleep(0.05)  # far")
    assert step(told, 40) == "        +     time.sleep(0.05)  # far"


def test_the_table_says_what_was_unexpected() -> None:
    story = STORIES[0]
    result = Result(story, "1234567", "7654321", Ending.ROLLED_BACK, 0, 9, 1, 0.1, 100, 97, 1)
    words = table([result])
    assert "rolled back" in words
    assert "unexpected: promoted was" in words
    assert "expected" not in table([Result(story, "1", "2", story.ending, 0, 9, 8, None, 9, 9, 0)])
    assert title(story, 1, 5, 80).splitlines()[1] == "STORY 1 of 5: A GOOD RELEASE"


def test_what_to_try_is_what_the_commands_take(tmp_path: Path) -> None:
    folder = tmp_path / "my results"
    folder.mkdir()
    story = STORIES[0]
    result = Result(story, "1234567", "7654321", story.ending, 0, 9, 8, None, 100, 100, 0)
    production = SimpleNamespace(address=Address(5, None))
    running: Any = SimpleNamespace(folder=folder, production=production, results=[result])
    lines = [line for line in kept(running).splitlines() if line.startswith("  grader ")]
    assert len(lines) == 5
    for line in lines:
        program, name, *arguments = shlex.split(line)
        command = cli.commands[name]
        while isinstance(command, click.Group):
            command = command.commands[arguments.pop(0)]
        command.make_context(f"{program} {name}", arguments)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_pipeline_that_is_stopped_leaves_nothing_behind(tmp_path: Path, how: int) -> None:
    log = tmp_path / "log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "grader", "pipeline", "--out", str(tmp_path / "out")]
        pipeline = psutil.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
        )
    wait_until(lambda: "Users ask" in log.read_text(), log.read_text)
    family = pipeline.children(recursive=True)
    assert sum("gunicorn" in " ".join(child.cmdline()) for child in family) >= 16
    os.killpg(pipeline.pid, how)
    code = pipeline.wait()
    assert code == (130 if how == signal.SIGINT else -how)
    wait_until(lambda: not any(child.is_running() for child in family))
    assert "Traceback" not in log.read_text()
