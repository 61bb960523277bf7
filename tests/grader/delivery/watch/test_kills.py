"""A watcher that is killed in mid-incident: one incident, one rollback, no alert lost.

The watcher is the real command, the platform and the app are real servers.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from grader.delivery.watch.history import HOUR, STORE, open_history
from grader.delivery.watch.incidents import incidents
from grader.delivery.watch.moments import now
from grader.delivery.watch.values import Incident
from tests.components import ROOT
from tests.grader.delivery.watch.hosting import GOOD, SERVICE, Hosting, hosting
from tests.grader.delivery.watch.receivers import Receiver, receiving
from tests.servers import PATIENCE, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

# The command, but less patient with a platform that may not have been asked.
IMPATIENT = """
import functools
from grader.delivery.watch import actions
quick = actions.Patience(between=0.1, settle=0.5, again=(0.1, 0.1))
actions.Rollbacks = functools.partial(actions.Rollbacks, patience=quick)
from grader.__main__ import main
main()
"""
BATTERY = """
title = "Sums"
[[entry]]
query = "What is 2 plus 3?"
points = 1
key = {kind = "number", value = 5}
"""
OBJECTIVES = """
[[objective]]
indicator = "right"
percent = 90
minutes = 0.25
"""


@dataclass
class Watched:
    """A platform with a bad release, a receiver of alerts, and watchers of the app."""

    hosted: Hosting
    receiver: Receiver
    folder: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> "subprocess.Popen[bytes]":
        log = (self.folder / f"log{len(self.processes)}").open("wb")
        with log:
            process = subprocess.Popen(
                [
                    sys.executable, "-c", IMPATIENT, "watch", self.hosted.url, "--every", "0.1",
                    "--timeout", "1",
                    "--store", str(self.folder / "store"), "--act",
                    "--platform", "render", "--project", SERVICE,
                    "--battery", str(self.folder / "battery.toml"),
                    "--objectives", str(self.folder / "objectives.toml"),
                    "--page", str(self.folder / "watch.html"),
                ],
                cwd=ROOT,
                env={**os.environ, "GRADER_WEBHOOK": self.receiver.address},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def kill(self) -> None:
        self.processes[-1].kill()
        self.processes[-1].wait()

    def incidents(self) -> tuple[Incident, ...]:
        if not (self.folder / "store" / STORE).exists():
            return ()
        with closing(open_history(self.folder / "store")) as history, history.reading() as reading:
            return incidents(reading, since=now() - HOUR)

    def words(self) -> list[str]:
        return [moment.words for each in self.incidents() for moment in each.timeline]

    def printed(self) -> str:
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("log*")))

    def wait_until_told(self) -> None:
        """Until the incident is over, verified, and told."""
        wait_until(
            lambda: (
                any("-ended" in each for each in self.alerts())
                and any(words.startswith("Verified") for words in self.words())
            ),
            self.printed,
        )

    def alerts(self) -> Counter[str]:
        return Counter(each["HTTP_WEBHOOK_ID"] for each in self.receiver.sent)

    def kill_at(self, *points: tuple[str, ...]) -> None:
        """Kill a watcher at each of these points in turn, start the next one, and wait for that.

        A point is the methods of the last requests that a watcher has sent to the platform.
        """
        lock, left, seen = threading.Lock(), list(points), list[str]()

        def look(arrived: str) -> None:
            with lock:
                seen.append(arrived.partition(" ")[0])
                if left and tuple(seen[-len(left[0]) :]) == left[0]:
                    self.kill()
                    seen.clear()
                    self.start()
                    left.pop(0)

        self.hosted.before = look
        self.start()
        wait_until(lambda: not left, self.printed)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "battery.toml").write_text(BATTERY)
    (tmp_path / "objectives.toml").write_text(OBJECTIVES)
    with hosting(monkeypatch) as hosted, receiving() as receiver:
        hosted.answers = lambda _: "5"
        made = Watched(hosted, receiver, tmp_path)
        yield made
        for process in made.processes:
            process.kill()
            process.wait()


def check(watched: Watched) -> None:
    """One incident, one rollback, and each alert arrived."""
    watched.wait_until_told()
    log = watched.folder / f"log{len(watched.processes) - 1}"
    wait_until(lambda: watched.hosted.url in log.read_text(), watched.printed)
    watched.processes[-1].send_signal(signal.SIGINT)
    assert watched.processes[-1].wait(PATIENCE) == 130, watched.printed()
    assert watched.hosted.rollbacks == ["dep-1"]
    assert watched.hosted.live.commit == GOOD
    assert len(watched.incidents()) == 1
    assert [words for words in watched.words() if words.startswith(("To be", "Verified"))] == [
        "To be rolled back on render from commit bbbbbbbbbbbb to commit aaaaaaaaaaaa.",
        f"Verified: commit aaaaaaaaaaaa answers at {watched.hosted.url}",
    ]
    assert sorted(each.rpartition("-")[2] for each in watched.alerts()) == ["ended", "started"]
    assert "1 of 1 app misses" not in (watched.folder / "watch.html").read_text("utf-8")
    for secret in ("rnd_TOKEN", "tokenxyz"):
        assert secret not in watched.printed()
        for file in (watched.folder / "store").iterdir():
            assert secret.encode() not in file.read_bytes()


def test_what_breaks_is_rolled_back_and_told(watched: Watched) -> None:
    watched.start()
    check(watched)
    assert set(watched.alerts().values()) == {1}


def test_killed_again_and_again_before_it_asks_it_goes_on(watched: Watched) -> None:
    watched.kill_at(
        ("GET",),  # it decides
        ("GET", "GET"),  # the intent is in the store
        ("PATCH",),  # the platform is about to be asked
    )
    check(watched)


def test_killed_again_and_again_when_it_has_asked_it_goes_on(watched: Watched) -> None:
    watched.hosted.drops = True
    watched.kill_at(
        ("POST",),  # the platform is asked, and does nothing of it
        ("POST", "GET"),  # it has done it, and is asked for its progress
    )
    check(watched)


def test_killed_between_the_intent_and_the_reply_it_does_not_ask_twice(watched: Watched) -> None:
    watched.hosted.hold = threading.Event()
    watched.start()
    assert watched.hosted.asked.wait(PATIENCE), watched.printed()
    watched.kill()
    watched.hosted.hold.set()
    watched.start()
    check(watched)


def test_killed_while_the_platform_is_at_work_it_waits_for_it(watched: Watched) -> None:
    watched.hosted.ready.clear()
    watched.start()
    assert watched.hosted.asked.wait(PATIENCE), watched.printed()
    watched.kill()
    reads = watched.hosted.reads
    watched.start()
    # Longer than it waits for a platform that shows nothing.
    wait_until(lambda: watched.hosted.reads > reads + 12, watched.printed)
    watched.hosted.ready.set()
    check(watched)


def test_killed_when_an_alert_is_taken_it_sends_it_again_with_the_same_id(
    watched: Watched,
) -> None:
    watched.receiver.holds = True
    watched.start()
    wait_until(lambda: bool(watched.receiver.sent), watched.printed)
    watched.kill()
    watched.receiver.holds = False
    watched.receiver.release.set()
    watched.start()
    check(watched)
    started, ended = (
        [count for each, count in watched.alerts().items() if each.endswith(step)]
        for step in ("-started", "-ended")
    )
    assert (started, ended) == ([2], [1])
