from dataclasses import replace

import pytest

from benchmarks.pipelines import reached
from grader.delivery.pipeline.record import SERVERS, Result
from grader.delivery.pipeline.stories import STORIES, Ending

MOST = {Ending.PROMOTED: SERVERS, Ending.ROLLED_BACK: 1}


def results() -> list[Result]:
    return [
        Result(
            story, "1234567", "7654321", story.ending, 0.0, 30.0, MOST.get(story.ending, 0),
            0.1 if story.ending is Ending.ROLLED_BACK else None, 600, 599, 0,
        )
        for story in STORIES
    ]  # fmt: skip


def test_all_is_reached() -> None:
    assert all(reached(results()))


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (0, {"ending": Ending.STOPPED_AT_GATE}),
        (1, {"ending": Ending.PROMOTED, "most": SERVERS}),
        (3, {"restoring": 2.5}),
        (3, {"ending": Ending.STOPPED_AT_GATE, "most": 0}),
        (2, {"lost": 1}),
        (4, {"ended": 121.0}),
    ],
)
def test_what_is_missed_is_noticed(number: int, change: dict[str, object]) -> None:
    missed = results()
    missed[number] = replace(missed[number], **change)  # type: ignore[arg-type]
    assert not all(reached(missed))
