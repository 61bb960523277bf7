"""Orders to a production that keeps running: each one is a release with times of its own."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader.delivery.pipeline import orders
from grader.delivery.pipeline.builds import Build
from grader.delivery.releases.metrics import Metrics, measure
from grader.delivery.releases.pipeline import PipelinePlatform
from grader.delivery.releases.platform import live_release, previous_release
from grader.store import exclusive
from tests.servers import wait_until

BEGAN = datetime.now(UTC) - timedelta(hours=1)


class Servers:
    """A production without processes: whatever is deployed to it comes up."""

    def __init__(self, build: Build) -> None:
        self.address = SimpleNamespace(url="http://127.0.0.1:5")
        self.serving = [SimpleNamespace(build=build)]

    def deploy(self, build: Build) -> list[Any]:
        return [SimpleNamespace(build=build)]

    def share(self, serving: list[Any]) -> None:
        self.serving = serving

    def retire(self, servers: list[Any]) -> None:
        pass


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PipelinePlatform]:
    """A pipeline with a live release `aaa...` and a staged one, which obeys."""
    old, new = (Build(letter * 40, tmp_path, "") for letter in "ab")
    known = [
        orders.Known(old, BEGAN, BEGAN, BEGAN, "the first release"),
        orders.Known(new, BEGAN, BEGAN, None, "rolled back"),
    ]
    monkeypatch.setattr("grader.delivery.pipeline.instances.faults_of", lambda *_: [])
    servers: Any = Servers(old)
    is_over = threading.Event()

    def obey() -> None:
        for _ in orders.obey(tmp_path, servers, known):
            if is_over.is_set():
                return

    with exclusive(tmp_path):
        thread = threading.Thread(target=obey)
        thread.start()
        wait_until((tmp_path / "production.json").exists)
        yield PipelinePlatform(tmp_path)
        is_over.set()
        (tmp_path / "orders" / "last.json").write_text('{"do": "promote", "release": "r1"}')
        thread.join()


def measured(platform: PipelinePlatform) -> Metrics:
    since = BEGAN - timedelta(hours=1)
    return measure(platform.releases(99), (), {}, since, datetime.now(UTC))


def promote(platform: PipelinePlatform) -> datetime:
    """Promote the second release by hand; when it was live."""
    found = next(each for each in platform.releases(99) if each.commit == "b" * 40)
    platform.promote(found)
    live = live_release(platform.releases(99))
    assert live is not None
    assert live.live_at is not None
    assert (live.commit, live.words) == ("b" * 40, "live: promoted by hand")
    return live.live_at


def roll_back(platform: PipelinePlatform) -> datetime:
    """Go back by hand; when the old release was live."""
    back = previous_release(platform.releases(99))
    assert back is not None
    platform.roll_back(back)
    live = live_release(platform.releases(99))
    assert live is not None
    assert live.live_at is not None
    assert (live.commit, live.is_rollback) == ("a" * 40, True)
    assert live.words == "live: back, by hand"
    return live.live_at


def test_a_release_that_is_live_again_is_live_since_now(platform: PipelinePlatform) -> None:
    promoted = promote(platform)
    back = roll_back(platform)
    again = promote(platform)
    assert BEGAN < promoted < back < again
    assert roll_back(platform) > again
    assert [each.id for each in platform.releases(99)] == ["r5", "r4", "r3", "r2", "r1"]
    # There is nothing before the release that is back now.
    assert previous_release(platform.releases(99)) is None


def test_a_rollback_by_hand_is_a_failure_that_is_over(platform: PipelinePlatform) -> None:
    promoted = promote(platform)
    back = roll_back(platform)
    metrics = measured(platform)
    assert [(each.release.id, each.recovered_at) for each in metrics.failed] == [("r2", back)]
    assert metrics.recovery_times == (back - promoted,)
    promote(platform)
    again = measured(platform)
    assert [each.release.id for each in again.failed] == ["r2"]
    assert [each.id for each in again.deployments] == ["r1", "r2", "r4"]


def test_each_state_is_said_first(platform: PipelinePlatform) -> None:
    assert [each.words for each in platform.releases(9)] == [
        "staged: rolled back",
        "live: the first release",
    ]
    promote(platform)
    assert [each.words for each in platform.releases(9)][1] == "earlier: the first release"
