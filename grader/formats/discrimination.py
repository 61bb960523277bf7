"""How well one question tells strong students from weak ones."""

import math
from dataclasses import dataclass

# Fewer students say more about chance than about a question.
FEWEST_STUDENTS = 10

# After R. L. Ebel and D. A. Frisbie, "Essentials of Educational Measurement" (1991), chapter 13.
_BANDS = ((0.4, "very well"), (0.3, "well"), (0.2, "somewhat"), (0.0, "hardly"))


@dataclass(slots=True)
class Discrimination:
    """The correlation of the points for one question with the points for all the others.

    Where a question is right or wrong, this is the point-biserial correlation, corrected: its own
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

    def add(self, item: float, rest: float) -> None:
        """Take in one student: the points for this question, and those for all the others."""
        self.students += 1
        from_item, from_rest = item - self._mean_item, rest - self._mean_rest
        self._mean_item += from_item / self.students
        self._mean_rest += from_rest / self.students
        self._item_squares += from_item * (item - self._mean_item)
        self._rest_squares += from_rest * (rest - self._mean_rest)
        self._products += from_item * (rest - self._mean_rest)

    @property
    def index(self) -> float | None:
        """From -1 to 1 in hundredths; None for few students, or where all have the same points."""
        spread = math.sqrt(self._item_squares * self._rest_squares)
        if self.students < FEWEST_STUDENTS or not spread:
            return None
        # No negative zero: nothing is the wrong way round there.
        return round(self._products / spread, 2) + 0.0

    @property
    def words(self) -> str:
        """The index in words; empty where there is none."""
        index = self.index
        if index is None:
            return ""
        return next((words for least, words in _BANDS if index >= least), "the wrong way round")
