import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.delivery.releases import pipeline
from grader.delivery.releases.pipeline import PipelineOrder, PipelinePlatform
from grader.delivery.releases.platform import (
    OutcomeUnknownError,
    PlatformError,
    PlatformRelease,
    platform_named,
)
from grader.store import exclusive
from tests.servers import wait_until

URL = "http://127.0.0.1:5"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
LIVE = PlatformRelease("r1", "1" * 40, NOW, NOW, True, False, "the first release")
STAGED = PlatformRelease("r2", "2" * 40, NOW, None, False, False, "rolled back", staged=True)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of a pipeline that runs, with two releases."""
    with exclusive(tmp_path):
        pipeline.write_releases(tmp_path, URL, (STAGED, LIVE))
        yield tmp_path


def ordered(folder: Path) -> tuple[threading.Thread, list[Exception]]:
    """Somebody who orders a promotion and waits for it, and what that ends with."""
    errors: list[Exception] = []

    def promote() -> None:
        try:
            PipelinePlatform(folder).promote(STAGED)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=promote)
    thread.start()
    return thread, errors


def taken(folder: Path) -> tuple[Path, PipelineOrder | None]:
    wait_until(lambda: pipeline.next_order(folder) is not None)
    found = pipeline.next_order(folder)
    assert found is not None
    return found


def test_releases_come_as_they_were_written(folder: Path) -> None:
    platform = platform_named("pipeline", "", folder)
    assert platform.name == "pipeline"
    assert platform.releases(9) == (STAGED, LIVE)
    assert PipelinePlatform(folder).url == URL
    assert platform.releases(1) == (STAGED,)


def test_an_order_is_carried_out_and_leaves_nothing(folder: Path) -> None:
    thread, errors = ordered(folder)
    path, order = taken(folder)
    assert order == PipelineOrder("promote", "r2")
    assert path.stat().st_mode & 0o777 == 0o600
    pipeline.answer(path, "")
    assert pipeline.next_order(folder) is None
    thread.join()
    assert errors == []
    assert list((folder / "orders").iterdir()) == []


def test_what_went_wrong_is_said(folder: Path) -> None:
    thread, errors = ordered(folder)
    path, _ = taken(folder)
    pipeline.answer(path, "server 8 does not answer")
    thread.join()
    assert str(errors[0]) == "server 8 does not answer"
    assert type(errors[0]) is PlatformError


def test_a_pipeline_that_ends_in_between_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        pipeline.write_releases(tmp_path, URL, (STAGED, LIVE))
        thread, errors = ordered(tmp_path)
        taken(tmp_path)
    thread.join()
    assert isinstance(errors[0], OutcomeUnknownError)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"do": "delete", "release": "r1"}', b"\xff"])
def test_a_foreign_order_is_none(folder: Path, content: bytes) -> None:
    (folder / "orders" / "foreign.json").write_bytes(content)
    assert taken(folder) == (folder / "orders" / "foreign.json", None)


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    platform = PipelinePlatform(tmp_path)
    words = "Start one, and leave it running: grader pipeline --keep"
    with pytest.raises(PlatformError, match=words):
        platform.releases(1)
    with pytest.raises(PlatformError, match=words):
        platform.promote(STAGED)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PlatformError, match="--folder DIR"):
        platform_named("pipeline", "", None)


def test_a_pipeline_that_was_killed_takes_no_orders(tmp_path: Path) -> None:
    pipeline.write_releases(tmp_path, URL, (LIVE,))  # it had no time to take it back
    with pytest.raises(PlatformError, match="No pipeline runs in"):
        PipelinePlatform(tmp_path).promote(STAGED)


@pytest.mark.parametrize("content", ["", "[{}]", json.dumps({"releases": []})])
def test_a_broken_file_is_said(folder: Path, content: str) -> None:
    (folder / "production.json").write_text(content)
    with pytest.raises(PlatformError, match="is not what a pipeline writes"):
        PipelinePlatform(folder).releases(1)


def test_what_is_over_is_forgotten(folder: Path) -> None:
    (folder / "orders" / "old.json").write_text("{}")
    pipeline.forget(folder)
    assert not (folder / "production.json").exists()
    assert list((folder / "orders").iterdir()) == []
