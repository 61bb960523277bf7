"""The documentation says what is: its samples are run, its tables, links and names are checked."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import click
import pytest

from grader.cli import cli
from grader.cli.exit_codes import BAD_INPUT, DONE, FALLS_SHORT, INTERRUPTED, NOT_GRADED
from grader.formats import registry
from grader.model import IN_WORDS, State
from grader.outcomes import OUTCOMES, Outcome
from tests.components import ROOT
from tests.grader.delivery.releases import fakes
from tests.grader.delivery.releases.fake_render import FakeRender
from tests.grader.delivery.releases.fake_vercel import FakeVercel
from tests.grader.delivery.releases.fakes import deployed, served
from tests.servers import serve
from webapp.app import create_app
from webapp.query_processor import process
from webapp.release import Release

pytestmark = pytest.mark.slow

DOCS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
FENCE = re.compile(r"^( *)```(\S*) ?(.*?)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE_SPAN = re.compile(r"`([^`\n]+)`")
SHELLS = ("sh", "powershell", "console", "")
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its language, what else stands behind the fence, and its dedented text."""

    language: str
    title: str
    body: str


def blocks(text: str) -> list[Block]:
    return [
        Block(language, title, textwrap.dedent(indent + body.removeprefix(indent)))
        for indent, language, title, body in FENCE.findall(text)
    ]


def samples(name: str) -> list[tuple[str, str]]:
    """Each command of a document that is shown with its output."""
    found = []
    for block in blocks(DOCS[name]):
        if block.language == "console":
            command, _, output = block.body.partition("\n")
            found.append((command.removeprefix("$ "), output))
    return found


def command_lines() -> Iterator[str]:
    """Every line of a command and every code span, of all documents."""
    for text in DOCS.values():
        for block in blocks(text):
            if block.language in SHELLS:
                yield from (
                    line.removeprefix("$ ").partition("#")[0].strip()
                    for line in block.body.splitlines()
                )
        yield from CODE_SPAN.findall(FENCE.sub("", text))


def rows(text: str, header: str) -> list[str]:
    """The rows of the table with this header."""
    _, found, rest = text.partition(f"{header}\n|---")
    assert found, f"there is no table {header}"
    below = rest.partition("\n")[2]
    return below.partition("\n\n")[0].splitlines()


def grader_commands() -> Mapping[str, click.Command]:
    return cli.commands


def option_names(command: click.Command) -> set[str]:
    """The options of a command, or of all that it holds."""
    held = command.commands.values() if isinstance(command, click.Group) else [command]
    return {name for each in held for option in each.params for name in option.opts} | {"--help"}


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The addresses of the documents' apps, each with that of a real one on loopback."""

    def finished(query: str) -> str:
        return "hbovik" if "andrew id" in query.lower() else process(query)

    def adding(query: str) -> str:
        numbers = re.findall(r"\d+", query)
        return str(sum(map(int, numbers))) if "plus" in query else finished(query)

    def misspelt(query: str) -> str:
        return "" if "shakespeare" in query.lower() else finished(query)

    apps: dict[str, tuple[Callable[[str], str], str]] = {
        "http://localhost:3000": (finished, "0123456789abcdef"),
        "http://localhost:3300": (finished, "fedcba9876543210"),
        "http://localhost:3301": (adding, "0123456789abcdef"),
        "http://localhost:3302": (misspelt, "aaaabbbbccccdddd"),
        "https://hbovik.example.com": (finished, "0123456789abcdef"),
        "https://starter1.example.com": (process, "fedcba9876543210"),
    }
    monkeypatch.setattr(fakes, "BEGAN", datetime.now(UTC) - timedelta(days=20))
    vercel, render = FakeVercel(), FakeRender()
    with ExitStack() as servers:
        for platform in (vercel, render):
            servers.enter_context(served(platform, monkeypatch))
        yield {
            shown: servers.enter_context(
                serve(create_app({"PROCESS": answer, "RELEASE": Release(commit)}))
            )
            for shown, (answer, commit) in apps.items()
        } | {
            "https://quiz.example.com": servers.enter_context(deployed(vercel)),
            "https://quiz2.example.com": servers.enter_context(deployed(render)),
        }


