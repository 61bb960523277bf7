"""Facts that no year changes."""

from random import Random

from grader.model import FactKey, Submission
from grader.questions.family import Family
from grader.questions.resources import table

# Long enough for an answer in a sentence, too short for a list of everything one might be asked.
_MAX_WORDS = 30

_FACTS = [
    (fact["query"], FactKey(tuple(fact["any_of"]), tuple(fact["none_of"]), max_words=_MAX_WORDS))
    for fact in table("knowledge.toml")["fact"]
]


def general_knowledge(rng: Random, _submission: Submission) -> tuple[str, FactKey]:
    """Ask for one fact."""
    return rng.choice(_FACTS)


def shakespeare(_rng: Random, _submission: Submission) -> tuple[str, FactKey]:
    """Ask what the starter app answers as it comes."""
    return "Who was Shakespeare?", FactKey(("playwright", "poet", "dramatist", "writer", "bard"))


FAMILIES = {
    "general_knowledge": Family(
        general_knowledge,
        "Answer with the fact alone, or with one short sentence.",
        supply=len(_FACTS),
    ),
    "shakespeare": Family(
        shakespeare, "The app that you forked answers this one: did a change break it?", supply=1
    ),
}
