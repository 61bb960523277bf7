from collections.abc import Callable
from pathlib import Path

import pytest

from grader.delivery.pipeline.builds import Build
from grader.delivery.pipeline.instances import Instance
from grader.delivery.pipeline.watching import Looks, watch
from grader.model import Submission
from grader.questions import draw, load_battery
from tests.grader.apps import app, right_answers

QUESTIONS = [
    question
    for question in draw(load_battery("activity"), Submission("ada", url=""), 7)
    if question.probe == "api" and not question.is_check
]
RIGHT = right_answers("ada")


def looks_at(front: Callable[[str], str], new: Callable[[str], str]) -> list[Looks]:
    with app(front) as door, app(new) as url:
        server = Instance(
            "new", "server 1", Build("c" * 40, Path(), ""), int(url.rpartition(":")[2])
        )
        return list(watch(door, [server], QUESTIONS, 0.01, 4, 4))


def right(query: str) -> str:
    return RIGHT[query]


def wrong(query: str) -> str:
    return "nobody knows"


def failing(query: str) -> str:
    raise ValueError(query)


def test_all_intervals_are_watched_while_all_is_well() -> None:
    looks = looks_at(right, right)
    assert [each.number for each in looks] == [1, 2, 3, 4]
    assert {(each.asked, each.right, each.alert) for each in looks} == {(8, 8, None)}


@pytest.mark.parametrize("bad", [wrong, failing])
def test_a_bad_server_is_noticed_though_production_as_a_whole_looks_good(
    bad: Callable[[str], str],
) -> None:
    looks = looks_at(right, bad)
    alert = looks[-1].alert
    assert alert is not None
    assert "right answers" in alert.cause
    assert looks[-1].number == 3  # twelve looks at it decide
    assert [each.alert for each in looks[:-1]] == [None, None]


def test_a_bad_production_is_noticed() -> None:
    assert looks_at(wrong, right)[-1].alert is not None
