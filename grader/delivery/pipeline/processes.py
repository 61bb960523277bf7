"""The servers of a pipeline, as its own process sees them: addresses, starting, ending."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.delivery.pipeline import keeper
from grader.model import InputError

_END_SECONDS = keeper.GRACE_SECONDS + 5


class PipelineError(InputError):
    """The pipeline cannot go on; the words say why, and what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """A port on this machine, with the socket that a server gets; None on Windows."""

    port: int
    fd: int | None

    @property
    def url(self) -> str:
        """Where whoever asks finds it."""
        return f"http://{keeper.LOOPBACK}:{self.port}"

    @property
    def fds(self) -> list[int]:
        """The sockets to hand on."""
        return [] if self.fd is None else [self.fd]


class Processes:
    """Starts servers through a keeper, which ends them all when this process ends."""

    def __init__(self, folder: Path, told: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self._keeper = told

    def listen(self) -> Address:
        """A free port that a server will get."""
        answer = self._order(do="listen")
        return Address(answer["port"], answer["fd"])

    def start(
        self,
        name: str,
        command: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        addresses: Iterable[Address],
    ) -> int:
        """Start a server, whose log is `logs/NAME.log`; its process id."""
        answer = self._order(
            do="start",
            name=name,
            command=list(command),
            cwd=str(cwd),
            environment={**_own_environment(), **environment},
            log=str(self.log(name)),
            fds=[fd for address in addresses for fd in address.fds],
        )
        pid: int = answer["pid"]
        return pid

    def end(self, names: Iterable[str]) -> None:
        """End servers, and wait until they have ended."""
        self._order(do="end", names=list(names))

    def log(self, name: str) -> Path:
        """The file that holds what a server printed."""
        return self.folder / "logs" / f"{name}.log"

    def _order(self, **order: Any) -> dict[str, Any]:
        pipe, answers = self._keeper.stdin, self._keeper.stdout
        assert pipe is not None
        assert answers is not None
        line = ""
        with contextlib.suppress(BrokenPipeError):
            pipe.write(json.dumps(order) + "\n")
            pipe.flush()
            line = answers.readline()
        if not line:
            raise PipelineError(
                "The process that keeps the servers has ended. Start the pipeline again."
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            name = order.get("name", "a server")
            raise PipelineError(f"{name} cannot be started: {answer['error']}")
        return answer


@contextlib.contextmanager
def processes(folder: Path) -> Iterator[Processes]:
    """Run servers while the context lasts; their logs come into `folder`."""
    (folder / "logs").mkdir(mode=0o700, exist_ok=True)
    told = subprocess.Popen(
        [sys.executable, "-m", keeper.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_with_grader(),
        **keeper.own_session(),
    )
    assert told.stdin is not None
    try:
        yield Processes(folder, told)
    finally:
        # The end of its input ends the keeper, and it ends the servers.
        with contextlib.suppress(BrokenPipeError):
            told.stdin.close()
        try:
            told.wait(_END_SECONDS)
        finally:
            told.kill()
            told.wait()
            assert told.stdout is not None
            told.stdout.close()


def _with_grader() -> dict[str, str]:
    """This environment, in which the keeper finds the same grader as this process."""
    here = str(Path(__file__).parents[3])
    there = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, there)))}


# What would tell a server another release, place or setting than the pipeline means.
_FOREIGN = ("VERCEL", "RENDER", "HEROKU", "WEBAPP", "PROMETHEUS_", "GUNICORN", "FLASK", "DYNO")


def _own_environment() -> dict[str, str]:
    """This environment without what the pipeline alone decides."""
    dropped = ("PYTHONPATH", "PYTHONSAFEPATH", "PORT", "WEB_CONCURRENCY", "IS_PULL_REQUEST")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name not in dropped
    }
