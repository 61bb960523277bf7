"""What a fair question is, rule by rule, recomputed here from the words of the query."""

import re
from collections import Counter
from collections.abc import Callable
from math import isqrt
from random import Random
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import (
    AnythingKey,
    ChoiceKey,
    FactKey,
    IdKey,
    Key,
    NumberKey,
    NumbersKey,
    Submission,
)
from grader.questions import FAMILIES

SUBMISSION = Submission("tbouri", "https://tbouri.example")
MAX_INTEGER = 2**53 - 1
SEEDS = st.integers(min_value=0, max_value=2**64)

# Where a rule would be broken once in a thousand draws or less, a few examples show nothing.
MANY_SEEDS = range(10_000)

# What the app of a careful student looks for, to tell families apart.
KEYWORDS = {
    "name": "name",
    "andrew_id": "andrew id",
    "shakespeare": "shakespeare",
    "addition": "plus",
    "addition_of_three": "plus",
    "plus_multiplied": "plus multiplied",
    "multiplied_plus": "plus multiplied",
    "largest": "largest",
    "multiplication": "multiplied",
    "square_and_cube": "square cube",
    "primes": "primes",
    "subtraction": "minus",
    "power": "power",
    "anagram": "anagram",
    "scrabble": "scrabble",
    "fibonacci": "fibonacci",
    "general_knowledge": "",
    "robust": "",
}

WORDINGS = {
    "name": r"What is your name\?",
    "andrew_id": r".*\bAndrew ID\b.*",
    "shakespeare": r"Who was Shakespeare\?",
    "addition": r"What is \d+ plus \d+\?",
    "largest": r"Which of the following numbers is the largest: \d+, \d+, \d+\?",
    "multiplication": r"What is \d+ multiplied by \d+\?",
    "square_and_cube": r"Which of the following numbers is both a square and a cube: "
    r"\d+(, \d+){6}\?",
    "primes": r"Which of the following numbers are primes: \d+(, \d+){4}\?",
    "subtraction": r"What is \d+ minus \d+\?",
    "power": r"What is \d+ to the power of \d+\?",
    "addition_of_three": r"What is \d+ plus \d+ plus \d+\?",
    "plus_multiplied": r"What is \d+ plus \d+ multiplied by \d+\?",
    "multiplied_plus": r"What is \d+ multiplied by \d+ plus \d+\?",
    "anagram": r"Which of the following is an anagram of [a-z]+: [a-z]+(, [a-z]+)+\?",
    "scrabble": r"What is the scrabble score of [a-z]+\?",
    "fibonacci": r"What is the \d+(st|nd|rd|th) number in the Fibonacci sequence\?",
    "general_knowledge": r"[A-Z].*\?",
    "robust": r".*\bdivided\b.*\?",
}

TILES = [1, 3, 3, 2, 1, 4, 2, 4, 1, 8, 5, 1, 3, 1, 1, 3, 10, 1, 1, 1, 1, 4, 4, 8, 4, 10]

ARITHMETIC: dict[str, Callable[..., int]] = {
    "addition": lambda a, b: a + b,
    "subtraction": lambda a, b: a - b,
    "multiplication": lambda a, b: a * b,
    "power": lambda a, b: a**b,
    "addition_of_three": lambda a, b, c: a + b + c,
    "plus_multiplied": lambda a, b, c: a + (b * c),
    "multiplied_plus": lambda a, b, c: (a * b) + c,
}


def drawn(family: str, seed: int) -> tuple[str, Key]:
    return FAMILIES[family].generate(Random(seed), SUBMISSION)


def number_key(family: str, seed: int) -> tuple[str, list[int], int]:
    query, key = drawn(family, seed)
    assert isinstance(key, NumberKey)
    assert isinstance(key.value, int)
    return query, integers(query), key.value


def integers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, isqrt(number) + 1))


def is_nth_power(number: int, exponent: int) -> bool:
    near = round(number ** (1 / exponent))
    return number in [root**exponent for root in (near - 1, near, near + 1)]


def test_all_families_of_the_game_are_there() -> None:
    assert set(FAMILIES) == set(WORDINGS)


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=SEEDS)
def test_the_wording_is_the_game_s(family: str, seed: int) -> None:
    query, _ = drawn(family, seed)
    assert re.fullmatch(WORDINGS[family], query)


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_question(family: str, seed: int) -> None:
    assert drawn(family, seed) == drawn(family, seed)


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=SEEDS)
def test_every_integer_is_exact_in_every_language(family: str, seed: int) -> None:
    query, key = drawn(family, seed)
    assert all(number <= MAX_INTEGER for number in integers(f"{query} {key}"))


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=SEEDS)
def test_a_question_holds_the_keywords_of_its_own_family_only(family: str, seed: int) -> None:
    query = drawn(family, seed)[0].casefold()
    own = KEYWORDS[family].split()
    others = {word for words in KEYWORDS.values() for word in words.split()} - {"id"}
    assert {word for word in others if word in query} == set(own) - {"id"}


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"andrew_id", "robust"}))
@given(seed=SEEDS)
def test_only_the_unplanned_query_traps_a_careless_id(family: str, seed: int) -> None:
    assert "id" not in drawn(family, seed)[0].casefold()


@pytest.mark.parametrize("family", ARITHMETIC)
def test_arithmetic_is_right_and_never_one_of_its_operands(family: str) -> None:
    for seed in MANY_SEEDS:
        _, operands, answer = number_key(family, seed)
        assert answer == ARITHMETIC[family](*operands)
        assert answer not in operands
        assert answer != 0


