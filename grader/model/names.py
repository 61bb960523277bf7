"""The names of checks and questions, as people read them everywhere."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from grader.model.questions import Question

IN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "page": "the page",
        "api": "the API",
        "release": "the release",
        "consistency": "one release everywhere",
        "name": "name",
        "andrew_id": "Andrew ID",
        "shakespeare": "Shakespeare",
        "general_knowledge": "general knowledge",
        "robust": "an unplanned query",
        "addition": "a plus b",
        "subtraction": "a minus b",
        "multiplication": "a times b",
        "power": "a to the power of b",
        "addition_of_three": "a plus b plus c",
        "plus_multiplied": "a plus b times c",
        "multiplied_plus": "a times b plus c",
        "largest": "the largest number",
        "square_and_cube": "square and cube",
        "primes": "prime numbers",
        "anagram": "anagrams",
        "scrabble": "Scrabble score",
        "fibonacci": "Fibonacci numbers",
        "query": "a fixed query",
    }
)
"""Checks and families of questions, as batteries and results write them, and their names."""


def called(question: Question) -> str:
    """Name what a question belongs to, as in "a plus b" or "a plus b (2)".

    A name that the battery gave itself stays as it is.
    """
    return _called(question.family, question.name or question.family)


@lru_cache(1024)
def _called(family: str, name: str) -> str:
    numbered = re.fullmatch(rf"{re.escape(family)}(?:-(\d+))?", name)
    if numbered is None or family not in IN_WORDS:
        return name
    return IN_WORDS[family] + (f" ({numbered[1]})" if numbered[1] else "")
