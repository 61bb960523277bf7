"""What a family of questions is."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from grader.model import Key, Submission

MAX_INTEGER = 2**53 - 1
"""The largest integer that every language holds exactly, JavaScript's `Number.MAX_SAFE_INTEGER`."""

MAX_QUESTIONS = 1_000
"""The most questions that one battery may draw."""

Generator = Callable[[Random, Submission], tuple[str, Key]]
"""Draws a query and its key. Pure: two generators with the same seed give the same question.

Of `Random` only methods that work on integers are used (`choice`, `randrange`, `randint`, `sample`,
`shuffle`): their sequence is the same in every supported Python version.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """A family of questions, and a hint for a student whose answer is wrong.

    One entry can ask at most `supply` different questions.
    """

    generate: Generator
    hint: str
    supply: int = MAX_QUESTIONS
