"""Sums: one template for all families that combine a few operands into one number."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import add, mul, sub, xor
from random import Random

from grader.model import NumberKey, Submission
from grader.questions.family import Family

Formula = Callable[..., int]


@dataclass(frozen=True, slots=True)
class Sum:
    """A query with `{}` for each operand, its answer, and the answers that misreadings give.

    Operands are drawn until no misreading gives the right answer. The answer is no operand either,
    whatever its sign: an app that repeats the question must not be right.
    """

    wording: str
    operands: tuple[range, ...]
    answer: Formula
    misreadings: tuple[Formula, ...]

    def __call__(self, rng: Random, _submission: Submission) -> tuple[str, NumberKey]:
        """Draw one question."""
        while True:
            numbers = [rng.choice(operand) for operand in self.operands]
            answer = self.answer(*numbers)
            wrong = {misreading(*numbers) for misreading in self.misreadings}
            if answer not in wrong and abs(answer) not in numbers:
                return self.wording.format(*numbers), NumberKey(answer)


_FACTOR = range(2, 21)
_TERM = range(2, 101)
_BIG_TERM = range(2, 1_001)
_OF_ONE_KIND: tuple[Formula, ...] = (lambda a, b, c: a + b + c, lambda a, b, c: a * b * c)

FAMILIES = {
    "addition": Family(
        Sum("What is {} plus {}?", (_BIG_TERM, _BIG_TERM), add, (mul, lambda a, b: int(f"{a}{b}"))),
        "Find both numbers in the query, turn them into integers and add them.",
    ),
    "subtraction": Family(
        Sum("What is {} minus {}?", (_BIG_TERM, _BIG_TERM), sub, (lambda a, b: b - a, add)),
        "Subtract the second number from the first; the result may be negative, as in 3 minus 8.",
    ),
    "multiplication": Family(
        Sum("What is {} multiplied by {}?", (_TERM, _TERM), mul, (add,)),
        "Find both numbers in the query and multiply them.",
    ),
    "power": Family(
        Sum(
            "What is {} to the power of {}?",
            (_FACTOR, range(2, 11)),
            pow,
            (mul, lambda a, b: b**a, xor),
        ),
        "2 to the power of 3 is 2 times 2 times 2, which is 8. In many languages ^ means something "
        "else: look up how yours writes powers.",
        supply=100,
    ),
    "addition_of_three": Family(
        Sum(
            "What is {} plus {} plus {}?",
            (_TERM, _TERM, _TERM),
            lambda a, b, c: a + b + c,
            (lambda a, b, _: a + b, lambda _, b, c: b + c),
        ),
        "There are three numbers here: does your code add all of them, or only the first two?",
    ),
    "plus_multiplied": Family(
        Sum(
            "What is {} plus {} multiplied by {}?",
            (_TERM, _FACTOR, _FACTOR),
            lambda a, b, c: a + b * c,
            (lambda a, b, c: (a + b) * c, lambda a, b, c: a * b + c, *_OF_ONE_KIND),
        ),
        "Multiplication comes before addition: 2 plus 3 multiplied by 4 is 14, not 20.",
    ),
    "multiplied_plus": Family(
        Sum(
            "What is {} multiplied by {} plus {}?",
            (_FACTOR, _FACTOR, _TERM),
            lambda a, b, c: a * b + c,
            (lambda a, b, c: a * (b + c), lambda a, b, c: a + b * c, *_OF_ONE_KIND),
        ),
        "Multiplication comes before addition: 2 multiplied by 3 plus 4 is 10, not 14.",
    ),
}
