import random
import statistics

import pytest

from grader.analysis.discrimination import Discrimination
from grader.analysis.summary import summarize
from grader.formats.words import discrimination
from grader.model import State
from grader.outcomes import Outcome
from tests.grader.formats.classes import scorecard

R, W = Outcome.RIGHT, Outcome.WRONG


def of(pairs: list[tuple[float, float]]) -> Discrimination:
    discrimination = Discrimination()
    for item, rest in pairs:
        discrimination.add(item, rest)
    return discrimination


def test_is_the_correlation() -> None:
    rng = random.Random(7)
    pairs = [(rng.choice((0.0, 5.0, 10.0)), 90 * rng.random()) for _ in range(200)]
    assert of(pairs).index == pytest.approx(
        statistics.correlation(*zip(*pairs, strict=True)), abs=0.005
    )


def test_is_the_point_biserial_where_an_answer_is_right_or_wrong() -> None:
    right, wrong = [60.0, 70, 80, 90, 90] * 2, [20.0, 30, 40, 60, 70] * 2
    expected = (
        (statistics.fmean(right) - statistics.fmean(wrong)) / statistics.pstdev(right + wrong) * 0.5
    )
    pairs = [(10.0, rest) for rest in right] + [(0.0, rest) for rest in wrong]
    assert of(pairs).index == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    "pairs",
    [
        [(float(number == 7), float(number)) for number in range(23)],
        [(float(number < 14), float(number)) for number in range(23)],
        [(10.0, float(number)) for number in range(20)],
        [(0.1, float(number)) for number in range(20)],
        [(float(number % 2), 0.3) for number in range(20)],
        [],
    ],
    ids=[
        "one student of 23",
        "nine of 23 not",
        "all right",
        "all equal",
        "the rest equal",
        "nobody",
    ],
)
def test_there_is_none_where_it_would_mean_nothing(pairs: list[tuple[float, float]]) -> None:
    assert of(pairs).index is None
    assert discrimination(of(pairs)) == ""


@pytest.mark.parametrize(
    ("strong_right", "words"), [(10, "very well"), (5, "hardly"), (0, "the wrong way round")]
)
def test_in_words(strong_right: int, words: str) -> None:
    strong = [(float(number < strong_right), 90.0) for number in range(10)]
    weak = [(float(number >= strong_right), 10.0) for number in range(10)]
    assert discrimination(of(strong + weak)) == words


def test_points_in_between_are_of_a_kind_with_those_above_or_below() -> None:
    half = [(float(number % 3), float(number)) for number in range(30)]
    assert of(half).index is not None
    assert (
        of([(1.0, float(number)) for number in range(28)] + [(0.0, 1.0), (2.0, 3.0)]).index is None
    )


def test_the_words_alarm_only_where_it_is_sure() -> None:
    # The stronger ones were wrong, a little more often than not: chance does that.
    chance = [(float(number % 2), 50.0 - 2 * (number % 2) + number) for number in range(24)]
    assert (of(chance).index or 0) < 0
    assert discrimination(of(chance)) == "hardly"
    assert is_unsure(of(chance).interval)


def is_unsure(interval: tuple[float, float] | None) -> bool:
    return interval is not None and interval[0] < 0 < interval[1]


def test_the_interval_is_that_of_fisher() -> None:
    # r = 0.5 of 28: tanh(0.5493 -+ 1.96 / 5), as in the tables.
    assert of(correlated(1, 28)).interval == (1, 1)
    made = of(correlated(0.5, 28))
    assert made.index == 0.5
    assert made.interval == pytest.approx((0.156, 0.736), abs=0.001)


def correlated(wanted: float, students: int) -> list[tuple[float, float]]:
    """Half of the students right, and a rest that correlates with it as wanted."""
    noise = (1 - wanted**2) ** 0.5
    pairs = []
    for number in range(students):
        item = 1.0 if number % 2 else -1.0
        other = 1.0 if number // 2 % 2 else -1.0
        pairs.append((item, wanted * item + noise * other))
    return pairs


def test_an_item_does_not_count_in_its_own_rest() -> None:
    # The fourth question has 60 of 100 points: with them it would correlate with itself.
    outcomes = [[rest, rest, rest, right, rest] for rest in (R, W) for right in (R, W)]
    cards = [scorecard(f"s{number}", outcomes[number % 4]) for number in range(24)]
    assert summarize(cards).questions[3].discrimination.index == pytest.approx(0)


def test_who_was_not_asked_says_nothing_of_a_question() -> None:
    asked = [scorecard(f"s{number}", [R, R, W, R if number % 2 else W, W]) for number in range(12)]
    down = [scorecard(f"d{number}", [W] * 5, State.UNREACHABLE) for number in range(12)]
    skipped = [scorecard(f"k{number}", [R, W, Outcome.SKIPPED, W, W]) for number in range(12)]
    questions = summarize([*asked, *down, *skipped]).questions
    assert [each.discrimination.students for each in questions] == [24, 24, 12, 24, 24]
