"""Starts servers for the pipeline and ends them with it, however it ends: killed, too.

It is a process of its own: `python -m grader.delivery.pipeline.keeper`. Orders come as lines of
JSON on its standard input, and each gets a line of JSON as its answer. When the input ends, the
pipeline is gone: the keeper then ends all servers, and itself.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 5.0
"""How long a server may take to finish its requests before it is killed."""
_LOOK_SECONDS = 0.02


def main() -> None:
    """Carry out the orders of the standard input until it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    keeper = Keeper()
    try:
        for line in sys.stdin:
            try:
                answer = keeper.carry_out(json.loads(line))
            except OSError as error:
                answer = {"error": f"{error.filename or ''} {error.strerror or error}".strip()}
            print(json.dumps(answer), flush=True)  # noqa: T201 - the pipeline reads it
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody is left to read it
    finally:
        keeper.end(list(keeper.servers))


class Keeper:
    """The servers that run, by name, and the sockets that wait for a server."""

    def __init__(self) -> None:
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        self._sockets: dict[int, socket.socket] = {}

    def carry_out(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what an order says, and give its answer."""
        match order["do"]:
            case "listen":
                return self._listen()
            case "start":
                return self._start(order)
            case "end":
                self.end(order["names"])
        return {}

    def _listen(self) -> dict[str, Any]:
        """Open a socket at a free port, so that no other program can get the port meanwhile.

        Windows hands no sockets on: there the port is free only now.
        """
        opened = socket.create_server((LOOPBACK, 0), backlog=512)
        port = opened.getsockname()[1]
        if sys.platform == "win32":
            opened.close()
            return {"port": port, "fd": None}
        self._sockets[opened.fileno()] = opened
        return {"port": port, "fd": opened.fileno()}

    def _start(self, order: dict[str, Any]) -> dict[str, Any]:
        with Path(order["log"]).open("ab") as log:
            self.servers[order["name"]] = subprocess.Popen(
                order["command"],
                cwd=order["cwd"],
                env=order["environment"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **_in_own_group(order["fds"]),
            )
        for fd in order["fds"]:
            self._sockets.pop(fd).close()  # from now on it ends with the server
        return {"pid": self.servers[order["name"]].pid}

    def end(self, names: Iterable[str]) -> None:
        """End servers: each may finish its requests first, but not for long."""
        ending = [self.servers.pop(name) for name in names if name in self.servers]
        for server in ending:
            server.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(server.poll() is None for server in ending) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        for server in ending:
            _kill_group(server)
            server.wait()


def _in_own_group(fds: list[int]) -> dict[str, Any]:
    """A group of its own holds a server and its workers, so that one signal reaches them all."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0, "pass_fds": fds}


def _kill_group(server: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all of them have ended
        if sys.platform == "win32":
            server.kill()
        else:
            os.killpg(server.pid, signal.SIGKILL)


def own_session() -> dict[str, Any]:
    """What keeps Ctrl-C in the terminal from the keeper: the pipeline alone gets it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


if __name__ == "__main__":
    main()
