"""The words and facts that questions are drawn from."""

import re
from itertools import chain

from grader.questions.resources import lines, table

ANAGRAMS = [
    (words.split(), decoys.split())
    for words, decoys in (line.split("|") for line in lines("anagrams.txt"))
]
FACTS = table("knowledge.toml")["fact"]


def words(text: str) -> str:
    plain = re.sub("[^a-z0-9]+", " ", text.casefold()).strip()
    return f" {plain} "


def test_there_is_enough_of_everything() -> None:
    assert len(ANAGRAMS) >= 60
    assert len(lines("scrabble.txt")) >= 100
    assert len(FACTS) >= 40


def test_anagrams_are_anagrams_and_decoys_are_not() -> None:
    for alike, decoys in ANAGRAMS:
        letters = {"".join(sorted(word)) for word in alike}
        assert len(letters) == 1, alike
        assert not letters & {"".join(sorted(decoy)) for decoy in decoys}, alike


def test_a_decoy_has_the_length_of_the_word() -> None:
    for alike, decoys in ANAGRAMS:
        assert len(alike[0]) in map(len, decoys), alike


def test_anagram_words_are_distinct_plain_words_that_the_question_itself_does_not_hold() -> None:
    for alike, decoys in ANAGRAMS:
        offered = [*alike, *decoys]
        assert len(alike) > 1
        assert len(decoys) > 1
        assert len(set(offered)) == len(offered), alike
        assert all(re.fullmatch("[a-z]+", word) for word in offered), alike
        assert not set(offered) & {"which", "of", "the", "following", "is", "an", "anagram"}
    every = list(chain.from_iterable(alike for alike, _ in ANAGRAMS))
    assert len(set(every)) == len(every)


def test_scrabble_words_are_distinct_plain_words() -> None:
    every = lines("scrabble.txt")
    assert len(set(every)) == len(every)
    assert all(re.fullmatch("[a-z]+", word) for word in every)


def test_facts_are_asked_once_and_their_questions_hold_no_answer() -> None:
    assert len({fact["query"] for fact in FACTS}) == len(FACTS)
    for fact in FACTS:
        asked = words(fact["query"])
        for word in (*fact["any_of"], *fact["none_of"]):
            assert words(word) not in asked, fact


def test_no_fact_rules_out_what_it_accepts() -> None:
    for fact in FACTS:
        assert fact["any_of"]
        assert not set(fact["any_of"]) & set(fact["none_of"]), fact


def test_naming_every_answer_is_too_long_for_any_fact() -> None:
    assert len({fact["any_of"][0] for fact in FACTS}) > 30
