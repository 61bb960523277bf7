"""What to do next. Advice depends on the app that was asked, and on where it runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.analysis.attention import advice_of_the_mark
from grader.formats import wrong_ids
from grader.formats.escaping import one_line
from grader.formats.words import repeat_command, repeat_url
from grader.model import IdKey, NumberKey, NumbersKey, Reply, Scorecard, State, Verdict, called
from grader.outcomes import Cause, Outcome
from grader.text.hosts import leads_to_own_machine

STARTER_FILE = "webapp/query_processor.py"
STARTER_TESTS = "python -m pytest tests/webapp"
STARTER_FAILS = (
    "The app could not be started. The terminal says why.",
    "The app failed on this query. Its log says why.",
)
"""What our starter answers if its code cannot be run, or raises an exception."""

_REPLY_LIMIT = 2_000
# A reply within this time shows that the host is awake. Then a late reply has another cause.
_AT_ONCE_MS = 2_000

_STATE_ADVICE = {
    State.GRADED: "",
    State.UNREACHABLE: "Open the link in a private window: does it load there?",
    State.REFUSED: "Deploy the app and hand in its public URL.",
    State.INVALID: "Hand in the address of the deployed app, as the browser shows it.",
    State.NOT_GRADED: "The grader's own side failed; this is no zero. Run the grader again.",
}
_NOT_STARTED = (
    "Is the app running on this machine? Start it, leave its terminal open, and check again."
)
_ANOTHER_PORT = (
    "Or is the number behind the colon another than the one that the app named when it started "
    "(usually 3000)?"
)
_HTTP_HERE = "Write http:// in place of https://; an app on your own machine has no https."
_PARTLY_GRADED = (
    "What is missing could not be checked, and what was earned is kept: this is no zero. Run the "
    "grader again later."
)
_ENDLESS = (
    "Your code most likely never ends for this query, or is still busy with an earlier one: look "
    "for a loop whose condition stays true."
)
_IN_THE_TERMINAL = (
    "Look into the terminal where the app runs: your code probably raised an exception."
)
_NO_BRANCH = (
    "An empty reply means that no branch of your code matched the query, or that an earlier one "
    "did and returned nothing."
)
_EARLIER_BRANCH = (
    "An earlier branch of your code may have answered: of several that match a query, the first "
    "one counts."
)
_PLACEHOLDER_LEFT = "The placeholder is still in your code: write your own id in its place."
_FILE = f"The file to change is {STARTER_FILE}."
_TESTS = f"Run {STARTER_TESTS}: the starter's own tests name the usual mistakes."
_REDEPLOY = "Then commit, push, wait until the platform has redeployed, and check again."

# Families whose wording holds that of another family: "What is 2 plus 3 multiplied by 4?"
_LOOK_LIKE_OTHERS = frozenset({"addition_of_three", "plus_multiplied", "multiplied_plus"})
_ANSWERS = frozenset({Outcome.WRONG, Outcome.EMPTY})
_OF_THE_CODE = frozenset({*_ANSWERS, Outcome.SERVER_ERROR})


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do, and the checks that it mends."""

    advice: str
    verdicts: tuple[Verdict, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What these checks are called, each name once."""
        return tuple(dict.fromkeys(called(verdict.question) for verdict in self.verdicts))


class Advice:
    """Advice on one scorecard, as a whole and for each of its verdicts.

    With `by_option` the reader gave the id as an option. The app is made from our `starter` if it
    tells its release, or fails, in the starter's way; it is `local` if this machine runs it.
    """

    def __init__(self, scorecard: Scorecard, *, by_option: bool = False) -> None:
        self.scorecard = card = scorecard
        self.by_option = by_option
        self.starter = card.release is not None or any(map(_starter_failed, card.verdicts))
        self.local = leads_to_own_machine(card.submission.url)
        replies = [(each.question, each.reply) for each in card.verdicts if each.reply]
        self._prompt = any(_came_at_once(reply) for _, reply in replies)
        self._families_by_reply: dict[str, set[str]] = {}
        for question, reply in replies:
            if not question.is_check and reply.text.strip():
                families = self._families_by_reply.setdefault(reply.text.strip(), set())
                families.add(question.family)
        self._other_id = wrong_ids.other_id(card)

    @property
    def on_state(self) -> str:
        """What to do about the scorecard's state; empty if it is graded."""
        card, own = self.scorecard, advice_of_the_mark(self.scorecard)
        unchecked = [each for each in card.verdicts if not each.outcome.rule.scored]
        if unchecked and all(each.judgement.cause is Cause.PROBE for each in unchecked):
            return own
        if card.state is State.NOT_GRADED and card.seen:
            return f"{own} {_PARTLY_GRADED}".lstrip()
        if card.state is State.UNREACHABLE and self.local:
            looks = (*card.wake_up[-1:], *(each.reply for each in card.verdicts))
            return own or _not_started(next((each for each in looks if each), None))
        return own or _STATE_ADVICE[card.state]

    @property
    def on_all_right(self) -> str:
        """What to do if no points were lost."""
        if self.local:
            return "Everything is right on this machine. Deploy it, and check what is deployed."
        return "Everything is right."

    def on(self, verdict: Verdict) -> str:
        """What to do about one verdict; empty if it is right."""
        return " ".join(part for part in (self._main(verdict), *self._more(verdict)) if part)

    @property
    def tasks(self) -> list[Task]:
        """The tasks, each advice once, in the order of the checks; a consequence has no task."""
        by_advice: dict[str, list[Verdict]] = {}
        for verdict in self._causes():
            by_advice.setdefault(self._main(verdict), []).append(verdict)
        return [Task(advice, tuple(verdicts)) for advice, verdicts in by_advice.items() if advice]

    @property
    def more(self) -> list[str]:
        """Advice on several tasks, or for afterwards, each said once."""
        causes = self._causes()
        said = [part for verdict in causes for part in self._more(verdict)]
        if any(self._is_of_the_code(each) for each in causes):
            if not self.local:
                said.append(_REDEPLOY)
            elif self.starter:
                said.append(_TESTS)
        return list(dict.fromkeys(said))

    def _causes(self) -> Sequence[Verdict]:
        lost = [each for each in self.scorecard.verdicts if not each.outcome.rule.earns]
        return [each for each in lost if not is_consequence(each)] or lost

    def _main(self, verdict: Verdict) -> str:
        rule = verdict.outcome.rule
        if rule.earns:
            return ""
        if verdict.judgement.advice:
            return verdict.judgement.advice
        if verdict.outcome is Outcome.SERVER_ERROR or _starter_failed(verdict):
            return _IN_THE_TERMINAL if self.local else Outcome.SERVER_ERROR.rule.advice
        if wrong_ids.holds_placeholder(verdict):
            return _PLACEHOLDER_LEFT
        if wrong_ids.is_id(verdict, self._other_id):
            return self._which_id
        if verdict.outcome in _ANSWERS and verdict.question.hint:
            return verdict.question.hint
        if self._is_endless(verdict):
            return _ENDLESS
        if verdict.outcome is Outcome.EMPTY and verdict.question.query:
            return _NO_BRANCH
        if self.local and verdict.outcome is Outcome.UNREACHABLE:
            return _not_started(verdict.reply)
        return rule.advice

    def _more(self, verdict: Verdict) -> list[str]:
        """What else helps with an answer: where to look, and in which file."""
        question, outcome = verdict.question, verdict.outcome
        if outcome not in _ANSWERS or not question.query:
            return []
        if _starter_failed(verdict) or wrong_ids.is_id(verdict, self._other_id):
            return []
        said = []
        if outcome is Outcome.EMPTY:
            said.append(_NO_BRANCH)
        elif self._may_be_anothers(verdict) and not wrong_ids.holds_placeholder(verdict):
            said.append(_EARLIER_BRANCH)
        unknown = outcome is Outcome.EMPTY or isinstance(question.key, IdKey)
        if self.starter and unknown and STARTER_FILE not in question.hint:
            said.append(_FILE)
        return [part for part in said if part != self._main(verdict)]

    @property
    def _which_id(self) -> str:
        student = self.scorecard.submission.andrew_id
        expected = ", --andrew-id says " if self.by_option else "; you are graded as "
        return f"Your app says {self._other_id}{expected}{student}: which one is spelled right?"

    def _is_of_the_code(self, verdict: Verdict) -> bool:
        """Whether a change of the code mends it."""
        if wrong_ids.is_id(verdict, self._other_id):
            return False
        return verdict.outcome in _OF_THE_CODE or self._is_endless(verdict)

    def _is_endless(self, verdict: Verdict) -> bool:
        """Whether a reply is late for another reason than the sleep of the host."""
        return verdict.outcome is Outcome.TOO_SLOW and (self.local or self._prompt)

    def _may_be_anothers(self, verdict: Verdict) -> bool:
        """Whether a branch for other queries may have given this wrong reply."""
        if verdict.reply is None:
            return False
        text = wrong_ids.said(verdict)
        question = verdict.question
        if question.family in _LOOK_LIKE_OTHERS:
            return True
        if self._families_by_reply.get(text, set()) - {question.family}:
            return True
        is_number = isinstance(question.key, NumberKey | NumbersKey)
        return is_number and not any(char.isdecimal() for char in text)


def is_consequence(verdict: Verdict) -> bool:
    """Whether it was not asked because an earlier check failed."""
    given_up = verdict.outcome is Outcome.UNREACHABLE and not verdict.replies
    return given_up or verdict.outcome is Outcome.SKIPPED


def explanation(advice: Advice, verdict: Verdict) -> list[str]:
    """Say why a verdict is not right, what to do, and how to ask again. Nothing is escaped yet."""
    lines = [verdict.judgement.reason, advice.on(verdict)]
    if verdict.reply:
        if verdict.reply.text or not verdict.reply.failure:
            lines.append(f"Reply: {one_line(verdict.reply.text, _REPLY_LIMIT) or '(empty)'}")
        lines.append(f"Repeat: {repeat_url(verdict)}")
    if command := repeat_command(advice.scorecard.submission, verdict):
        lines.append(f"Repeat: {command}")
    return [line for line in lines if line]


def _starter_failed(verdict: Verdict) -> bool:
    """Whether our starter says that it failed; its page says it with status 200."""
    text = wrong_ids.said(verdict)
    return not verdict.outcome.rule.earns and any(each in text for each in STARTER_FAILS)


def _not_started(asked: Reply | None) -> str:
    """What to do if no app on this machine answered the request `asked`."""
    if asked is None:
        return _NOT_STARTED
    if asked.timings is None:  # no connection
        return f"{_NOT_STARTED} {_ANOTHER_PORT}"
    return _HTTP_HERE if asked.url.startswith("https://") else _NOT_STARTED


def _came_at_once(reply: Reply) -> bool:
    return reply.failure is None and reply.status is not None and reply.elapsed_ms <= _AT_ONCE_MS
