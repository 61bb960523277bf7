"""The commands of render.yaml, run as Render runs them: built in a fresh environment, then served.

Render's own schema cannot be had offline; what is checked here is what its documentation requires.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from tests.components import ROOT, require
from tests.servers import LOOPBACK, free_port, serve_command

pytestmark = [
    pytest.mark.platform,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run on Windows"),
]


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    """The one service of the file."""
    blueprint = yaml.safe_load((ROOT / "render.yaml").read_text(encoding="utf-8"))
    assert blueprint.keys() == {"services"}
    (only,) = blueprint["services"]
    assert isinstance(only, dict)
    return only


def test_the_service_is_a_free_python_web_service(service: dict[str, Any]) -> None:
    assert re.fullmatch("[a-z0-9-]+", service["name"])
    assert service["type"] == "web"
    assert service["runtime"] == "python"
    assert service["plan"] == "free"


def test_a_push_deploys_without_waiting_for_checks_that_forks_do_not_run(
    service: dict[str, Any],
) -> None:
    assert service["autoDeployTrigger"] == "commit"


def test_python_is_given_in_full_and_is_the_one_of_the_other_platforms(
    service: dict[str, Any],
) -> None:
    variables = {entry["key"]: entry["value"] for entry in service["envVars"]}
    # A string: YAML reads 3.12 as a number, and Render wants x.y.z.
    assert re.fullmatch(r"\d+\.\d+\.\d+", variables["PYTHON_VERSION"])
    shared = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    assert variables["PYTHON_VERSION"].startswith(f"{shared}.")


def test_its_commands_build_and_serve_the_web_app(service: dict[str, Any], tmp_path: Path) -> None:
    python = require("python3.12")
    environment = tmp_path / "environment"
    subprocess.run([python, "-m", "venv", environment], check=True, timeout=120)
    path = f"{environment / 'bin'}:{os.defpath}"
    subprocess.run(
        ["sh", "-c", service["buildCommand"]],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        check=True,
        timeout=300,
    )

    port = free_port()
    commit = "0123456789abcdef0123456789abcdef01234567"
    variables = {
        "PATH": path,
        "PORT": str(port),
        "RENDER": "true",
        "RENDER_GIT_COMMIT": commit,
    }
    # exec: the signal that ends it reaches gunicorn, not a shell in between
    command = ["sh", "-c", f"exec {service['startCommand']}"]
    base = f"http://{LOOPBACK}:{port}"
    with serve_command(command, port, variables, tmp_path / "log.txt") as process:
        with urlopen(f"{base}/api?q=shakespeare") as reply:  # noqa: S310 - loopback
            assert "William Shakespeare" in reply.read().decode()
        with urlopen(base + service["healthCheckPath"]) as reply:  # noqa: S310
            health = json.load(reply)
            assert health["status"] == "ok"
            assert health["release"]["platform"] == "render"
            assert health["release"]["commit"] == commit
        with urlopen(f"{base}/metrics") as reply:  # noqa: S310
            assert 'webapp_queries_total{answered="yes"} 1.0' in reply.read().decode()
    assert process.returncode == 0
