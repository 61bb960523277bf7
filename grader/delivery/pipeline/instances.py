"""One server of the app: a process that runs a release, and is asked directly before users are."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.delivery.pipeline import local
from grader.delivery.pipeline.builds import Build
from grader.delivery.pipeline.processes import Address, Processes

START_SECONDS = 60.0
_SMOKE = "Who was Shakespeare?"
_SETTINGS = """\
workers = 1
threads = 4
keepalive = 75
graceful_timeout = 3
control_socket_disable = True  # it would be in the home folder
"""


@dataclass(frozen=True, slots=True)
class Instance:
    """A server that was started.

    Attributes:
        place: where it stands: "server 3", or "staging".
        build: the release that it was started with.
    """

    name: str
    place: str
    build: Build
    port: int


def start(processes: Processes, place: str, build: Build, settings: Mapping[str, str]) -> Instance:
    """Start one server; it may not answer yet."""
    address = processes.listen()
    name = f"{place.replace(' ', '-')}-{build.short}-{address.port}"
    command = _command(address, processes.folder)
    processes.start(name, command, build.folder, build.environment(settings), [address])
    return Instance(name, place, build, address.port)


def _command(address: Address, folder: Path) -> list[str]:
    if sys.platform == "win32":  # gunicorn needs Unix
        served = ("flask", "--app", "webapp.app:app", "run", "--no-reload", "--no-debugger")
        return [sys.executable, "-m", *served, "--port", str(address.port)]
    settings = folder.resolve() / "gunicorn.conf.py"
    if not settings.exists():
        settings.write_text(_SETTINGS, encoding="utf-8")
    bind = f"fd://{address.fd}"
    return [
        *(sys.executable, "-m", "gunicorn", "webapp.app:app"),
        *("--config", str(settings), "--bind", bind),
    ]


def fault_of(instance: Instance, commit: str) -> str:
    """Ask a server directly: what is wrong with it, or "" if it runs `commit` and answers."""
    named = ""

    def answers() -> bool:
        nonlocal named
        named = local.commit_at(instance.port)
        return bool(named)

    if not local.wait_for(answers, START_SECONDS):
        return f"{instance.place} does not answer"
    if named != commit:
        return f"{instance.place} runs {named[:7]}, not {commit[:7]}"
    answer = local.get(instance.port, local.query_path(_SMOKE))
    if answer.status != 200 or not answer.text:
        return f"{instance.place} does not answer {_SMOKE!r}"
    return ""


def faults_of(instances: Sequence[Instance], commit: str) -> list[str]:
    """What is wrong with any of them; empty if all run `commit` and answer."""
    return [fault for instance in instances if (fault := fault_of(instance, commit))]
