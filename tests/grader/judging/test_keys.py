"""Replies as the course saw them, and as the rules of judging name them."""

import pytest

from grader.model import AnythingKey, ChoiceKey, FactKey, IdKey, Key, NumberKey, NumbersKey
from grader.outcomes import Outcome
from tests.grader.judging.asking import judged, outcome

LISTEN = ChoiceKey("silent", ("enlists", "google", "silent", "banana"))
SHAKESPEARE = FactKey(("playwright", "poet", "dramatist", "writer", "bard"))
PARIS = FactKey(("Paris",), none_of=("London", "New York"), max_words=8)
PRIMES = NumbersKey((2, 3))
BIOGRAPHY = (
    "William Shakespeare (26 April 1564 - 23 April 1616) was an English poet, playwright, and "
    "actor, widely regarded as the greatest writer in the English language."
)
ROSTER = "abc123 bcd234 cde345 tbouri xyz789"


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "<p>{}</p>",
        "* {} :)",
        '{{ "answer": "{}" }}',
        "The answer is {}",
        "That makes {}",
        "→ {}",
        "What is asked? {}",
        "What is asked? That was {}!",
    ],
)
@pytest.mark.parametrize(
    ("key", "reply"),
    [
        (NumberKey(71), "371"),
        (NumberKey(89), "8"),
        (NumberKey(-9), "9"),
        (NumbersKey((1, 64)), "1"),
        (NumberKey(0), ""),
        (IdKey("abc123"), "YOUR ANDREW ID SHOULD BE HERE"),
        (IdKey("tbouri"), "tb"),
        (NumberKey(23), "<style>p { margin: 23px }</style>"),
        (NumberKey(66), "Which of the following numbers is the largest: 12, 66, 54?"),
        (NumberKey(83), " ".join(str(number) for number in range(200))),
        (LISTEN, "enlists, google, silent, banana"),
        (IdKey("abc123"), ROSTER),
    ],
)
def test_traps_earn_nothing_whatever_is_around_them(key: Key, reply: str, around: str) -> None:
    assert outcome(key, around.format(reply)) in (Outcome.WRONG, Outcome.EMPTY)


