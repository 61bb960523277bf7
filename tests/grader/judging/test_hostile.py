"""Replies made to stop the grader: none may take more than linear time or raise."""

import time

import pytest

from grader.model import AnythingKey, ChoiceKey, FactKey, IdKey, NumberKey, NumbersKey
from grader.text.replies import normalize
from tests.grader.judging.asking import judged

KEYS = (
    NumberKey(83),
    NumbersKey((2, 3)),
    ChoiceKey("silent", ("enlists", "google", "silent", "banana")),
    IdKey("abc123"),
    FactKey(("Paris",), none_of=("London",)),
    AnythingKey("abc123"),
)
SIZE = 64 * 1024
PATTERNS = {
    "digits": "9",
    "zeros": "0",
    "listed": "83 ",
    "thousands": ",111",
    "thousands in threes": ",111,1",
    "decimals": "1.",
    "times": "1:",
    "exponents": "1e",
    "dashes": "-",
    "signs": "+-",
    "words and dashes": "a-1",
    "minus": "is minus ",
    "minus alone": "minus ",
    "signs apart": "is - ",
    "makes": " makes",
    "arrows": "->",
    "tags": "<b>",
    "tags with attributes": "<b a",
    "tags that never end": "<b ",
    "brackets": "<",
    "the query": "what is asked? ",
    "ends of a query": "?!",
    "equal signs": "=",
    "colons": ":",
    "separators": " is are",
    "quotes": "\"'",
    "quotes and stops": '".',
    "blanks": " \n",
    "domains": "@a.",
    "ids": "abc123 ",
    "glued ids": "abc123",
    "marks": "\u0316\u0301",
    "doubled marks": "\u0344",
    "expanding": "\ufdfa",
    "fractions": "½",
    "surrogates": "\ud800",
    "escapes": "\x1b[2J\x00",
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_time_is_linear_in_the_reply(pattern: str) -> None:
    body = pattern * (SIZE // len(pattern.encode(errors="surrogatepass")))
    started = time.process_time()
    for key in KEYS:
        judged(key, f"1{body}x")
        judged(key, f"What is asked?{body}x")
    # Half a second on an idle machine for the slowest pattern; quadratic time is far beyond.
    assert time.process_time() - started < 8


def test_combining_marks_are_cut_before_they_are_sorted() -> None:
    started = time.process_time()
    normal = normalize("a" + "\u0301" * SIZE + "\u0316" * SIZE)
    assert len(normal) <= 31
    assert time.process_time() - started < 4  # sorting them all takes above ten times as long


@pytest.mark.parametrize(
    "text",
    [
        "9" * SIZE,
        "-" + "9" * SIZE,
        "0." + "9" * SIZE,
        "1e" + "9" * SIZE,
        "1e-" + "9" * SIZE,
        "1e999999999",
        "1e-999999999",
        "-1e999999999999999999",
    ],
)
@pytest.mark.parametrize("key", [NumberKey(83), NumbersKey((2, 3))], ids=["number", "list"])
def test_huge_numbers_are_neither_right_nor_a_burden(
    key: NumberKey | NumbersKey, text: str
) -> None:
    started = time.process_time()
    judgement = judged(key, text)
    assert not judgement.outcome.rule.earns
    assert len(judgement.reason) < 200
    assert time.process_time() - started < 1
