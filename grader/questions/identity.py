"""Questions whose answer is the student."""

from random import Random

from grader.model import IdKey, Submission
from grader.questions.family import Family

# Each holds "Andrew ID": an app that looks for these two words answers all of them.
_ANDREW_ID_WORDINGS = (
    "What is your Andrew ID?",
    "Please tell me your Andrew ID.",
    "Could you tell me your Andrew ID?",
    "Which Andrew ID belongs to you?",
)


def andrew_id(rng: Random, submission: Submission) -> tuple[str, IdKey]:
    """Ask for the student's Andrew ID, in one of several wordings."""
    return rng.choice(_ANDREW_ID_WORDINGS), IdKey(submission.andrew_id)


def name(_rng: Random, submission: Submission) -> tuple[str, IdKey]:
    """Ask for a player's handle; only a contest knows the right answer."""
    return "What is your name?", IdKey(submission.andrew_id)


FAMILIES = {
    "name": Family(name, "Answer with the name under which you joined the contest.", supply=1),
    "andrew_id": Family(
        andrew_id,
        "Answer with your own Andrew ID alone whenever the query holds the words Andrew ID, in "
        "capital letters or small ones.",
        supply=len(_ANDREW_ID_WORDINGS),
    ),
}
