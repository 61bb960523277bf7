"""What holds for every key and every text."""

import json
from decimal import Decimal
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from grader.judging import judge
from grader.model import (
    AnythingKey,
    ApiKey,
    ChoiceKey,
    FactKey,
    IdKey,
    Key,
    NumberKey,
    NumbersKey,
    PageKey,
    ProbeKind,
    Submission,
)
from grader.outcomes import Outcome
from grader.questions import FAMILIES
from tests.grader.judging.asking import outcome, question, reply, unhurried

LARGEST = 2**53 - 1
NUMBERS = st.integers(-LARGEST, LARGEST) | st.integers(-200, 200)
NUMBER_LISTS = st.lists(st.integers(0, 100_000), min_size=2, max_size=8, unique=True)
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12)
CHOICE_LISTS = st.lists(WORDS, min_size=2, max_size=6, unique=True)
IDS = st.from_regex(r"[a-z]{2,8}[0-9]{0,4}", fullmatch=True)
SEPARATORS = st.sampled_from([", ", ",", " ", " and ", "\n", "; "])
NUMBER_FORMS = st.sampled_from(
    [
        "{}",
        "{}\n",
        '"{}"',
        "{}.",
        "The answer is {}",
        "The answer is {}.",
        "the answer is: {}",
        "{} is the answer",
        "76 plus 92 is {}",
        "76 + 92 = {}",
        "76+92={}",
        '{{"answer": {}}}',
        "76 plus 92 makes {}",
        "76 plus 92 equals {}",
        "76 and 92 give {}",
        "76 plus 92 was {}",
        "76+92 → {}",
        "76+92->{}",
        "76+92 => {}",
        "What is asked? {}",
        "What is asked?{}",
    ]
)
ID_FORMS = st.sampled_from(
    [
        "{}",
        "{}\n",
        '"{}"',
        "{}@andrew.cmu.edu",
        "Hi, I am new here and my Andrew ID is {}",
        "My Andrew ID is {}.",
        "Andrew ID: {}",
        "{} is my Andrew ID",
        "{} :)",
        "- {}",
        "[ '{}' ]",
        '{{\n  "id": "{}"\n}}',
        "<b>{}</b>",
        "<p>My Andrew ID is <b>{}</b>!</p>",
        "Andrew ID → {}",
        "What is asked? {}",
    ]
)
# What people and programs put around an answer.
AROUND = st.text(st.sampled_from("<>[](){}!?.,;:*-\u2013→'\"`~|/#@& \n\U0001f389"), max_size=8)
ANY_KEY = st.sampled_from(
    [
        NumberKey(83),
        NumberKey(0.5),
        NumbersKey((2, 3)),
        ChoiceKey("silent", ("silent", "google")),
        IdKey("abc123"),
        FactKey(("Paris",), ("London",)),
        AnythingKey("abc123"),
        PageKey(),
        ApiKey(),
    ]
)
ANY_TEXT = (
    st.text(st.characters())
    | st.text(st.sampled_from("0123456789+-\u2212.,:=eE \n\"'isare±x<>/→"))
    | st.sampled_from(["NaN", "-Infinity", "1e999", "<html>", "\ud800"])
)


def right_replies(key: Key) -> list[str]:
    """The key itself, bare and in sentences."""
    match key:
        case NumberKey():
            return [f"{key}", f"The answer is {key}.", f"{key} is the answer", f"1 + 2 = {key}"]
        case NumbersKey():
            return [f"{key}", f"[{key}]", f"They are {key}.", f"Among 1, 2, 3 they are {key}"]
        case ChoiceKey() | FactKey():
            value = key.value if isinstance(key, ChoiceKey) else key.any_of[0]
            return [value, value.upper(), f"It is {value}.", f'"{value}"\n']
        case IdKey():
            return [f"{key}", f"My Andrew ID is {key}.", f"{key} is my Andrew ID"]
        case _:
            return ["", "No idea."]


