"""What is really deployed: nginx in front of eight gunicorns, one of them with old code."""

import contextlib
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.asking.running import run
from grader.cli import cli
from grader.model import Job, Limits, Submission
from grader.outcomes import Outcome
from grader.questions import parse_battery
from tests.components import ROOT, require
from tests.servers import LOOPBACK, free_port, serve_command

NEW, OLD = "a" * 40, "0" * 40
LIMITS = Limits(timeout=10, wake_timeout=20, allow_private=True)
BATTERY = parse_battery(
    """
    title = "What is deployed"
    [[entry]]
    family = "andrew_id"
    points = 10
    [[entry]]
    check = "consistency"
    points = 10
    """,
    "deployed",
    "deployed.toml",
)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The web app as it was forked, and as its student finished it, each under its commit."""
    old, new = (tmp_path_factory.mktemp(name) for name in ("old", "new"))
    for folder in (old, new):
        shutil.copytree(ROOT / "webapp", folder / "webapp")
    (new / "webapp/query_processor.py").write_text(
        textwrap.dedent("""
            def process(query: str) -> str:
                return "abc123" if "Andrew ID" in query else ""
        """)
    )
    return {OLD: old, NEW: new}


@contextlib.contextmanager
def fleet(versions: dict[str, Path], commits: list[str], folder: Path) -> Iterator[str]:
    """The URL of an nginx that asks these instances in turn, on each connection anew."""
    with contextlib.ExitStack() as stack:
        ports = []
        for number, commit in enumerate(commits):
            port = free_port()
            stack.enter_context(
                serve_command(
                    [
                        *(sys.executable, "-m", "gunicorn", "webapp.app:app"),
                        *("--bind", f"{LOOPBACK}:{port}", "--chdir", str(versions[commit])),
                    ],
                    port,
                    {"RENDER": "true", "RENDER_GIT_COMMIT": commit},
                    folder / f"gunicorn-{number}.log",
                )
            )
            ports.append(port)
        port = free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(nginx_configuration(port, ports, folder))
        nginx = [str(require("nginx")), "-p", str(folder), "-c", str(configuration)]
        stack.enter_context(serve_command(nginx, port, {}, folder / "nginx.log"))
        yield f"http://{LOOPBACK}:{port}"


def nginx_configuration(port: int, instances: list[int], folder: Path) -> str:
    servers = "\n".join(f"server {LOOPBACK}:{instance};" for instance in instances)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return f"""
        daemon off;
        master_process off;
        pid {folder}/nginx.pid;
        error_log stderr;
        events {{}}
        http {{
            access_log off;
            {temporary}
            upstream fleet {{ {servers} }}
            server {{
                listen {LOOPBACK}:{port};
                location / {{ proxy_pass http://fleet; }}
            }}
        }}
    """


@pytest.fixture(scope="module")
def mixed_fleet(
    versions: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Eight instances, one of them with old code."""
    with fleet(versions, [*[NEW] * 5, OLD, NEW, NEW], tmp_path_factory.mktemp("fleet")) as url:
        yield url


def test_one_of_eight_instances_with_old_code_is_caught_and_named(mixed_fleet: str) -> None:
    scorecard = run(Job(Submission("abc123", mixed_fleet), BATTERY, 1, LIMITS))
    consistency = scorecard.verdicts[-1]
    assert (consistency.outcome, consistency.points) == (Outcome.WRONG, 0)
    assert consistency.judgement.reason == (
        "8 fresh connections met different releases: commit aaaaaaaaaaaa (7), "
        "commit 000000000000 (1); and different answers: “abc123” (7), “” (1)"
    )
    assert len(consistency.replies) == 16


@pytest.mark.parametrize("expected", [NEW, OLD])
def test_a_check_for_either_commit_falls_short(mixed_fleet: str, expected: str) -> None:
    command = ["check", mixed_fleet, "--andrew-id", "abc123", "--pass-mark", "0"]
    result = CliRunner().invoke(cli, [*command, "--expect-commit", expected])
    assert result.exit_code == 1, result.output
    assert "is not what answers everywhere" in result.output
    assert "commit 000000000000 (1)" in result.output
