"""The servers of a pipeline, as its own process sees them: addresses, starting, ending."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

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

    def __init__(self, folder: Path, orders: IO[str], answers: IO[str]) -> None:
        self.folder = folder
        self._orders, self._answers = orders, answers

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
        line = ""
        with contextlib.suppress(BrokenPipeError):
            self._orders.write(json.dumps(order) + "\n")
            self._orders.flush()
            line = self._answers.readline()
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
    kept = subprocess.Popen(
        [sys.executable, "-m", keeper.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_with_grader(),
        **keeper.own_session(),
    )
    orders, answers = cast("IO[str]", kept.stdin), cast("IO[str]", kept.stdout)
    try:
        yield Processes(folder, orders, answers)
    finally:
        # The end of its input ends the keeper, and it ends the servers; also if somebody is tired
        # of waiting for that. So it must not be killed.
        with contextlib.suppress(BrokenPipeError):
            orders.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            kept.wait(_END_SECONDS)
        answers.close()


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
