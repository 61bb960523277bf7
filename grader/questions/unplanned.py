"""Queries that nobody planned for."""

from random import Random

from grader.model import AnythingKey, Submission
from grader.questions.family import Family

# "divided" holds the letters "id": an app that looks for those answers it with an Andrew ID.
_WORDINGS = (
    "What is {} divided by {}?",
    "How much is {} divided by {}?",
    "Can {} be divided by {}?",
    "If {} apples are divided among {} friends, how many does each one get?",
)


def robust(rng: Random, submission: Submission) -> tuple[str, AnythingKey]:
    """Ask for a division, which belongs to no family: any harmless reply will do."""
    divisor = rng.randrange(2, 13)
    dividend = divisor * rng.randrange(2, 100)
    query = rng.choice(_WORDINGS).format(dividend, divisor)
    return query, AnythingKey(without=submission.andrew_id)


FAMILIES = {
    "robust": Family(
        robust,
        "This query does not ask for your Andrew ID, and an app need not know it: answer nothing "
        "or a few words. If you look for the letters id, you also find them inside divided.",
    )
}