@pytest.mark.parametrize(
    ("key", "reply", "decided_by"),
    [
        (NumberKey(83), "83", "whole"),
        (NumberKey(83), "83\n", "whole"),
        (NumberKey(83), "83.0", "whole"),
        (NumberKey(83), '"83"', "whole"),
        (NumberKey(83), "8.3e1", "whole"),
        (NumberKey(83), "The answer is 83", "whole"),
        (NumberKey(83), "The answer is 83.", "whole"),
        (NumberKey(83), '{"answer": 83}', "whole"),
        (NumberKey(83521), "83,521", "whole"),
        (NumberKey(168), "168 is the answer", "whole"),
        (NumberKey(168), "76 plus 92 is 168", "tail"),
        (NumberKey(168), "76 + 92 = 168", "tail"),
        (NumberKey(66), "The largest of 12, 66, 54 is: 66", "tail"),
        (NumberKey(83), "75 plus 8 equals 83", "tail"),
        (NumberKey(83), "75 and 8 make 83!", "tail"),
        (NumberKey(83), "75 plus 8 gives 83", "tail"),
        (NumberKey(83), "75 plus 8 was 83", "tail"),
        (NumberKey(83), "75+8 \u2192 83", "tail"),
        (NumberKey(83), "75+8\u219283", "tail"),
        (NumberKey(83), "75+8 -> 83", "tail"),
        (NumberKey(83), "75+8 => 83", "tail"),
        (NumberKey(83), "75 + 8 = 83, which was easy", "tail"),
        (NumberKey(-9), "75 minus 84 makes minus 9", "tail"),
        (NumberKey(-9), "75 minus 84 is equal to minus 9", "tail"),
        (NumberKey(-9), "75-84 \u2192 -9", "tail"),
        (NumberKey(-9), "75-84 -> - 9", "tail"),
        (NumberKey(-9), "75-84->-9", "tail"),
        (NumberKey(-9), "75 - 84 => \u22129", "tail"),
        (NumberKey(-9), "The result was negative 9", "whole"),
        (NumberKey(-9), "Result \u2192 - 9", "whole"),
        (NumberKey(55), "The 10th number in the Fibonacci sequence is 55", "whole"),
        (NumberKey(-16), "-16", "whole"),
        (NumberKey(-16), "\u221216", "whole"),
        (NumberKey(-16), "- 16", "whole"),
        (NumberKey(-16), "The answer is minus 16", "whole"),
        (NumberKey(-16), "76 - 92 = -16", "tail"),
        (NumberKey(-16), "76-92=-16", "tail"),
        (NumberKey(0.5), "0.50", "whole"),
        (NumberKey(15_000_000_000), "1.5e+10", "whole"),
        (NumberKey(9007199254740991), "9007199254740991", "whole"),
        (NumberKey(9007199254740991), "9.007199254740991E15", "whole"),
        (PRIMES, "2, 3", "whole"),
        (PRIMES, "3 2", "whole"),
        (PRIMES, "2,3", "whole"),
        (PRIMES, "2 and 3", "whole"),
        (PRIMES, "[2, 3]", "whole"),
        (PRIMES, "The primes are 2 and 3.", "whole"),
        (PRIMES, "* 2\n* 3", "whole"),
        (PRIMES, "- 2\n- 3", "whole"),
        (PRIMES, "2.0, 3.0", "whole"),
        (PRIMES, "The primes among 2, 3, 4 are 2 and 3.", "tail"),
        (PRIMES, "Among 2, 3, 4 they were 2 and 3, which was easy", "tail"),
        (LISTEN, "silent", "whole"),
        (LISTEN, "Silent.", "whole"),
        (LISTEN, "An anagram of listen is 'silent'", "whole"),
        (IdKey("abc123"), "abc123", "whole"),
        (IdKey("abc123"), "ABC123\r\n", "whole"),
        (IdKey("abc123"), "abc123@andrew.cmu.edu", "whole"),
        (IdKey("abc123"), '"abc123"', "whole"),
        (IdKey("abc123@andrew.cmu.edu"), "abc123", "whole"),
        (IdKey("abc123"), "Hi, I am new here and my Andrew ID is abc123", "tail"),
        (IdKey("abc123"), "My Andrew ID is abc123@andrew.cmu.edu!", "tail"),
        (IdKey("abc123"), "My Andrew ID: abc123", "tail"),
        (IdKey("abc123"), '{"andrew_id": "abc123"}', "tail"),
        (IdKey("abc123"), "abc123 is my Andrew ID", "head"),
        (IdKey("abc123"), "Hello, I am abc123.", "tail"),
        (IdKey("abc123"), "I'm abc123!", "tail"),
        (IdKey("abc123"), "It\u2019s abc123", "tail"),
        (IdKey("abc123"), "abc123 !", "whole"),
        (IdKey("abc123"), "abc123 :)", "whole"),
        (IdKey("abc123"), "\U0001f389 abc123 \u2764\ufe0f", "whole"),
        (IdKey("abc123"), "- abc123", "whole"),
        (IdKey("abc123"), "> **abc123**", "whole"),
        (IdKey("abc123"), "[ 'abc123' ]", "whole"),
        (IdKey("abc123"), '{ "id": "abc123" }', "tail"),
        (IdKey("abc123"), '{\n    "andrew_id": "abc123"\n}\n', "tail"),
        (IdKey("abc123"), "Andrew ID \u2192 abc123 :)", "tail"),
        (IdKey("abc123"), "My Andrew ID is abc123 :)", "tail"),
        (IdKey("abc123"), "<b>abc123</b>", "whole"),
        (IdKey("abc123"), '<p class="answer">abc123</p><br/>', "whole"),
        (IdKey("abc123"), "<p>My Andrew ID is <b>abc123</b>.</p>", "tail"),
        (IdKey("abc123"), "<div>abc123</div> is my Andrew ID", "head"),
        (IdKey("abc123"), "<abc123>", "whole"),
        (IdKey("abc123"), "<abc123@andrew.cmu.edu>", "whole"),
        (IdKey("abc_12_"), "abc_12_.", "whole"),
        (SHAKESPEARE, BIOGRAPHY, "whole"),
        (SHAKESPEARE, "The Bard!", "whole"),
        (PARIS, "It is in Paris, France.", "whole"),
        (PARIS, "PARIS", "whole"),
        (AnythingKey("abc123"), "", "whole"),
        (AnythingKey("abc123"), "Sorry, I don\u2019t understand the question.", "whole"),
        (AnythingKey("abc123"), "abc1234 " * 20, "whole"),
    ],
)
def test_right_replies(key: Key, reply: str, decided_by: str) -> None:
    judgement = judged(key, reply)
    assert (judgement.outcome, judgement.decided_by) == (Outcome.RIGHT, decided_by)


