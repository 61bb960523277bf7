"""Choices from a list, shuffled after the answer is chosen: all positions are equally likely."""

from math import cbrt, isqrt
from random import Random

from grader.model import NumberKey, NumbersKey, Submission
from grader.questions.family import Family


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


_OF_DIGITS = [range(1, 10**digits) for digits in (2, 3, 4)]


def largest(rng: Random, _submission: Submission) -> tuple[str, NumberKey]:
    """Three numbers of different length; compared as texts, another one would be the largest."""
    while True:
        numbers = [rng.choice(numbers) for numbers in _OF_DIGITS]
        as_texts = int(max(map(str, numbers)))
        if as_texts != max(numbers) and len(set(numbers)) == len(numbers):
            break
    rng.shuffle(numbers)
    query = f"Which of the following numbers is the largest: {_listed(numbers)}?"
    return query, NumberKey(max(numbers))


def _is_square(number: int) -> bool:
    return isqrt(number) ** 2 == number


def _is_cube(number: int) -> bool:
    return round(cbrt(number)) ** 3 == number


_SIXTH_POWERS = [root**6 for root in range(2, 16)]
_SQUARES = [root**2 for root in range(2, 1_000) if not _is_cube(root**2)]
_CUBES = [root**3 for root in range(2, 200) if not _is_square(root**3)]


def square_and_cube(rng: Random, _submission: Submission) -> tuple[str, NumberKey]:
    """Seven numbers: one sixth power, two squares, two cubes and two that are neither."""
    answer = rng.choice(_SIXTH_POWERS)
    numbers = [answer, *rng.sample(_SQUARES, 2), *rng.sample(_CUBES, 2)]
    while len(numbers) < 7:
        number = rng.randrange(2, 1_000_000)
        if not (_is_square(number) or _is_cube(number) or number in numbers):
            numbers.append(number)
    rng.shuffle(numbers)
    query = f"Which of the following numbers is both a square and a cube: {_listed(numbers)}?"
    return query, NumberKey(answer)


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, isqrt(number) + 1))


# 1 is left out: not everybody has learned that it is no prime.
_PRIMES = [number for number in range(2, 500) if _is_prime(number)]
_ODD_COMPOSITES = [number for number in range(3, 500, 2) if not _is_prime(number)]
_COMPOSITES = [number for number in range(4, 500) if not _is_prime(number)]


def primes(rng: Random, _submission: Submission) -> tuple[str, NumbersKey]:
    """Five numbers, one to three of them prime, and one odd that is not: odd is not prime."""
    chosen = rng.sample(_PRIMES, rng.randint(1, 3))
    odd = rng.choice(_ODD_COMPOSITES)
    others = _COMPOSITES.copy()
    others.remove(odd)
    numbers = [*chosen, odd, *rng.sample(others, 4 - len(chosen))]
    rng.shuffle(numbers)
    query = f"Which of the following numbers are primes: {_listed(numbers)}?"
    return query, NumbersKey(tuple(number for number in numbers if number in chosen))


FAMILIES = {
    "largest": Family(largest, "Compare the numbers as integers: as texts, 9 comes after 10."),
    "square_and_cube": Family(
        square_and_cube,
        "64 is both 8 * 8 and 4 * 4 * 4. Try whole numbers instead of comparing rounded roots.",
    ),
    "primes": Family(
        primes,
        "Answer with all primes of the list and nothing else, separated by commas. Not every odd "
        "number is prime: 9 is not.",
    ),
}