@pytest.mark.parametrize("family", ["plus_multiplied", "multiplied_plus"])
def test_wrong_precedence_is_never_right(family: str) -> None:
    for seed in MANY_SEEDS:
        _, (a, b, c), answer = number_key(family, seed)
        if family == "plus_multiplied":
            assert answer != (a + b) * c
            assert c != 1
        else:
            assert answer != a * (b + c)
            assert a != 1


def test_a_power_is_no_product_no_exclusive_or_and_no_power_the_wrong_way_round() -> None:
    for seed in MANY_SEEDS:
        _, (a, b), answer = number_key("power", seed)
        assert answer not in (a * b, b**a, a ^ b)


@given(seed=SEEDS)
def test_the_third_summand_counts(seed: int) -> None:
    _, (a, b, c), answer = number_key("addition_of_three", seed)
    assert answer not in (a + b, b + c, a + c)


@given(seed=SEEDS)
def test_a_sum_is_no_product_and_a_product_no_sum(seed: int) -> None:
    _, (a, b), answer = number_key("addition", seed)
    assert answer != a * b
    _, (a, b), answer = number_key("multiplication", seed)
    assert answer != a + b


def test_half_of_the_differences_are_negative() -> None:
    signs = Counter(number_key("subtraction", seed)[2] < 0 for seed in range(2_000))
    assert 900 < signs[True] < 1_100


def test_the_largest_is_one_of_three_and_not_the_last_in_the_alphabet() -> None:
    for seed in MANY_SEEDS:
        _, numbers, answer = number_key("largest", seed)
        assert len(set(numbers)) == 3
        assert answer == sorted(numbers)[-1]
        assert str(answer) != sorted(map(str, numbers))[-1]


def test_exactly_one_number_is_both_a_square_and_a_cube() -> None:
    for seed in MANY_SEEDS:
        _, numbers, answer = number_key("square_and_cube", seed)
        squares = {number for number in numbers if is_nth_power(number, 2)}
        cubes = {number for number in numbers if is_nth_power(number, 3)}
        assert len(set(numbers)) == 7
        assert squares & cubes == {answer}
        assert len(squares) == 3
        assert len(cubes) == 3
        assert squares | cubes < set(numbers)


@given(seed=SEEDS)
def test_one_to_three_of_five_are_prime_and_odd_is_not_prime(seed: int) -> None:
    query, key = drawn("primes", seed)
    numbers = integers(query)
    assert isinstance(key, NumbersKey)
    assert len(set(numbers)) == 5
    assert list(key.values) == [number for number in numbers if is_prime(number)]
    assert 1 <= len(key.values) <= 3
    assert set(key.values) != {number for number in numbers if number % 2}


@given(seed=SEEDS)
def test_exactly_one_choice_is_an_anagram(seed: int) -> None:
    query, key = drawn("anagram", seed)
    assert isinstance(key, ChoiceKey)
    word, *choices = re.findall(r"[a-z]+", query.partition("anagram of ")[2])
    assert list(key.choices) == choices
    assert len(set(choices)) == len(choices) > 2
    assert word not in choices
    assert [choice for choice in choices if sorted(choice) == sorted(word)] == [key.value]
    assert len([choice for choice in choices if len(choice) == len(word)]) > 1


@given(seed=SEEDS)
def test_the_scrabble_score_is_that_of_the_tiles(seed: int) -> None:
    query, _, answer = number_key("scrabble", seed)
    word = query.removesuffix("?").split()[-1]
    tiles = dict(zip(ascii_lowercase, TILES, strict=True))
    assert answer == sum(tiles[letter] for letter in word)
    assert answer != len(word)


@given(seed=SEEDS)
def test_fibonacci_counts_from_one_and_is_worth_computing(seed: int) -> None:
    _, (position,), answer = number_key("fibonacci", seed)
    golden = (1 + 5**0.5) / 2
    assert answer == round(golden**position / 5**0.5)
    assert position >= 7
    assert answer != position


def test_ordinals_are_english() -> None:
    seen = {drawn("fibonacci", seed)[0].split()[3] for seed in range(1_000)}
    assert {"7th", "11th", "12th", "13th", "21st", "22nd", "23rd", "24th", "30th"} <= seen


@pytest.mark.parametrize("family", ["largest", "square_and_cube", "anagram", "primes"])
def test_the_right_one_is_equally_likely_everywhere(family: str) -> None:
    draws = 2_000
    positions: Counter[int] = Counter()
    for seed in range(draws):
        query, key = drawn(family, seed)
        offered = query.partition(": ")[2].removesuffix("?").split(", ")
        for value in str(key).split(", "):
            positions[offered.index(value)] += 1
    assert len(positions) == len(offered)
    mean = positions.total() / len(positions)
    assert all(abs(times - mean) < 5 * mean**0.5 for times in positions.values())


@given(andrew_id=st.text(min_size=1), seed=SEEDS)
def test_questions_about_the_student_are_answered_by_the_id(andrew_id: str, seed: int) -> None:
    submission = Submission(andrew_id, "https://x.example")
    for family in ("andrew_id", "name"):
        _, key = FAMILIES[family].generate(Random(seed), submission)
        assert key == IdKey(andrew_id)
    _, key = FAMILIES["robust"].generate(Random(seed), submission)
    assert key == AnythingKey(without=andrew_id)


@given(seed=SEEDS)
def test_no_question_gives_its_fact_away(seed: int) -> None:
    for family in ("general_knowledge", "shakespeare"):
        query, key = drawn(family, seed)
        assert isinstance(key, FactKey)
        for word in key.any_of:
            assert not re.search(rf"\b{re.escape(word)}\b", query, re.IGNORECASE)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_hint_helps(family: str) -> None:
    assert len(FAMILIES[family].hint.split()) > 5
