"""What the help texts promise: everything is described, whole, in the same words everywhere."""

import os
import re
import subprocess
import sys

import click
import pytest

from grader.cli import cli
from grader.cli.commands import Command
from grader.cli.exit_codes import BAD_INPUT, DONE, EXIT_CODES, FALLS_SHORT, INTERRUPTED
from tests.components import ROOT
from tests.grader.cli.conftest import Grader

# A command that only holds others is not one of these, but its members are.
BY_NAME: dict[str, click.Command] = {}
for name, command in cli.commands.items():
    members = command.commands if isinstance(command, click.Group) else {"": command}
    BY_NAME |= {f"{name} {member}".strip(): each for member, each in members.items()}
COMMANDS = sorted(BY_NAME)
# click's own words for a value, which say less than ours.
CLICKS_WORDS = re.compile(r"INTEGER|FLOAT|DIRECTORY|FOLDER|RANGE|FILENAME|x<|<x")


def parameters(command: click.Command) -> list[click.Parameter]:
    return [each for each in command.get_params(click.Context(command)) if each.name != "help"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_described(name: str) -> None:
    for parameter in parameters(BY_NAME[name]):
        said = parameter.help or ""
        ends = said.partition("  [")[0].endswith(".")
        assert ends, f"{name} {parameter.name}: {said!r}"
        if not (isinstance(parameter, click.Option) and parameter.is_flag):
            metavar = parameter.make_metavar(click.Context(BY_NAME[name]))
            assert not CLICKS_WORDS.search(metavar), f"{name} {parameter.name}: {metavar}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_no_number_that_nobody_reads(grader: Grader, name: str) -> None:
    said = grader(*name.split(), "--help").output
    assert re.findall(r"\d{5,}", said) == []
    assert not CLICKS_WORDS.search(said)
    assert re.findall(r"default:\s+\d+\.0\b", said) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_commands_exit_codes_are_told(grader: Grader, name: str) -> None:
    command = BY_NAME[name]
    assert isinstance(command, Command)
    assert {DONE, BAD_INPUT, INTERRUPTED} <= set(command.codes)
    section = grader(*name.split(), "--help").output.partition("\nExit codes:\n")[2]
    assert [int(code) for code in re.findall(r"^  (\d+) ", section, re.M)] == list(command.codes)


def test_the_commands_that_say_that_an_app_falls_short_are_named() -> None:
    they = {
        name.split()[0]
        for name, command in BY_NAME.items()
        if isinstance(command, Command) and FALLS_SHORT in command.codes
    }
    named = re.findall(r"[a-z]+", EXIT_CODES[FALLS_SHORT])
    assert they == {*named} & {*cli.commands}


HOLDERS: dict[tuple[str, ...], click.Group] = {
    (): cli,
    **{(name,): each for name, each in cli.commands.items() if isinstance(each, click.Group)},
}


@pytest.mark.parametrize("path", HOLDERS, ids=" ".join)
def test_no_summary_is_cut(grader: Grader, path: tuple[str, ...]) -> None:
    said = grader(*path, "--help").output
    listed = said.partition("\nCommands:\n")[2].partition("\n\n")[0]
    assert "..." not in listed
    flat = " ".join(listed.split())
    for name, command in HOLDERS[path].commands.items():
        first = " ".join((command.help or "").split()).split(". ")[0].removesuffix(".")
        assert f"{name} {first}." in flat
    assert path or "\nExit codes:\n" in said


def test_a_runs_folder_is_called_the_same_everywhere() -> None:
    called = {
        (name, each.name): each.make_metavar(click.Context(command))
        for name, command in BY_NAME.items()
        for each in parameters(command)
        if each.name == "folder" or (each.name == "out" and name in ("batch", "demo"))
    }
    assert len(called) == 7
    assert set(called.values()) == {"DIR"}


def completions(*words: str) -> list[str]:
    """What bash is told that the last of `words` may become."""
    done = subprocess.run(
        [sys.executable, "-m", "grader"],
        cwd=ROOT,
        env={
            **os.environ,
            "_GRADER_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["grader", *words]),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_the_shell_completes_commands_and_options() -> None:
    assert completions("rej") == ["rejudge"]
    assert completions("rejudge", "--dr") == ["--dry-run"]
    assert "html" in completions("check", "--format", "h")
    assert completions("releases", "ro") == ["rollback"]