@unhurried
@given(NUMBERS, NUMBER_FORMS)
def test_a_number_is_right_in_every_form(number: int, form: str) -> None:
    for written in (str(number), f"{number}.0", f"{number:,}", f"{Decimal(number):e}"):
        assert outcome(NumberKey(number), form.format(written)) is Outcome.RIGHT


@unhurried
@given(st.floats(allow_nan=False, allow_infinity=False), NUMBER_FORMS)
def test_a_fraction_is_right_as_python_and_javascript_write_it(number: float, form: str) -> None:
    assert outcome(NumberKey(number), form.format(number)) is Outcome.RIGHT


@unhurried
@given(NUMBERS, NUMBER_FORMS, st.data())
def test_a_number_with_a_digit_more_is_wrong(number: int, form: str, data: st.DataObject) -> None:
    written = str(number)
    place = data.draw(st.integers(int(number < 0), len(written)))
    changed = written[:place] + data.draw(st.sampled_from("0123456789")) + written[place:]
    assume(int(changed) != number)  # a zero in front changes nothing
    assert outcome(NumberKey(number), form.format(changed)) is Outcome.WRONG


@unhurried
@given(NUMBERS, NUMBER_FORMS, st.data())
def test_a_number_with_a_digit_less_is_wrong(number: int, form: str, data: st.DataObject) -> None:
    written = str(number)
    place = data.draw(st.integers(int(number < 0), len(written) - 1))
    changed = written[:place] + written[place + 1 :]
    assert not outcome(NumberKey(number), form.format(changed)).rule.earns


@unhurried
@given(
    NUMBERS.filter(bool), NUMBER_FORMS, st.sampled_from(["-", "\u2212", "\u2013", "- ", "minus "])
)
def test_a_number_with_its_sign_changed_is_wrong(number: int, form: str, minus: str) -> None:
    # Behind a quotation mark or a brace a sign must touch its number.
    assume(minus in "-\u2212\u2013" or '"' not in form)
    changed = str(-number) if number < 0 else f"{minus}{number}"
    assert outcome(NumberKey(number), form.format(changed)) is Outcome.WRONG


@unhurried
@given(NUMBER_LISTS, SEPARATORS, st.randoms())
def test_a_list_is_right_in_any_order(numbers: list[int], separator: str, rng: Random) -> None:
    key = NumbersKey(tuple(numbers))
    rng.shuffle(numbers)
    listed = separator.join(map(str, numbers))
    for written in (listed, json.dumps(numbers), f"The primes are {listed}.", f"Of 1, 2: {listed}"):
        assert outcome(key, written) is Outcome.RIGHT


@unhurried
@given(NUMBER_LISTS, SEPARATORS, st.data())
def test_no_key_is_among_all_numbers_listed(
    numbers: list[int], separator: str, data: st.DataObject
) -> None:
    part = data.draw(st.integers(1, len(numbers) - 1))
    keys = (NumberKey(max(numbers)), NumbersKey(tuple(numbers[:part])))
    listed = separator.join(map(str, numbers))
    query = f"Which of the following numbers is the largest: {listed}?"
    for key in keys:
        for text in (listed, query, f"{query} {listed}", json.dumps(numbers)):
            assert outcome(key, text) is Outcome.WRONG
            assert outcome(key, text, query) is Outcome.WRONG


@unhurried
@given(NUMBER_LISTS, st.data())
def test_a_list_with_a_number_more_or_less_is_wrong(
    numbers: list[int], data: st.DataObject
) -> None:
    key = NumbersKey(tuple(numbers))
    more = [*numbers, data.draw(st.integers(0, 100_000) | st.sampled_from(numbers))]
    assert outcome(key, json.dumps(more)) is Outcome.WRONG
    assert outcome(key, json.dumps(numbers[1:])) is Outcome.WRONG