@pytest.mark.parametrize(
    ("key", "reply", "decided_by", "said"),
    [
        (NumberKey(71), "371", "whole", "71 was expected, the reply holds 371"),
        (NumberKey(83), "I don't know", "whole", "83 was expected, the reply holds no number"),
        (NumberKey(83), "83 or 84", "whole", "the reply holds 83, 84"),
        (NumberKey(168), "76 plus 92 is 167", "tail", "the end of the reply holds 167"),
        (NumberKey(168), "168 = 76 + 92", "whole", "the reply holds 168, 76, 92"),
        (NumberKey(9), "75 minus 84 makes minus 9", "tail", "the end of the reply holds -9"),
        (NumberKey(9), "75-84 \u2192 - 9", "tail", "the end of the reply holds -9"),
        (NumberKey(9), "75 minus 84 equals negative 9", "tail", "the end of the reply holds -9"),
        (NumberKey(9), "Result -> -9", "whole", "the reply holds -9"),
        (NumberKey(83), "83 makes 75 plus 8", "whole", "the reply holds 83, 75, 8"),
        (NumberKey(83), "75 plus 8 makes 83 or 84", "whole", "the reply holds 75, 8, 83, 84"),
        (NumberKey(83), "75 + 8 = 84 = 83 = 85", "tail", "the end of the reply holds 85"),
        (NumberKey(16), "- 16", "whole", "the reply holds -16"),
        (NumberKey(9), "The answer is minus 9", "whole", "the reply holds -9"),
        (NumberKey(4), "3-4", "whole", "the reply holds 3, 4"),
        (NumberKey(-4), "3-4", "whole", "the reply holds 3, 4"),
        (NumberKey(30), "12:30", "whole", "no number"),
        (NumberKey(83), "0,083", "whole", "the reply holds 0, 083"),
        (NumberKey(83), "NaN", "whole", "no number"),
        (NumberKey(83), "null", "whole", "no number"),
        (NumberKey(83), "Infinity", "whole", "no number"),
        (NumberKey(83), "83px", "whole", "no number"),
        (NumberKey(9007199254740991), "9007199254740992", "whole", "9007199254740992"),
        (NumberKey(9007199254740991), "9007199254740991.1", "whole", "9007199254740991.1"),
        (PRIMES, "2", "whole", "the list 2, 3 was expected and no other number"),
        (PRIMES, "2, 3, 3", "whole", "the reply holds 2, 3, 3"),
        (PRIMES, "2, 3, 4", "whole", "the reply holds 2, 3, 4"),
        (PRIMES, "2, -3", "whole", "the reply holds 2, -3"),
        (PRIMES, "2.3", "whole", "the reply holds 2.3"),
        (PRIMES, "None", "whole", "no number: “None”"),
        (PRIMES, "The primes among 2, 3, 4 are 2, 4", "tail", "the reply holds 2, 4"),
        (PRIMES, "Which of the following numbers are primes: 2, 3, 4?", "tail", "2, 3, 4"),
        (LISTEN, "google", "whole", "the reply names google"),
        (LISTEN, "silent or banana", "whole", "the reply names silent, banana"),
        (LISTEN, "silently", "whole", "none of the choices: “silently”"),
        (LISTEN, "listen", "whole", "none of the choices"),
        (IdKey("abc123"), "abc123 xyz789", "whole", "has more around it"),
        (IdKey("abc123"), "My Andrew ID is", "whole", "the reply is “My Andrew ID is”"),
        (IdKey("abc123"), "abc1234", "whole", "the reply is “abc1234”"),
        (IdKey("abc123"), "I am not abc123", "whole", "has more around it"),
        (IdKey("abc123"), "It's abc123 or xyz789", "whole", "has more around it"),
        (IdKey("abc123"), "abc123@ xyz789", "whole", "has more around it"),
        (IdKey("abc123"), "<b>abc123</b> <b>xyz789</b>", "whole", "has more around it"),
        (IdKey("abc123"), '["abc123", "xyz789"]', "whole", "has more around it"),
        (IdKey("abc123"), "- abc123\n- xyz789", "whole", "has more around it"),
        (IdKey("abc123"), "<b>abc</b>123", "whole", "the reply is “<b>abc</b>123”"),
        (IdKey("abc123"), "_abc123_", "whole", "the reply is “_abc123_”"),
        (IdKey("abc123"), "<abc123>xyz789</abc123>", "whole", "has more around it"),
        (IdKey(""), "!?", "whole", "the reply is “!?”"),
        (SHAKESPEARE, "poetry", "whole", "the reply is “poetry”"),
        (SHAKESPEARE, BIOGRAPHY + " word" * 40, "whole", "at most 60 words"),
        (PARIS, "Paris or London", "whole", "the reply names “London”"),
        (PARIS, "Not New York", "whole", "the reply names “New York”"),
        (PARIS, "one two three four five six seven eight Paris", "whole", "the reply has 9"),
        (AnythingKey("abc123"), "my id is ABC123!", "whole", "“abc123”"),
        (AnythingKey("abc123"), "abc123@andrew.cmu.edu", "whole", "“abc123”"),
        (AnythingKey("abc123"), "word " * 21, "whole", "at most 20 words"),
    ],
)
def test_wrong_replies_and_why(key: Key, reply: str, decided_by: str, said: str) -> None:
    judgement = judged(key, reply)
    assert (judgement.outcome, judgement.decided_by) == (Outcome.WRONG, decided_by)
    assert said in judgement.reason


