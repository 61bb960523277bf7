import dataclasses
from pathlib import Path

import pytest

from grader.delivery.pipeline.builds import Build, build, test
from grader.delivery.pipeline.processes import PipelineError
from grader.delivery.pipeline.stories import FIRST, STORIES, Story, story_named
from grader.model import COMMIT

test.__test__ = False  # type: ignore[attr-defined]  # it is a stage of the pipeline


@pytest.fixture
def first(tmp_path: Path) -> Build:
    return build(FIRST, None, tmp_path)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_the_own_tests_of_each_release_pass(story: Story, first: Build, tmp_path: Path) -> None:
    made = build(story, first, tmp_path)
    passed, words = test(made)
    assert passed, words
    assert "Ran 8 tests" in words
    assert made.diff
    assert COMMIT.fullmatch(made.commit)
    assert made.commit != first.commit


def test_stories_follow_each_other(first: Build, tmp_path: Path) -> None:
    live = first
    for story in STORIES:
        live = build(story, live, tmp_path)


def test_the_commit_follows_from_the_files(first: Build, tmp_path: Path) -> None:
    again = build(FIRST, None, tmp_path / "elsewhere")
    assert again.commit == first.commit
    assert again.folder != first.folder
    assert (
        first.environment({"A": "1"}).items()
        >= {"RENDER_GIT_COMMIT": first.commit, "A": "1"}.items()
    )


def test_a_release_that_somebody_changed_is_made_again(first: Build, tmp_path: Path) -> None:
    processor = first.folder / "webapp" / "query_processor.py"
    processor.write_text("broken")
    assert build(FIRST, None, tmp_path).commit == first.commit
    assert processor.read_text() == first.source


def test_a_release_with_a_bug_that_its_tests_see_does_not_pass(
    first: Build, tmp_path: Path
) -> None:
    edits = (("return str(numbers[0] - numbers[1])", "return str(numbers[0] + numbers[1])"),)
    broken = build(dataclasses.replace(FIRST, edits=edits), first, tmp_path)
    passed, words = test(broken)
    assert not passed
    assert "FAILED (failures=1)" in words


def test_an_edit_that_does_not_fit_is_said(first: Build, tmp_path: Path) -> None:
    good = story_named("good")
    twice = build(good, first, tmp_path)
    assert twice.source != first.source
    lost = dataclasses.replace(good, edits=(("nowhere", "here"),))
    with pytest.raises(PipelineError, match="'good' cannot edit 'nowhere'"):
        build(lost, first, tmp_path)
