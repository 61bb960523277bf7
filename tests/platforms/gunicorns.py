"""The web app under a real gunicorn with several workers, whose process() tells who answers."""

import os
import signal
import sysconfig
import urllib.error
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import psutil
from prometheus_client.parser import text_string_to_metric_families

from tests.servers import LOOPBACK, free_port, serve_command, wait_until

# "unknown" has no answer, "fail" fails, "hold" is answered once there is a file of this name; all
# else is answered by the worker's number and process.
APP = """
import os, pathlib, time
from webapp.app import create_app
HERE = pathlib.Path(__file__).parent
def process(query):
    if query == "fail":
        raise ZeroDivisionError
    if query == "hold":
        (HERE / "holding").touch()
        while not (HERE / "go on").exists():
            time.sleep(0.01)
    return "" if query == "unknown" else f"{os.environ['WEBAPP_WORKER']} {os.getpid()}"
app = create_app({"PROCESS": process})
"""


class Gunicorn:
    """A running server."""

    def __init__(self, url: str, pid: int, log: Path) -> None:
        self.url = url
        self.master = psutil.Process(pid)
        self.log = log

    def ask(self, query: str) -> str:
        """The answer to a query, asked on a connection of its own; "500" where it fails."""
        try:
            with urlopen(f"{self.url}/api?q={quote(query)}", timeout=30) as reply:  # noqa: S310
                text: str = reply.read().decode()
                return text
        except urllib.error.HTTPError as error:
            with error:
                return str(error.code)

    def ask_until_answered_by(self, pids: set[int]) -> int:
        """Ask until each of these processes has answered; how often that took."""
        asked, answered = 0, set[int]()

        def all_have() -> bool:
            nonlocal asked
            answered.add(int(self.ask("who?").split()[1]))
            asked += 1
            return pids <= answered

        wait_until(all_have)
        return asked

    def page(self) -> str:
        """/metrics."""
        with urlopen(f"{self.url}/metrics", timeout=30) as reply:  # noqa: S310 - loopback
            text: str = reply.read().decode()
            return text

    def value(self, name: str, **labels: str) -> float:
        """One figure of the page."""
        (found,) = (
            sample.value
            for family in text_string_to_metric_families(self.page())
            for sample in family.samples
            if (sample.name, sample.labels) == (name, labels)
        )
        return found

    def queries(self) -> tuple[float, float]:
        """How many are answered, and how many are not."""
        answered, not_answered = (
            self.value("webapp_queries_total", answered=word) for word in ("yes", "no")
        )
        return answered, not_answered

    def workers(self) -> set[int]:
        """The processes of the workers that run now."""
        return {child.pid for child in self.master.children()}

    def kill_a_worker(self, pid: int | None = None) -> None:
        """Kill one as the system does where memory is short, and wait until another has come."""
        before = self.workers()
        os.kill(pid or min(before), signal.SIGKILL)
        wait_until(lambda: len(self.workers() - {pid or min(before)}) == len(before))

    @contextmanager
    def upgraded(self) -> Iterator["Gunicorn"]:
        """Replace the server by a new one without closing its socket, as gunicorn's guide does."""
        workers = self.workers()
        self.master.send_signal(signal.SIGUSR2)
        wait_until(lambda: len(self.workers() - workers) == 1, self.printed)
        (pid,) = self.workers() - workers
        new = Gunicorn(self.url, pid, self.log)
        try:
            wait_until(lambda: len(new.workers()) == 2, self.printed)
            self.master.send_signal(signal.SIGTERM)
            yield new
        finally:
            new.master.terminate()  # nobody waits for it here: it is no child of ours

    def printed(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8")


@contextmanager
def serving(
    folder: Path, *options: str, before: Sequence[str] = (), **environment: str
) -> Iterator[Gunicorn]:
    """Serve the app of APP by two workers with four threads each, as the platforms do.

    Args:
        folder: gets the app, the log and the temporary files.
        options: further ones of gunicorn's.
        before: a program that runs gunicorn.
        environment: variables to set.
    """
    (folder / "answering.py").write_text(APP)
    temporary = folder / "tmp"
    temporary.mkdir()
    port = free_port()
    command = [
        # As a module it could not start itself anew: its own "http" would hide Python's.
        *(*before, str(Path(sysconfig.get_path("scripts"), "gunicorn")), "answering:app"),
        *("--pythonpath", str(folder), "--bind", f"{LOOPBACK}:{port}"),
        *("--workers", "2", "--threads", "4", *options),
    ]
    log = folder / "log.txt"
    variables = {"TMPDIR": str(temporary), **environment}
    with serve_command(command, port, variables, log) as process:
        server = Gunicorn(f"http://{LOOPBACK}:{port}", process.pid, log)
        wait_until(lambda: len(server.workers()) == 2, server.printed)
        yield server