@pytest.mark.parametrize(
    "key", [NumberKey(0), PRIMES, LISTEN, IdKey("abc123"), SHAKESPEARE, PARIS], ids=str
)
@pytest.mark.parametrize("nothing", ["", " \r\n", '""', "."])
def test_nothing_is_no_answer(key: Key, nothing: str) -> None:
    assert outcome(key, nothing) is Outcome.EMPTY


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("<html><body><h1>abc123</h1></body></html>", "the reply, without its markup, is it"),
        ("<p>I am <b>abc123</b></p>", "the end of the reply, without its markup, is it"),
        ("abc123", "expected, and the reply is it"),
    ],
)
def test_markup_around_the_id_is_said(reply: str, said: str) -> None:
    assert judged(IdKey("abc123"), reply).reason.endswith(said)


def test_a_long_reply_is_cut_in_the_reason() -> None:
    reason = judged(IdKey("abc123"), "x" * 500).reason
    assert "“" + "x" * 79 + "…”" in reason


@pytest.mark.parametrize(
    "text", ["\ufeffabc123", "abc123\u200b", "abc\u00ad123", "\u202aabc123\u202c"]
)
def test_what_nobody_can_see_costs_nothing(text: str) -> None:
    assert outcome(IdKey("abc123"), text) is Outcome.RIGHT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dark red", Outcome.RIGHT),
        ("It is dark red.", Outcome.RIGHT),
        ("red", Outcome.WRONG),
        ("red or dark red", Outcome.WRONG),
        ("red, dark red", Outcome.WRONG),
    ],
)
def test_a_choice_within_another_is_not_named_by_it(text: str, expected: Outcome) -> None:
    assert outcome(ChoiceKey("dark red", ("red", "dark red")), text) is expected


SUM = "What is 75 plus 8?"
DIFFERENCE = "What is 75 minus 84?"
LARGEST = "Which of the following numbers is the largest: 12, 66, 54?"
ANAGRAM = "Which of the following is an anagram of listen: enlists, google, silent, banana?"
ANDREW_ID = "What is your Andrew ID?"


