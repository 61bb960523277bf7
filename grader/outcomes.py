"""How a question can end: one enum and one table.

Source: the course's outcome table (docs/architecture.md). Everything that depends on an outcome,
from points to advice, hangs on this table and nowhere else.
"""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one question ended. The values appear in `results.json` and are stable."""

    RIGHT = "right"
    WRONG = "wrong"
    EMPTY = "empty"
    CLIENT_ERROR = "client error"
    SERVER_ERROR = "server error"
    PROTECTED = "protected"
    RATE_LIMITED = "rate limited"
    TOO_SLOW = "too slow"
    UNREACHABLE = "unreachable"
    TOO_LARGE = "too large"
    FORBIDDEN_ADDRESS = "forbidden address"
    SKIPPED = "skipped"
    NOT_CHECKED = "not checked"

    @property
    def rule(self) -> "OutcomeRule":
        """The table's row for this outcome."""
        return OUTCOMES[self]


class Cause(StrEnum):
    """The reason behind a judgement, if it decides what happens next. The values are stored.

    Attributes:
        BOT_PROTECTION: a platform's firewall took the grader for a bot: it is asked again late and
            slowly, and an instructor may accept what was earned.
        CACHE: it is right, but only past a cache: an instructor should see it.
        CRASH: a bug of ours.
        PROBE: this probe cannot ask the page, now or later; another one may.
    """

    BOT_PROTECTION = "bot protection"
    CACHE = "cache"
    CRASH = "crash"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """One row of the table: what happened, as a clause for people, and what follows from it.

    Attributes:
        mark: a sign that reads without colour.
        scored: False if the fault may be ours: then there is no score at all, rather than zero.
        second_pass: whether it is asked once more at the end of a run.
        needs_a_look: whether an instructor should see it before signing.
    """

    words: str
    advice: str = ""
    mark: str = ":("
    earns: bool = False
    scored: bool = True
    second_pass: bool = False
    needs_a_look: bool = False


OUTCOMES: dict[Outcome, OutcomeRule] = {
    Outcome.RIGHT: OutcomeRule("the answer is right", mark=":)", earns=True),
    Outcome.WRONG: OutcomeRule(
        "the answer is not right",
        "Run the app on your machine, ask it the same query and compare.",
    ),
    Outcome.EMPTY: OutcomeRule(
        "the app answered, but with nothing",
        "No branch of your code matched the query: look at how it is recognised.",
    ),
    Outcome.CLIENT_ERROR: OutcomeRule(
        "the app answered with a 4xx error",
        "Open the link: is it your deployed app, and does it have this path?",
    ),
    Outcome.SERVER_ERROR: OutcomeRule(
        "the app answered with a 5xx error",
        "Look into the platform's log: your code probably raised an exception.",
        second_pass=True,
    ),
    Outcome.PROTECTED: OutcomeRule(
        "the deployment asks for a login",
        "Hand in the production domain, or switch deployment protection off "
        "(Vercel: Settings, Deployment Protection, Vercel Authentication).",
        needs_a_look=True,
    ),
    Outcome.RATE_LIMITED: OutcomeRule(
        "the platform limited the rate of requests (429)",
        "Wait a minute and check again; if it stays, look at the platform's limits.",
        second_pass=True,
        needs_a_look=True,
    ),
    Outcome.TOO_SLOW: OutcomeRule(
        "no complete reply came before the deadline",
        "Free hosts fall asleep: open the page once, wait for it, and check again.",
        second_pass=True,
    ),
    Outcome.UNREACHABLE: OutcomeRule(
        "the app could not be reached",
        "Open the link in a private window: does it load there?",
        second_pass=True,
    ),
    Outcome.TOO_LARGE: OutcomeRule(
        "the reply is larger than the grader reads, or packed in a way that it does not read",
        "Answer with the plain text of the answer and nothing around it.",
    ),
    Outcome.FORBIDDEN_ADDRESS: OutcomeRule(
        "the link leads into a private network",
        "Deploy the app and hand in its public URL.",
    ),
    Outcome.SKIPPED: OutcomeRule(
        "not asked, since something it builds on failed",
        "Fix that first.",
        mark=":|",
    ),
    Outcome.NOT_CHECKED: OutcomeRule(
        "the grader could not check this; it costs nothing",
        "Nothing to do for the student: run the grader again.",
        mark=":|",
        scored=False,
        second_pass=True,
    ),
}
