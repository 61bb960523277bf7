"""Builds a release: a folder with a copy of the web app, named by a commit."""

import difflib
import hashlib
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import webapp
from grader.delivery.pipeline import sample
from grader.delivery.pipeline.processes import PipelineError
from grader.delivery.pipeline.stories import Story

_PROCESSOR = "query_processor.py"
_TEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Build:
    """A release in its folder.

    Attributes:
        commit: 40 hexadecimal digits, which follow from all its files.
        folder: what holds its `webapp/` and its tests.
        source: its `query_processor.py`.
        diff: the lines that its story changed, each after "+ " or "- ".
    """

    commit: str
    folder: Path
    source: str
    diff: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The commit as people write it."""
        return self.commit[:7]

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """What its processes get, as a platform tells a release which commit it is."""
        return {
            "PYTHONPATH": str(self.folder),
            "RENDER": "true",
            "RENDER_GIT_COMMIT": self.commit,
            **settings,
        }


def build(story: Story, live: Build | None, folder: Path) -> Build:
    """Copy the web app into a folder of `folder`, with what the story changes in the live release.

    Raises:
        PipelineError: if an edit of the story does not fit.
    """
    before = _samples()[_PROCESSOR] if live is None else live.source
    source = before
    for piece, replacement in story.edits:
        if source.count(piece) != 1:
            raise PipelineError(f"the story {story.name!r} cannot edit {piece!r} in {_PROCESSOR}")
        source = source.replace(piece, replacement)
    making = folder / ".making"
    shutil.rmtree(making, ignore_errors=True)
    _copy(source, making)
    commit = _commit_of(making)
    made = folder / commit[:7]
    if made.exists() and _commit_of(made) != commit:
        shutil.rmtree(made)  # somebody has changed it since
    if not made.exists():
        making.rename(made)
    return Build(commit, made, source, _changed_lines(before, source))


def _copy(source: str, folder: Path) -> None:
    starter = Path(webapp.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(starter, folder / "webapp", ignore=ignored)
    (folder / "webapp" / _PROCESSOR).write_text(source, encoding="utf-8")
    name = "test_query_processor.py"
    (folder / name).write_text(_samples()[name], encoding="utf-8")


def _samples() -> dict[str, str]:
    """The files of the sample app, by name."""
    here = Path(inspect.getfile(sample)).parent
    return {path.name: path.read_text(encoding="utf-8") for path in here.glob("*.py")}


def _commit_of(folder: Path) -> str:
    """A name that follows from the files, as git's does."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:40]


def _changed_lines(before: str, after: str) -> tuple[str, ...]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return tuple(line for line in lines if line.startswith(("+ ", "- ")))


def test(build: Build) -> tuple[bool, str]:
    """Run the app's own tests in its folder: whether they pass, and what they printed last."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "unittest", "-q"],
            cwd=build.folder,
            env={**os.environ, **build.environment({})},
            capture_output=True,
            text=True,
            timeout=_TEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False, f"They did not end within {_TEST_SECONDS:.0f} seconds."
    lines = [line for line in done.stderr.splitlines() if line.strip("- ")]
    return done.returncode == 0, " ".join(lines[-2:])