@pytest.mark.parametrize(
    ("key", "query", "reply"),
    [
        (NumberKey(83), SUM, "What is 75 plus 8? 83"),
        (NumberKey(83), SUM, "what is 75 plus 8?83"),
        (NumberKey(83), SUM, '"What is 75 plus 8?"\n83'),
        (NumberKey(83), SUM, "What is 75 plus 8 83"),
        (NumberKey(83), SUM, "(What is 75 plus 8?) The answer is 83."),
        (NumberKey(83), SUM, "What is 75 plus 8? 75 plus 8 makes 83."),
        (NumberKey(0.5), "What is 1 divided by 2?", "What is 1 divided by 2? .5"),
        (NumberKey(-9), DIFFERENCE, "What is 75 minus 84? -9"),
        (NumberKey(-9), DIFFERENCE, "What is 75 minus 84?-9"),
        (NumberKey(-9), DIFFERENCE, "What is 75 minus 84? - 9"),
        (NumberKey(-9), DIFFERENCE, "What is 75 minus 84? minus 9"),
        (NumberKey(66), LARGEST, f"{LARGEST} 66"),
        (PRIMES, "Which are primes: 2, 3, 4?", "Which are primes: 2, 3, 4? 2, 3"),
        (LISTEN, ANAGRAM, f"{ANAGRAM} silent"),
        (IdKey("abc123"), ANDREW_ID, "What is your Andrew ID? abc123"),
        (IdKey("abc123"), ANDREW_ID, "What\u00a0is your Andrew ID?: <b>abc123</b>"),
        (FactKey(("right",), none_of=("left",)), "Left or right?", "Left or right? Right"),
        # A query that its answer begins with is no repetition.
        (FactKey(("Shakespeare was a poet",)), "Shakespeare", "Shakespeare was a poet"),
    ],
)
def test_a_query_that_is_repeated_before_the_answer_does_not_matter(
    key: Key, query: str, reply: str
) -> None:
    assert outcome(key, reply, query) is Outcome.RIGHT


@pytest.mark.parametrize(
    ("key", "query", "reply", "said"),
    [
        (NumberKey(83), SUM, "What is 75 plus 8? 84", "83 was expected, the reply holds 84"),
        (NumberKey(83), SUM, "What is 75 plus 8?", "the reply holds 75, 8"),
        (NumberKey(83), SUM, f"{SUM} {SUM}", "the reply holds 75, 8"),
        (NumberKey(83), SUM, "What is 75 plus 8.83", "the reply holds 75, 8.83"),
        (NumberKey(83), SUM, "What is 75 plus 8-83", "the reply holds 75, 8, 83"),
        (NumberKey(83), SUM, "What is 75 minus 8? 83", "the reply holds 75, 8, 83"),
        (NumberKey(9), DIFFERENCE, "What is 75 minus 84? -9", "the reply holds -9"),
        (NumberKey(9), DIFFERENCE, "What is 75 minus 84? - 9", "the reply holds -9"),
        (NumberKey(66), LARGEST, f"{LARGEST} 12, 66, 54", "the reply holds 12, 66, 54"),
        (LISTEN, ANAGRAM, f"{ANAGRAM} silent banana", "the reply names silent, banana"),
        (IdKey("abc123"), ANDREW_ID, f"{ANDREW_ID} {ROSTER}", "has more around it"),
        (IdKey("abc123"), ANDREW_ID, "What is your Andrew ID? xyz789", "the reply is"),
    ],
)
def test_a_repeated_query_earns_nothing(key: Key, query: str, reply: str, said: str) -> None:
    judgement = judged(key, reply, query)
    assert judgement.outcome is Outcome.WRONG
    assert said in judgement.reason


def test_a_repeated_query_is_none_of_the_words_of_a_short_reply() -> None:
    query = " ".join(["Can"] * 15)
    assert outcome(AnythingKey("abc123"), f"{query}? {'No ' * 20}", query) is Outcome.RIGHT
    assert outcome(AnythingKey("abc123"), f"{query}? {'No ' * 21}", query) is Outcome.WRONG
    assert outcome(AnythingKey("abc123"), f"{query}? abc123", query) is Outcome.WRONG
