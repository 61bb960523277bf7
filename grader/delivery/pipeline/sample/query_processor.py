"""What the app answers: sums, numbers and words."""

import math
import re

LETTERS = {1: "aeilnorstu", 2: "dg", 3: "bcmp", 4: "fhvwy", 5: "k", 8: "jx", 10: "qz"}
SCORES = {letter: score for score, letters in LETTERS.items() for letter in letters}


def process(query: str) -> str:
    """Answer one query in plain text; "" where no answer is known."""
    return answer(query.lower())


def answer(question: str) -> str:
    """Answer a question in small letters."""
    if "shakespeare" in question:
        return "William Shakespeare was an English poet and playwright."
    if "your name" in question:
        return "Prospero"
    if "scrabble score" in question:
        return str(sum(SCORES.get(letter, 0) for letter in question.rstrip("?").split()[-1]))
    if "anagram" in question:
        return anagram_in(question)
    return number_answer(question, numbers_in(question))


def number_answer(question: str, numbers: list[int]) -> str:
    """Answer a question about numbers."""
    if "largest" in question:
        return str(max(numbers, key=int))
    if "primes" in question:
        return ", ".join(str(number) for number in numbers if is_prime(number))
    if "square and a cube" in question:
        return ", ".join(str(number) for number in numbers if is_sixth_power(number))
    if "fibonacci" in question:
        return str(fibonacci(numbers[0]))
    return calculated(question, numbers)


def calculated(question: str, numbers: list[int]) -> str:
    """Calculate: what is multiplied comes before what is added."""
    if "power" in question:
        return str(numbers[0] ** numbers[1])
    if "minus" in question:
        return str(numbers[0] - numbers[1])
    if "plus" in question or "multiplied" in question:
        sums = [math.prod(numbers_in(part)) for part in question.split("plus")]
        return str(sum(sums))
    return ""


def anagram_in(question: str) -> str:
    """Find the choice that has exactly the letters of the word before the colon."""
    asked, _, choices = question.rstrip("?").partition(":")
    word = sorted(asked.split()[-1])
    return next(
        (choice for choice in choices.replace(",", " ").split() if sorted(choice) == word), ""
    )


def numbers_in(text: str) -> list[int]:
    """The whole numbers of a text."""
    return [int(digits) for digits in re.findall(r"\d+", text)]


def is_prime(number: int) -> bool:
    """Whether only 1 and the number itself divide it."""
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def is_sixth_power(number: int) -> bool:
    """Whether it is both a square and a cube."""
    root: int = round(number ** (1 / 6))
    return root**6 == number


def fibonacci(position: int) -> int:
    """The number at a position of 1, 1, 2, 3, 5, 8 ..."""
    before, number = 0, 1
    for _ in range(position - 1):
        before, number = number, before + number
    return number
