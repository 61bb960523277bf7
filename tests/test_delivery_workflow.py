"""The workflow of a fork's delivery, step by step, with a Vercel and apps on loopback.

What stands in for GitHub here runs the scripts of the steps as GitHub does.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.components import ROOT, SCRIPTS
from tests.grader.delivery.releases.fake_vercel import FakeVercel
from tests.grader.delivery.releases.fakes import TOKEN, A, B, served
from tests.servers import serve
from webapp.app import create_app
from webapp.query_processor import process
from webapp.release import Release

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(shutil.which, ("bash", "git", "jq", "openssl"))),
        reason="bash, git, jq or openssl is not installed",
    ),
]

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/delivery.yml").read_text(encoding="utf-8"))
(JOB,) = WORKFLOW["jobs"].values()
ALL_SCRIPTS = "".join(step.get("run", "") for step in JOB["steps"])
BATTERY = 'title = "One question"\n[[entry]]\nfamily = "shakespeare"\npoints = 1\n'
# What takes minutes for a real app takes seconds here.
QUICKLY = {
    "grader gate": "grader gate --battery battery.toml --samples 20 --rate 100",
    "--minutes 10": "--minutes 0.07 --every 0.2 --battery battery.toml",
}


class GitHub:
    """Runs the steps in a checkout. `done` has how each one with a name ended."""

    def __init__(self, checkout: Path, **context: str) -> None:
        self.done: dict[str, str] = {}
        self.said = ""
        self.summary = ""
        self._checkout = checkout
        self._context = context
        self._outputs: dict[str, dict[str, str]] = {}

    def run(self, between: Callable[[str], None] = lambda _: None) -> bool:
        """Whether the job succeeds; `between` is called with the name of each step after it."""
        for step in JOB["steps"]:
            name = step.get("name", "")
            if "run" not in step or not name:
                continue  # an action, or the installation
            outcome = self._step(step) if self._is_due(step.get("if", "")) else "skipped"
            self.done[step.get("id", name)] = outcome
            between(name)
        return "failure" not in self.done.values()

    def _is_due(self, condition: str) -> bool:
        failed = "failure" in self.done.values()
        go, staged = self._output("plan", "go"), self._output("find", "staged")
        return {
            "": not failed,
            "steps.plan.outputs.go == 'true'": not failed and go == "true",
            "steps.find.outputs.staged == 'true'": not failed and staged == "true",
            "${{ !cancelled() && (steps.promote.outcome == 'success' || "
            "steps.promote.outcome == 'failure') }}": self.done.get("promote")
            not in (None, "skipped"),
        }[condition]

    def _output(self, step: str, name: str) -> str:
        return self._outputs.get(step, {}).get(name, "")

    def _step(self, step: dict[str, Any]) -> str:
        output, summary = self._checkout / "output", self._checkout / "summary"
        output.write_text("")
        summary.write_text("")
        given = {**JOB["env"], **step.get("env", {})}
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")},
            "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            **{name: self._value(expression) for name, expression in given.items()},
        }
        script = step["run"]
        assert all(slow in ALL_SCRIPTS for slow in QUICKLY)
        for slow, quick in QUICKLY.items():
            script = script.replace(slow, quick)
        assert WORKFLOW["defaults"] == {"run": {"shell": "bash"}}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self._checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        self.said += done.stdout + done.stderr
        self.summary += summary.read_text()
        found = re.findall(r"^(\w+)=(.*)$", output.read_text(), re.M)
        self._outputs[step.get("id", "")] = dict(found)
        return "success" if done.returncode == 0 else "failure"

    def _value(self, expression: str) -> str:
        """What GitHub puts in place of the only expression of a variable."""
        name = expression.removeprefix("${{ ").removesuffix(" }}")
        if name.endswith(" != ''"):
            return str(bool(self._context.get(name.removesuffix(" != ''"), ""))).lower()
        if output := re.fullmatch(r"steps\.(\w+)\.outputs\.(\w+)", name):
            return self._output(output[1], output[2])
        assert re.fullmatch(r"(vars|secrets|github\.event)\.[\w.]+", name)
        return self._context.get(name, "")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fork's default branch."""
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
    subprocess.run([*git, "init", "--quiet"], cwd=tmp_path, check=True)
    commit = ("commit", "--quiet", "--allow-empty", "--message", "First")
    subprocess.run([*git, *commit], cwd=tmp_path, check=True)
    (tmp_path / "battery.toml").write_text(BATTERY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def head(checkout: Path) -> str:
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def vercel(head: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVercel]:
    """A project with an old release, the live one, and the fork's last commit, staged."""
    fake = FakeVercel(
        deployments=[
            FakeVercel.deployment("dpl_A", A, 0, "PROMOTED", "Answer sums"),
            FakeVercel.deployment("dpl_B", B, 1, "PROMOTED", "Answer products"),
            FakeVercel.deployment("dpl_C", head, 2, "STAGED", "Answer powers"),
        ]
    )
    fake._clock = itertools.count(int(time.time() * 1000))
    with served(fake, monkeypatch):
        monkeypatch.delenv("VERCEL_TOKEN")  # the workflow gives it to those steps that need it
        yield fake


@contextmanager
def app(answer: Callable[[str], str], release: Callable[[], str | None]) -> Iterator[str]:
    """The web app; `release` tells which commit runs there now."""
    made = create_app({"PROCESS": answer})
    made.before_request(lambda: made.config.update(RELEASE=Release(release())))
    with serve(made) as url:
        yield url


def live(vercel: FakeVercel) -> Callable[[], str | None]:
    return lambda: vercel.release["commit"]


def delivered(checkout: Path, production: str, candidate: str) -> tuple[GitHub, bool]:
    """Run the job; the staged deployment answers at `candidate`, since here is no vercel.app."""
    github = GitHub(
        checkout,
        **{
            "vars.VERCEL_PROJECT": "quiz",
            "vars.PRODUCTION_URL": production,
            "secrets.VERCEL_TOKEN": TOKEN,
        },
    )

    def move(step: str) -> None:
        found = checkout / "found.json"
        if step == "Find the staged deployment" and github.done["find"] == "success":
            document = json.loads(found.read_text())
            if document["release"]:
                assert document["release"]["url"] == "https://quiz-c-team.vercel.app"
                document["release"]["url"] = candidate
                found.write_text(json.dumps(document))

    return github, github.run(move)


def test_until_it_is_set_up_it_says_what_it_would_do(checkout: Path, head: str) -> None:
    for context in ({}, {"secrets.VERCEL_TOKEN": "x"}, {"vars.VERCEL_PROJECT": "quiz"}):
        github = GitHub(checkout, **context)
        assert github.run()
        assert set(github.done.values()) == {"success", "skipped"}
        assert list(github.done.values()).count("success") == 1
        assert "Nothing was done, since this is not set up" in github.summary
        assert f"It would gate the staged deployment of commit {head[:12]}" in github.summary
        assert github.said == github.summary


def test_a_good_release_is_gated_promoted_and_watched(
    checkout: Path, head: str, vercel: FakeVercel
) -> None:
    with app(process, live(vercel)) as production, app(process, lambda: head) as candidate:
        github, passed = delivered(checkout, production, candidate)
    assert passed, github.said
    assert "skipped" not in github.done.values()
    assert vercel.live == "dpl_C"
    assert [order.split("?")[0] for order in vercel.orders()] == [
        "POST /v10/projects/prj_1/promote/dpl_C"
    ]
    assert f"Users get commit {head[:12]} now." in github.summary
    assert TOKEN not in github.said


def test_a_wrong_release_is_rejected_and_nothing_else_is_done(
    checkout: Path, head: str, vercel: FakeVercel
) -> None:
    with app(process, live(vercel)) as production, app(str, lambda: head) as candidate:
        github, passed = delivered(checkout, production, candidate)
    assert not passed
    assert github.done["Gate it"] == "failure"
    assert "    REJECT: " in github.summary
    assert github.done["promote"] == "skipped"
    assert github.done["Watch it for ten minutes"] == "skipped"
    assert vercel.orders() == []


def test_a_release_that_breaks_in_production_is_rolled_back(
    checkout: Path, head: str, vercel: FakeVercel
) -> None:
    def broken_when_live(query: str) -> str:
        return "no idea" if vercel.live == "dpl_C" else process(query)

    with app(broken_when_live, live(vercel)) as production, app(process, lambda: head) as candidate:
        github, passed = delivered(checkout, production, candidate)
    assert not passed
    assert github.done["promote"] == "success"
    assert vercel.live == "dpl_B", github.said
    assert [order.split("?")[0] for order in vercel.orders()] == [
        "POST /v10/projects/prj_1/promote/dpl_C",
        "POST /v1/projects/prj_1/rollback/dpl_B",
    ]
    assert f"Users get commit {B[:12]} now." in github.summary


def test_what_is_not_staged_is_left_alone(checkout: Path, head: str, vercel: FakeVercel) -> None:
    vercel.deployments.pop()
    github, passed = delivered(checkout, "http://127.0.0.1:1", "")
    assert passed, github.said
    assert f"Nothing was done: no deployment of commit {head[:12]} is staged." in github.summary
    assert vercel.orders() == []


def test_a_token_that_vercel_refuses_fails_the_job(
    checkout: Path, head: str, vercel: FakeVercel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.test_delivery_workflow.TOKEN", "another-token")
    github, passed = delivered(checkout, "http://127.0.0.1:1", "")
    assert not passed
    assert github.done["find"] == "failure"