@unhurried
@given(CHOICE_LISTS, SEPARATORS)
def test_one_choice_is_right_and_all_are_wrong(choices: list[str], separator: str) -> None:
    for value in choices:
        key = ChoiceKey(value, tuple(choices))
        assert outcome(key, f"{value.upper()}!") is Outcome.RIGHT
        assert outcome(key, f"x{value}") is not Outcome.RIGHT or f"x{value}" in choices
        listed = separator.join(choices)
        assert outcome(key, listed) is Outcome.WRONG
        query = f"Which of the following is an anagram of q: {listed}?"
        for text in (query, f"{query} {listed}"):
            assert outcome(key, text) is Outcome.WRONG
            assert outcome(key, text, query) is Outcome.WRONG
        assert outcome(key, f"{query} {value}", query) is Outcome.RIGHT


@unhurried
@given(IDS, ID_FORMS)
def test_an_id_is_right_in_every_form(value: str, form: str) -> None:
    for written in (value, value.upper()):
        assert outcome(IdKey(value), form.format(written)) is Outcome.RIGHT


@unhurried
@given(IDS, AROUND, AROUND)
def test_nothing_around_an_id_but_letters_digits_and_underscores_matters(
    value: str, before: str, after: str
) -> None:
    # A domain is more than a bracket: what stands before its @ is another word.
    assume("@" not in before)
    assert outcome(IdKey(value), f"{before}{value}{after}") is Outcome.RIGHT
    for written in (f"x{value}", f"{value}_", f"{value} y", f"0 {value}"):
        text = f"{before}{written}{after}"
        assert outcome(IdKey(value), text) is Outcome.WRONG


@unhurried
@given(IDS, IDS, ID_FORMS, SEPARATORS)
def test_another_id_or_a_list_of_ids_is_wrong(
    value: str, other: str, form: str, separator: str
) -> None:
    assume(value != other)
    assume(value not in ("my", "hi", "andrew"))
    for written in (other, value + other, f"{value}{separator}{other}", value[:-1] + "?"):
        assert outcome(IdKey(value), form.format(written)) is Outcome.WRONG


@unhurried
@given(
    ANY_KEY,
    ANY_TEXT,
    st.sampled_from(["", "text/html", "text/plain"]) | ANY_TEXT,
    st.sampled_from([None, 0, 200, 204, 302, 404, 500, 999]),
    st.sampled_from(ProbeKind),
    st.sampled_from(["", "https://[", "https://app.example/"]) | ANY_TEXT,
)
def test_judging_never_raises_and_always_says_why(
    key: Key, text: str, content_type: str, status: int | None, probe: ProbeKind, final_url: str
) -> None:
    answered = reply(text, status=status, content_type=content_type, final_url=final_url)
    judgement = judge(question(key, probe=probe), answered)
    assert judgement == judge(question(key, probe=probe), answered)
    assert 0 < len(judgement.reason) <= 400
    assert "\n" not in judgement.reason
    judgement.reason.encode()


@unhurried
@given(st.sampled_from(sorted(FAMILIES)), st.integers(0, 10**9), IDS.filter(lambda i: len(i) > 4))
def test_drawn_questions_accept_their_key_and_no_echo(family: str, seed: int, student: str) -> None:
    submission = Submission(student, "https://app.example")
    query, key = FAMILIES[family].generate(Random(seed), submission)
    for text in right_replies(key):
        for repeated in (text, f"{query} {text}", f"{query.rstrip('?')}: {text}"):
            assert judge(question(key, query), reply(repeated)).outcome is Outcome.RIGHT, repeated
    if not isinstance(key, AnythingKey):
        echoes = (query, query.rstrip("?"), f"<p>{query}</p>", f"{query} {query}")
        for text in (*echoes, f"You asked: {query}", f"{query} -> {query}", f"{query} = {query}"):
            assert judge(question(key, query), reply(text)).outcome is Outcome.WRONG, text
