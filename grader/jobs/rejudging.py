"""Judging the stored replies of one attempt by other questions; nobody is asked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from grader.asking.passes import is_blocked, missing, of_a_cache, skipped, state_of
from grader.judging import judge
from grader.model import (
    ConsistencyKey,
    Judgement,
    ProbeKind,
    Question,
    ReleaseKey,
    Scorecard,
    State,
    Verdict,
)
from grader.outcomes import Cause, Outcome


def rejudge(
    scorecard: Scorecard, questions: Sequence[Question], earlier: Sequence[Scorecard] = ()
) -> Scorecard | None:
    """Judge the stored replies by `questions`.

    A question is judged by the reply to the same query through the same probe. A question without
    a reply keeps its verdict. If nobody asked for the release, the wake-up's reply may show it. If
    the app could not be asked at all, each question gets the reason for that.

    Replies that `scorecard` does not hold are looked for in the `earlier` ones of the attempt, the
    last one first.

    Returns:
        The new scorecard; None if a question cannot be judged without asking it.
    """
    if not scorecard.verdicts:
        return scorecard
    if not any(verdict.replies for verdict in scorecard.verdicts):
        verdicts = [Verdict(each, scorecard.verdicts[0].judgement) for each in questions]
        return replace(scorecard, verdicts=tuple(verdicts))
    stored = defaultdict(list)
    for card in (scorecard, *earlier):
        for verdict in card.verdicts:
            stored[_asked(verdict.question)].append(verdict)
    verdicts = []
    for question in questions:
        before = _before(question, stored[_asked(question)])
        if before is None or not (before.replies or before.outcome.rule.second_pass):
            before = _told_by_wake_up(question, scorecard) or before
        judged = _judged(question, before, verdicts)
        if judged is None:
            return None
        verdicts.append(judged)
    state, reason = scorecard.state, scorecard.reason
    if _follows_from_verdicts(scorecard):
        state, reason = state_of(verdicts)
    return replace(scorecard, state=state, reason=reason, verdicts=tuple(verdicts))


def _follows_from_verdicts(scorecard: Scorecard) -> bool:
    """Whether its state is the one that its verdicts give.

    Otherwise something else kept it from being graded, such as a network that was down in the
    second pass. It stays not graded, since nobody knows what that pass would have seen.
    """
    if scorecard.wake_up and scorecard.wake_up[-1].failure is Outcome.NOT_CHECKED:
        return False
    state, _ = state_of(scorecard.verdicts)
    return scorecard.state is state and state in (State.GRADED, State.NOT_GRADED)


def _before(question: Question, stored: list[Verdict]) -> Verdict | None:
    """The stored verdict on a question; of several, the one of the same name, or with a reply."""
    # If two entries ask the same query, each keeps its own reply.
    return min(
        stored,
        key=lambda each: (each.question.name != question.name, not each.replies),
        default=None,
    )


def _asked(question: Question) -> tuple[str, ProbeKind, str, str]:
    """What makes two questions ask the same."""
    # A release has no query, like a page; fresh connections ask the query of another question.
    how = question.key.kind if isinstance(question.key, ReleaseKey | ConsistencyKey) else ""
    return question.query, question.probe, question.typing, how


def _told_by_wake_up(question: Question, scorecard: Scorecard) -> Verdict | None:
    """The verdict on a release by what the wake-up saw; None if it saw none."""
    if not isinstance(question.key, ReleaseKey) or not scorecard.wake_up:
        return None
    told = [reply for reply in scorecard.wake_up if reply.is_healthz]
    if not told or told[-1].failure is not None:
        return None
    # Without the reply: how fast an app starts does not show how fast it answers questions.
    return Verdict(question, judge(question, told[-1]))


def _judged(question: Question, before: Verdict | None, so_far: list[Verdict]) -> Verdict | None:
    """The new verdict on a question; None if it cannot be judged without asking."""
    if names := missing(question, so_far):
        return replace(skipped(question, names), replies=before.replies if before else ())
    if before is None:
        return None
    if before.reply is not None:
        judgement = _judgement(question, before, so_far)
        if before.judgement.cause is Cause.CACHE:
            judgement = of_a_cache(judgement, asked_again=True)
        # What counts as slow was decided when it was asked.
        degraded = before.degraded and judgement.outcome is Outcome.RIGHT
        return Verdict(question, judgement, before.replies, degraded)
    # It was skipped because of a failure that is judged right today: its answer is not known.
    return None if before.outcome is Outcome.SKIPPED else replace(before, question=question)


def _judgement(question: Question, before: Verdict, so_far: list[Verdict]) -> Judgement:
    """Judge the stored replies.

    A bot protection that was found when the app was asked is still found, unless the answer is
    right. If it was not found then, it is not found now.
    """
    judgement = judge(question, *before.replies, earlier=so_far)
    if is_blocked(before.judgement):
        return judgement if judgement.outcome is Outcome.RIGHT else before.judgement
    return judge(question, *before.replies) if is_blocked(judgement) else judgement
