import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from grader.delivery.pipeline.processes import PipelineError, Processes, processes
from tests.components import ROOT
from tests.servers import wait_until

# A server with a worker that does not listen to anybody, as a gunicorn that hangs.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(worker.pid, flush=True)
time.sleep(600)
"""
# One that ends when it should, and leaves its worker alone.
CARELESS = STUBBORN.replace("signal.SIG_IGN", "signal.SIG_DFL")
# A pipeline that starts two of them, tells their process ids, and waits.
PIPELINE = """
import sys, time
from pathlib import Path
from grader.delivery.pipeline.processes import processes
folder = Path(sys.argv[1])
with processes(folder) as servers:
    for name in ("one", "two"):
        command = [sys.executable, "-c", (folder / "server.py").read_text()]
        print(servers.start(name, command, folder, {}, []), flush=True)
    print("up", flush=True)
    time.sleep(600)
"""


def start(servers: Processes, name: str, code: str) -> int:
    return servers.start(name, [sys.executable, "-c", code], servers.folder, {}, [])


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def worker_of(log: Path) -> int:
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
    return int(log.read_text())


def test_servers_end_with_the_context(tmp_path: Path) -> None:
    with processes(tmp_path) as servers:
        pid = start(servers, "polite", "import time; time.sleep(600)")
        assert not has_ended(pid)
    assert has_ended(pid)


def test_a_server_that_does_not_end_is_killed_with_its_workers(tmp_path: Path) -> None:
    with processes(tmp_path) as servers:
        pid = start(servers, "stubborn", STUBBORN)
        worker = worker_of(servers.log("stubborn"))
        servers.end(["stubborn"])
        assert has_ended(pid)
        wait_until(lambda: has_ended(worker))


def interrupt(pipeline: psutil.Popen) -> None:
    os.killpg(pipeline.pid, signal.SIGINT)  # as a terminal does


def kill(pipeline: psutil.Popen) -> None:
    pipeline.kill()


def terminate(pipeline: psutil.Popen) -> None:
    pipeline.terminate()


def interrupt_twice(pipeline: psutil.Popen) -> None:
    interrupt(pipeline)
    interrupt(pipeline)  # what has ended meanwhile keeps its process id until somebody waits for it


@pytest.mark.parametrize("end", [interrupt, interrupt_twice, kill, terminate])
def test_nothing_is_left_behind(tmp_path: Path, end: Callable[[psutil.Popen], None]) -> None:
    (tmp_path / "server.py").write_text(CARELESS)
    pipeline = psutil.Popen(
        [sys.executable, "-c", PIPELINE, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    told = [pipeline.stdout.readline().strip() for _ in range(3)]
    assert told[-1] == "up"
    logs = tmp_path / "logs"
    pids = [int(pid) for pid in told[:2]]
    pids += [worker_of(logs / f"{name}.log") for name in ("one", "two")]
    pids += [child.pid for child in pipeline.children()]  # the keeper
    assert len(pids) == 5
    assert not any(map(has_ended, pids))
    end(pipeline)
    pipeline.wait()
    pipeline.stdout.close()
    wait_until(lambda: all(map(has_ended, pids)))


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with (
        processes(tmp_path) as servers,
        pytest.raises(PipelineError, match=r"server 1 cannot be started: .*no-such-program"),
    ):
        servers.start("server 1", [str(tmp_path / "no-such-program")], tmp_path, {}, [])


def test_a_keeper_that_is_killed_is_said(tmp_path: Path) -> None:
    before = psutil.Process().children()  # of other tests
    with processes(tmp_path) as servers:
        (keeper,) = (each for each in psutil.Process().children() if each not in before)
        keeper.kill()
        keeper.wait()
        with pytest.raises(PipelineError, match="Start the pipeline again"):
            servers.listen()


def test_what_the_pipeline_decides_does_not_come_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENDER_GIT_COMMIT", "f" * 40)
    monkeypatch.setenv("OTHER", "stays")
    code = "import os; print(os.environ.get('RENDER_GIT_COMMIT'), os.environ['OTHER'])"
    with processes(tmp_path) as servers:
        start(servers, "asked", code)
        log = servers.log("asked")
        wait_until(lambda: log.read_text().endswith("\n"))
        assert log.read_text() == "None stays\n"
