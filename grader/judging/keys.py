"""Judges a text by a key: one function for each kind of key.

The rules are those of docs/architecture.md, "Judging". Each function takes the normalized text of
a 2xx reply, which is not empty, and the reply itself, which the reason quotes.
"""

from decimal import Decimal

from grader.judging.numbers import Number, find_lone_number, find_numbers
from grader.model import (
    AnythingKey,
    ChoiceKey,
    FactKey,
    IdKey,
    Judgement,
    NumberKey,
    NumbersKey,
    Reply,
)
from grader.outcomes import Outcome
from grader.text.cutting import excerpt, quoted
from grader.text.ids import bare_id, ids_as_written, ids_meant
from grader.text.replies import Part, holds_words, number_tail_of, without_words

_PART_WORDS: dict[Part, str] = {
    "whole": "the reply",
    "tail": "the end of the reply",
    "head": "the beginning of the reply",
}


def _right(reason: str, part: Part = "whole") -> Judgement:
    return Judgement(Outcome.RIGHT, reason, part)


def _wrong(reason: str, part: Part = "whole") -> Judgement:
    return Judgement(Outcome.WRONG, reason, part)


def judge_number(key: NumberKey, text: str, reply: Reply) -> Judgement:
    """The whole reply, else its tail, holds exactly one number, and it equals the key."""
    expected = Decimal(str(key.value))
    part: Part = "whole"
    found = whole = find_lone_number(text)
    if len(whole) != 1:
        part, found = "tail", find_lone_number(number_tail_of(text))
    if len(found) != 1:
        expectation = f"{key} alone was expected" if whole else f"{key} was expected"
        return _wrong(f"{expectation}, {_holdings(whole, reply)}")
    if found[0].value == expected:
        return _right(f"{key} was expected, and {_PART_WORDS[part]} holds it", part)
    return _wrong(f"{key} was expected, {_PART_WORDS[part]} holds {excerpt(found[0].text)}", part)


def judge_numbers(key: NumbersKey, text: str, reply: Reply) -> Judgement:
    """The numbers of the whole reply, else of its tail, are the key's, each once, in any order."""
    expected = {Decimal(str(value)) for value in key.values}
    part: Part = "whole"
    found = find_numbers(text)
    if not _are(found, expected) and (tail := find_numbers(number_tail_of(text))):
        part, found = "tail", tail
    if _are(found, expected):
        return _right(f"the list {key} was expected, and {_PART_WORDS[part]} holds it", part)
    return _wrong(
        f"the list {key} was expected and no other number, {_holdings(found, reply)}", part
    )


def _are(found: list[Number], expected: set[Decimal]) -> bool:
    return len(found) == len(expected) and {number.value for number in found} == expected


def _holdings(found: list[Number], reply: Reply) -> str:
    if not found:
        return f"the reply holds no number: {quoted(reply.text)}"
    return f"the reply holds {excerpt(', '.join(number.text for number in found))}"


def judge_choice(key: ChoiceKey, text: str, reply: Reply) -> Judgement:
    """Exactly one of the question's choices appears as a word, and it is the key."""
    choices = dict.fromkeys((*key.choices, key.value))
    named = set()
    left = text
    # The longest first: "New York" does not name York as well.
    for choice in sorted(choices, key=len, reverse=True):
        if holds_words(left, choice):
            named.add(choice)
            left = without_words(left, choice)
    found = [choice for choice in choices if choice in named]
    expected = f"{quoted(key.value)} was expected"
    if found == [key.value]:
        return _right(f"{expected}, and the reply names it and no other choice")
    if found:
        return _wrong(
            f"{expected} and no other choice, the reply names {excerpt(', '.join(found))}"
        )
    return _wrong(f"{expected}, the reply names none of the choices: {quoted(reply.text)}")


def judge_id(key: IdKey, text: str, reply: Reply) -> Judgement:
    """The whole reply, its tail or its head is the id, apart from case, domain and punctuation."""
    expected = bare_id(key.value)
    for part, meant in ids_meant(text):
        if meant == expected:
            as_written = (part, meant) in ids_as_written(text)
            shown = _PART_WORDS[part] + ("" if as_written else ", without its markup,")
            return _right(f"{quoted(key.value)} was expected, and {shown} is it", part)
    if holds_words(text, expected):
        return _wrong(
            f"{quoted(key.value)} was expected alone or at the end of a sentence such as "
            f"“My Andrew ID is ...”, the reply has more around it: {quoted(reply.text)}"
        )
    return _wrong(f"{quoted(key.value)} was expected, the reply is {quoted(reply.text)}")


def judge_fact(key: FactKey, text: str, reply: Reply) -> Judgement:
    """A word of the key appears, none that it rules out does, and the reply is short enough."""
    length = len(text.split())
    if length > key.max_words:
        return _wrong(f"at most {key.max_words} words were expected, the reply has {length}")
    ruled_out = [words for words in key.none_of if holds_words(text, words)]
    if ruled_out:
        return _wrong(
            f"{quoted(str(key))} was expected, the reply names {quoted(', '.join(ruled_out))}, "
            "which does not go with it"
        )
    found = next((words for words in key.any_of if holds_words(text, words)), None)
    if found is None:
        return _wrong(f"{quoted(str(key))} was expected, the reply is {quoted(reply.text)}")
    return _right(f"the reply names {quoted(found)}")


def judge_anything(key: AnythingKey, text: str) -> Judgement:
    """A short reply without the student's id in it."""
    without = bare_id(key.without)
    if holds_words(text, without):
        return _wrong(f"the reply holds {quoted(without)}, which this query does not ask for")
    length = len(text.split())
    if length > key.max_words:
        return _wrong(
            f"at most {key.max_words} words were expected for a query that nobody planned for, "
            f"the reply has {length}"
        )
    return _right("the reply is short and does no harm")
