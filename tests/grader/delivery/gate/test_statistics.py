"""Our two tests beside scipy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from grader.delivery.gate.statistics import fisher, mann_whitney

COUNTS = st.integers(0, 1000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
FEW = st.lists(st.integers(0, 10**6), min_size=1, max_size=20)
MANY = st.lists(st.integers(0, 60), min_size=21, max_size=120)


@given(COUNTS, COUNTS)
def test_fishers_test_is_scipys(here: tuple[int, int], beside: tuple[int, int]) -> None:
    (bad, of), (bad_beside, of_beside) = here, beside
    table = [[bad, of - bad], [bad_beside, of_beside - bad_beside]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert fisher(bad, of, bad_beside, of_beside) == pytest.approx(expected, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(
    ("bad", "of", "bad_beside", "of_beside", "expected"),
    [(6, 60, 0, 60, 0.0137), (3, 30, 0, 30, 0.1186), (0, 10, 0, 10, 1.0), (0, 0, 0, 0, 1.0)],
)
def test_fishers_test_on_known_tables(
    bad: int, of: int, bad_beside: int, of_beside: int, expected: float
) -> None:
    rough = pytest.approx(expected, abs=0.0001)
    assert fisher(bad, of, bad_beside, of_beside) == rough


@given(FEW, FEW)
def test_few_values_without_ties_are_counted_out(values: list[int], beside: list[int]) -> None:
    # No value is on both sides, or twice on one.
    first = sorted({2 * each for each in values})
    second = sorted({2 * each + 1 for each in beside})
    expected = stats.mannwhitneyu(first, second, alternative="greater", method="exact")
    found = mann_whitney(first, second)
    assert (found.u, found.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9)
    assert found.share == pytest.approx(found.u / (len(first) * len(second)))


@given(MANY, MANY)
def test_many_values_with_ties_are_approximated(values: list[int], beside: list[int]) -> None:
    expected = stats.mannwhitneyu(values, beside, alternative="greater", method="asymptotic")
    found = mann_whitney(values, beside)
    assert found.u == expected.statistic
    assert found.p == pytest.approx(min(1.0, expected.pvalue), rel=1e-9, abs=1e-15)


def test_values_that_are_all_the_same_say_nothing() -> None:
    assert mann_whitney([5.0] * 30, [5.0] * 30).p == 1.0
