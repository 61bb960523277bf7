"""How well one question tells strong students from weak ones."""

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate

# Fewer students of a kind say more about chance than about a question.
FEWEST_OF_A_KIND = 10
# The normal distribution lies within so many deviations with 95 %.
_SURE = 1.96


@dataclass(slots=True)
class Discrimination:
    """The correlation of the points for one question with the points for all the others.

    If a question is right or wrong, this is the point-biserial correlation, corrected: its own
    points are left out of the rest, so that a heavy question does not praise itself. Teachers know
    it from Moodle as the discrimination index. Source: MoodleDocs, "Quiz statistics calculations".

    Students are added one at a time, and none is kept: B. P. Welford, "Note on a method for
    calculating corrected sums of squares and products", Technometrics 4 (1962).
    """

    students: int = 0
    _mean_item: float = 0.0
    _mean_rest: float = 0.0
    _item_squares: float = 0.0
    _rest_squares: float = 0.0
    _products: float = 0.0
    _points: Counter[float] = field(default_factory=Counter)

    def add(self, item: float, rest: float) -> None:
        """Take in one student: the points for this question, and those for all the others."""
        self.students += 1
        self._points[round(item, 6)] += 1
        from_item, from_rest = item - self._mean_item, rest - self._mean_rest
        self._mean_item += from_item / self.students
        self._mean_rest += from_rest / self.students
        self._item_squares += from_item * (item - self._mean_item)
        self._rest_squares += from_rest * (rest - self._mean_rest)
        self._products += from_item * (rest - self._mean_rest)

    @property
    def index(self) -> float | None:
        """From -1 to 1 in hundredths; None if too few students earned more, or too few less."""
        spread = math.sqrt(self._item_squares * self._rest_squares)
        if not spread or not self._are_two_kinds():
            return None
        return round(self._products / spread, 2) + 0.0  # no negative zero

    def _are_two_kinds(self) -> bool:
        """Whether enough students have some number of points or more, and enough have less."""
        below = accumulate(self._points[points] for points in sorted(self._points))
        return any(FEWEST_OF_A_KIND <= count <= self.students - FEWEST_OF_A_KIND for count in below)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the index of many such students lies, with 95 %; None if there is no index.

        Source: R. A. Fisher, "On the 'probable error' of a coefficient of correlation deduced from
        a small sample", Metron 1 (1921): the inverse hyperbolic tangent of a correlation is
        nearly normal, with the deviation 1 / sqrt(n - 3).
        """
        index = self.index
        if index is None:
            return None
        if abs(index) == 1:
            return index, index
        margin = _SURE / math.sqrt(self.students - 3)
        return math.tanh(math.atanh(index) - margin), math.tanh(math.atanh(index) + margin)
