"""Vercel's own builder builds what would be uploaded, and the function that it made answers."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.components import ROOT, SCRIPTS, require

pytestmark = [
    pytest.mark.platform,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Vercel's builder is run on Linux"),
]

MAX_BYTES = 15_000_000
PUT_THERE_BY_VERCEL = {"pip", "vercel-runtime"}

ASK = """
import json, sys
import vc__handler__python as runtime
answer = runtime.vc_handler({"body": sys.argv[1]}, None)
with open(sys.argv[2], "w") as file:
    json.dump(answer, file)
"""


@dataclass(frozen=True)
class Function:
    """A built function: its files, and what the builder tells the platform about it."""

    files: Path
    build: dict[str, Any]
    python: Path
    scratch: Path

    def ask(self, path: str, **environment: str) -> dict[str, Any]:
        """Call the handler as the platform does; its answer with statusCode, headers, body."""
        event = {"method": "GET", "path": path, "headers": {"host": "example.test"}}
        answer = self.scratch / "answer.json"
        done = subprocess.run(
            # -S: the packages of this machine are not there
            [self.python, "-S", "-c", ASK, json.dumps(event), answer],
            cwd=self.files,
            env={"PATH": os.defpath, **self.build["environment"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        reply: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return reply

    @cached_property
    def paths(self) -> set[str]:
        """The files, relative to the function."""
        found = (path for path in self.files.rglob("*") if path.is_file())
        return {path.relative_to(self.files).as_posix() for path in found}

    @cached_property
    def packages(self) -> dict[str, Distribution]:
        """The packages that lie beside the app, by normalized name."""
        found = distributions(path=[str(self.files / "_vendor")])
        return {normalized(package.name): package for package in found}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def git_files(*options: str) -> set[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {name for name in listing.split("\0") if (ROOT / name).is_file()}


def uploaded_files() -> set[str]:
    """What Vercel gets: what git would commit now, less what .vercelignore names."""
    ignored = git_files("--ignored", "--exclude-from=.vercelignore")
    return git_files("--exclude-standard") - ignored


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("upload")
    for name in uploaded_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def function(upload: Path, tmp_path_factory: pytest.TempPathFactory) -> Function:
    node, modules, python = require("node"), require("@vercel/python"), require("python3.12")
    output = tmp_path_factory.mktemp("function")
    framework = json.loads((upload / "vercel.json").read_text(encoding="utf-8"))["framework"]
    script = Path(__file__).with_name("vercel_build.js")
    path = os.pathsep.join([str(python.parent), str(SCRIPTS), os.environ["PATH"]])
    done = subprocess.run(
        [node, script, modules, upload, framework, output],
        cwd=upload,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    build = json.loads((output / "build.json").read_text(encoding="utf-8"))
    return Function(output / "function", build, python, output)


def test_the_builder_finds_the_app_and_makes_one_function(function: Function) -> None:
    assert function.build["entrypoint"] == "webapp.app:app"
    assert function.build["functions"] == 1
    assert function.build["runtime"] == "python3.12"
    assert function.build["handler"] == "vc__handler__python.vc_handler"


def test_the_page_answers(function: Function) -> None:
    answer = function.ask("/")
    assert answer["statusCode"] == 200
    assert "Welcome!!" in answer["body"]


def test_the_api_answers(function: Function) -> None:
    answer = function.ask("/api?q=Who%20was%20Shakespeare%3F")
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == ["text/plain; charset=utf-8"]
    assert "William Shakespeare" in answer["body"]


def test_the_health_check_names_the_release(function: Function) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    answer = function.ask(
        "/healthz",
        VERCEL="1",
        VERCEL_ENV="preview",
        VERCEL_GIT_COMMIT_SHA=commit,
        VERCEL_REGION="iad1",
    )
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["release"] == {
        "commit": commit,
        "platform": "vercel",
        "environment": "preview",
        "region": "iad1",
    }


def test_the_indicators_say_that_a_process_does_not_last(function: Function) -> None:
    answer = function.ask("/metrics", VERCEL="1")
    assert answer["statusCode"] == 200
    assert 'webapp_queries_total{answered="yes"} 0.0' in answer["body"]
    assert "\nwebapp_serverless 1.0\n" in answer["body"]
    assert "watch the app from outside" in answer["body"]


def test_static_files_answer(function: Function) -> None:
    for path in sorted((ROOT / "webapp" / "static").iterdir()):
        answer = function.ask(f"/static/{path.name}")
        assert answer["statusCode"] == 200
        assert answer["body"] == path.read_text(encoding="utf-8")


def test_an_unknown_path_is_not_found(function: Function) -> None:
    assert function.ask("/nowhere")["statusCode"] == 404


def test_the_function_holds_the_dependencies_of_the_web_app_alone(function: Function) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    needed: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        name = normalized(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and name not in needed:
            needed.add(name)
            wanted.extend(map(Requirement, function.packages[name].requires or []))
    assert {"flask", "gunicorn", "prometheus-client", "werkzeug"} <= needed
    assert function.packages.keys() - PUT_THERE_BY_VERCEL == needed
    modules = {path.name for path in (function.files / "_vendor").iterdir()}
    assert modules.isdisjoint({"grader", "webapp", "playwright", "requests", "rich", "tests"})


def test_the_function_holds_no_source_of_ours_but_the_web_app(function: Function) -> None:
    source = {
        path
        for path in function.paths
        if not path.startswith("_vendor/") and path != "vc__handler__python.py"
    }
    expected = {path for path in uploaded_files() if path.startswith("webapp/")}
    assert "webapp/templates/index.html" in expected
    assert {path for path in source if path.startswith("webapp/")} == expected
    others = {path for path in source if path.endswith((".py", ".js", ".html"))} - expected
    assert others == set()
    assert {path.split("/")[0] for path in source if "/" in path} == {"webapp"}


def test_the_function_is_small(function: Function) -> None:
    size = sum((function.files / path).stat().st_size for path in function.paths)
    assert size < MAX_BYTES
