"""Words: anagrams and Scrabble."""

from random import Random

from grader.model import ChoiceKey, NumberKey, Submission
from grader.questions.family import Family
from grader.questions.resources import lines

# Each line holds words that are anagrams of each other, and behind a bar decoys.
_ANAGRAMS = [[part.split() for part in line.split("|")] for line in lines("anagrams.txt")]
_LETTERS_BY_SCORE = {1: "aeilnorstu", 2: "dg", 3: "bcmp", 4: "fhvwy", 5: "k", 8: "jx", 10: "qz"}
_SCORES = {letter: score for score, letters in _LETTERS_BY_SCORE.items() for letter in letters}
_SCRABBLE = [
    (f"What is the scrabble score of {word}?", NumberKey(sum(_SCORES[letter] for letter in word)))
    for word in lines("scrabble.txt")
]


def anagram(rng: Random, _submission: Submission) -> tuple[str, ChoiceKey]:
    """Offer one anagram of a word among decoys that look like it."""
    words, decoys = rng.choice(_ANAGRAMS)
    word, answer = rng.sample(words, 2)
    choices = [answer, *decoys]
    rng.shuffle(choices)
    query = f"Which of the following is an anagram of {word}: {', '.join(choices)}?"
    return query, ChoiceKey(answer, tuple(choices))


def scrabble(rng: Random, _submission: Submission) -> tuple[str, NumberKey]:
    """Ask for the sum of the English edition's letter values."""
    return rng.choice(_SCRABBLE)


FAMILIES = {
    "anagram": Family(
        anagram,
        "An anagram has exactly the same letters, each as often: compare the sorted letters.",
        supply=len(_ANAGRAMS),
    ),
    "scrabble": Family(
        scrabble,
        "Add up the letter values of the English edition, from 1 for A and E to 10 for Q and Z.",
        supply=len(_SCRABBLE),
    ),
}