def printed(command: str, folder: Path, addresses: dict[str, str]) -> str:
    """What a documented command prints, with the documents' addresses."""
    for shown, real in addresses.items():
        command = command.replace(shown, real)
    arguments = shlex.split(command)
    if arguments[0] == "grader":
        arguments[0:1] = [sys.executable, "-m", "grader"]
    if arguments[3:4] == ["batch"] and "--help" not in arguments:
        arguments.append("--allow-private")
    done = subprocess.run(
        arguments,
        cwd=ROOT if arguments[0] == "make" else folder,
        env={
            # Below another make, it would tell which folder it enters.
            **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            "COLUMNS": "80",
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(ROOT),
        },
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode in (DONE, FALLS_SHORT), command
    output = done.stdout
    for shown, real in addresses.items():
        output = output.replace(real, shown)
    return output


def steady(text: str) -> str:
    """Without what differs from run to run: times, and the blanks at the ends of lines."""
    text = re.sub(r"\b\d+ ms\b", "N ms", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b", "NOW", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "NOW", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d\b", "TIME", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


@pytest.mark.parametrize("name", [name for name in DOCS if samples(name)])
def test_what_is_shown_is_what_is_printed(
    name: str, tmp_path: Path, addresses: dict[str, str]
) -> None:
    for block in blocks(DOCS[name]):
        if block.title:
            text = block.body
            for shown, real in addresses.items():
                text = text.replace(shown, real)
            (tmp_path / block.title).write_text(text, encoding="utf-8")
    for command, expected in samples(name):
        if command.startswith("make ") and not shutil.which("make"):
            continue
        found = steady(printed(command, tmp_path, addresses))
        shown = steady(expected)
        if shown.endswith("\n..."):
            shown = shown.removesuffix("...")
            found = found[: len(shown)]
        assert found == shown, command
    if (filled := tmp_path / "results" / "canvas.csv").exists():
        assert filled.read_text() == (tmp_path / "canvas.csv").read_text()


def test_links_lead_somewhere() -> None:
    found = 0
    for name, text in DOCS.items():
        for path, anchor in LINK.findall(FENCE.sub("", text)):
            target = (ROOT / name).parent / unquote(path) if path else ROOT / name
            assert target.exists(), f"{name}: {path}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
                slugs = [
                    re.sub(r"[^\w\- ]", "", line).lower().replace(" ", "-") for line in headings
                ]
                assert anchor in slugs, f"{name}: #{anchor}"
            found += 1
    assert found > 10


def test_files_that_are_named_exist() -> None:
    named = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|toml|md|yaml|json)")
    spans = [span for text in DOCS.values() for span in CODE_SPAN.findall(FENCE.sub("", text))]
    found = [span for span in spans if named.fullmatch(span)]
    assert "webapp/query_processor.py" in found
    assert [span for span in found if not (ROOT / span).exists()] == []


def test_make_targets_that_are_named_exist() -> None:
    named = {line.split()[1] for line in command_lines() if re.match(r"make [a-z]+(?: |$)", line)}
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    assert {"demo", "test", "lint"} <= named <= targets


def test_commands_and_options_that_are_named_exist() -> None:
    commands = grader_commands()
    known = {name for command in commands.values() for name in option_names(command)}
    used = set()
    for line in command_lines():
        call = re.match(r"(?:\S+[/\\])?grader ([a-z-]+)(.*)", line)
        if call:
            assert call[1] in commands, line
            used.add(call[1])
            assert set(re.findall(r"--[\w-]+", call[2])) <= option_names(commands[call[1]]), line
        elif line.startswith("--"):
            assert re.split(r"[ =]", line)[0] in known, line
    assert used == set(commands)


def test_every_format_is_named_and_what_is_named_is_one() -> None:
    exports = set(re.findall(r"--format (\w+)", DOCS["docs/instructor.md"]))
    assert exports - set(registry.SCORECARD) <= set(registry.EXPORTS) <= exports
    (shown,) = re.findall(r"--format \[(.*?)\]", DOCS["docs/student.md"])
    assert shown.split("|") == list(registry.SCORECARD)


def test_the_students_outcome_table() -> None:
    expected = [
        f"| `{outcome}` | {rule.words} | {rule.advice} |"
        for outcome, rule in OUTCOMES.items()
        if outcome is not Outcome.RIGHT
    ]
    assert rows(DOCS["docs/student.md"], "| outcome | what happened | what to do |") == expected


def test_the_architecture_outcome_table() -> None:
    expected = []
    for outcome, rule in OUTCOMES.items():
        points = "full" if rule.earns else "0" if rule.scored else "no score"
        marks = " | ".join("yes" if mark else "" for mark in (rule.second_pass, rule.needs_a_look))
        line = f"| `{outcome}` | {rule.words} | {points} | {marks} |"
        expected.append(re.sub(" +", " ", line))
    header = "| outcome | what happened | points | second pass | a look |"
    assert rows(DOCS["docs/architecture.md"], header) == expected


def test_every_name_in_words() -> None:
    text = DOCS["docs/batteries.md"]
    found = rows(text, "| check or query | in words |") + rows(text, "| family | in words | |")
    named = dict(row.strip("| ").split(" | ")[:2] for row in found)
    assert {name.strip("`"): words for name, words in named.items()} == IN_WORDS


def test_states_and_exit_codes() -> None:
    text = DOCS["docs/instructor.md"]
    states = [row.split("`")[1] for row in rows(text, "| state | score | what it means |")]
    assert states == [state.value for state in State]
    codes = [int(row.split("|")[1]) for row in rows(text, "| exit code | |")]
    assert codes == [DONE, BAD_INPUT, NOT_GRADED, INTERRUPTED]


def test_every_library_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        lines += extra
    libraries = {re.split(r"[<>=\[;]", line)[0] for line in lines} - {project["name"]}
    table = "\n".join(rows(DOCS["docs/architecture.md"], "| library | why this one |"))
    named = set(re.split(r"[ ,|+\n]+", table))
    assert {name for name in libraries if not name.startswith("types-")} - named == set()
