"""The Fibonacci sequence."""

from random import Random

from grader.model import NumberKey, Submission
from grader.questions.family import Family


def _fibonacci(position: int) -> int:
    """Give the number at a position; the 1st and the 2nd are 1."""
    number, following = 1, 1
    for _ in range(position - 1):
        number, following = following, number + following
    return number


def ordinal(number: int) -> str:
    """Write a number as English does when counting: 1st, 2nd, 3rd, 11th."""
    teens = number % 100 in (11, 12, 13)
    suffix = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


# Below the 7th, the question may hold its answer, or a guess is easy. Beyond the 30th, a recursive
# solution is too slow for the small part of a processor that free hosts give.
_QUESTIONS = [
    (
        f"What is the {ordinal(position)} number in the Fibonacci sequence?",
        NumberKey(_fibonacci(position)),
    )
    for position in range(7, 31)
]


def fibonacci(rng: Random, _submission: Submission) -> tuple[str, NumberKey]:
    """Ask for the number at some position."""
    return rng.choice(_QUESTIONS)


FAMILIES = {
    "fibonacci": Family(
        fibonacci,
        "The sequence begins with 1 and 1, and each later number is the sum of the two before it: "
        "1, 1, 2, 3, 5, 8 and so on. The 10th is 55. The query writes positions as 7th, 21st, 22nd "
        "or 23rd: read the digits, whatever two letters follow.",
        supply=len(_QUESTIONS),
    )
}
