"""Whole stories, with real servers, proxy, gate and users: two of five, at a short pace.

benchmarks/pipelines.py tells all of them, many times.
"""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.delivery.pipeline import local
from grader.delivery.pipeline.builds import build
from grader.delivery.pipeline.gating import Pace
from grader.delivery.pipeline.instances import faults_of
from grader.delivery.pipeline.record import Result, Stage, Told
from grader.delivery.pipeline.running import Pipeline, pipeline
from grader.delivery.pipeline.stories import Ending, Story, story_named
from grader.delivery.releases.pipeline import PipelinePlatform
from grader.delivery.releases.platform import PlatformError, live_release, previous_release
from grader.store import FolderBusyError
from tests.servers import wait_until

pytestmark = pytest.mark.slow

SHORT = Pace(pairs=100, intervals=3)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline(tmp_path_factory.mktemp("pipeline"), SHORT) as made:
        yield made


def told_of(running: Pipeline, story: Story) -> tuple[list[Told], Result]:
    told = list(running.deliver(story))
    return told, running.results[-1]


def words_of(told: list[Told], stage: Stage) -> str:
    return " ".join(each.words for each in told if each.stage is stage)


def test_a_wrong_release_is_rejected_and_no_user_meets_it(running: Pipeline) -> None:
    before = running.production.commits
    told, result = told_of(running, story_named("wrong"))
    assert result.ending is Ending.STOPPED_AT_GATE, told
    assert "REJECT" in words_of(told, Stage.GATE)
    assert "answers:" in words_of(told, Stage.GATE)
    assert (result.most, result.lost, result.wrong) == (0, 0, 0)
    assert running.production.commits == before
    assert local.get(running.staging.address.port, "/").status == 503
    assert told[-1].words in running.page.read_text("utf-8")
    assert running.page.stat().st_mode & 0o777 == 0o600


def test_what_fails_in_production_alone_is_rolled_back(running: Pipeline) -> None:
    before = running.production.commits
    told, result = told_of(running, story_named("settings"))
    assert result.ending is Ending.ROLLED_BACK, told
    assert "PROMOTE" in words_of(told, Stage.GATE)
    assert "ALERT" in words_of(told, Stage.WATCH)
    assert result.most == 1
    assert result.lost == 0
    assert result.restoring is not None
    assert result.restoring <= 2 * SHORT.interval
    assert running.production.commits == before
    assert result.wrong < result.asked / 8


def test_a_server_left_behind_is_found_by_asking_it(running: Pipeline) -> None:
    live = running.production.serving[0].build
    new = build(story_named("stale"), live, running.folder / "releases")
    started = running.production.deploy(new, forgotten=8)
    faults = faults_of(started, new.commit)
    running.production.retire(started)
    assert faults == [f"server 8 runs {live.short}, not {new.short}"]
    assert running.production.commits == (live.short,) * 8


def test_one_pipeline_at_a_time_in_a_folder(running: Pipeline) -> None:
    with pytest.raises(FolderBusyError), pipeline(running.folder, SHORT):
        pass


def test_releases_may_be_ordered_about(running: Pipeline) -> None:
    if not running.results:  # of another test; none of them ends as the live one
        told_of(running, story_named("wrong"))
    platform = PipelinePlatform(running.folder)
    with pytest.raises(PlatformError, match="grader pipeline --keep"):
        platform.releases(5)
    done: list[str] = []
    threading.Thread(target=lambda: done.extend(running.obey()), daemon=True).start()
    wait_until((running.folder / "production.json").exists)
    first, old = platform.releases(50), running.production.commits
    staged = first[0]
    assert staged.staged
    assert (live := live_release(first)) is not None
    assert live.id == "r1"
    platform.promote(staged)
    promoted = live_release(platform.releases(50))
    assert promoted is not None
    assert promoted.commit == staged.commit
    assert local.commit_at(running.production.address.port) == staged.commit
    back = previous_release(platform.releases(50))
    assert back is not None
    platform.roll_back(back)
    assert running.production.commits == old
    assert local.commit_at(running.production.address.port) == back.commit
    with pytest.raises(PlatformError, match="knows no such release"):
        platform.promote(replace(staged, id="../r1"))
