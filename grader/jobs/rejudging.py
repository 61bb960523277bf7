"""Judging stored replies by other questions, without asking anybody."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

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
from grader.passes import is_blocked, missing, of_a_cache, skipped, state_of


def rejudge(
    scorecard: Scorecard, questions: Sequence[Question], earlier: Sequence[Scorecard] = ()
) -> Scorecard | None:
    """The scorecard that the stored replies give with `questions`.

    Each question is answered by what was asked in the same words through the same probe, where the
    scorecard does not hold it by the `earlier` ones that it replaced, the latest first; where that
    got no reply, its verdict stands. A release that was never asked for is told by the wake-up.
    Where nothing could be asked at all, the reason why stands for any question.

    Returns:
        None where a question cannot be judged without asking it.
    """
    if not scorecard.verdicts:
        return scorecard
    if not any(verdict.replies for verdict in scorecard.verdicts):
        judgement = scorecard.verdicts[0].judgement
        verdicts = [Verdict(question, judgement) for question in questions]
        return replace(scorecard, verdicts=tuple(verdicts))
    stored = defaultdict(list)
    for card in (scorecard, *earlier):
        for verdict in card.verdicts:
            stored[_asked(verdict.question)].append(verdict)
    verdicts = []
    for question in questions:
        # Two entries may ask the same words: each keeps its own reply.
        same = sorted(
            stored[_asked(question)],
            key=lambda each: (each.question.name != question.name, not each.replies),
        )
        before = same[0] if same else None
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
    """Whether its state says what its verdicts say.

    What could not be graded for another reason, such as a network that was down when the second
    pass began, still is not graded: who knows what that pass would have seen.
    """
    if scorecard.wake_up and scorecard.wake_up[-1].failure is Outcome.NOT_CHECKED:
        return False
    state, _ = state_of(scorecard.verdicts)
    return scorecard.state is state and state in (State.GRADED, State.NOT_GRADED)


def _asked(question: Question) -> tuple[str, ProbeKind, str, str]:
    # A release is asked without words, like a page; fresh connections ask the words of another.
    how = question.key.kind if isinstance(question.key, ReleaseKey | ConsistencyKey) else ""
    return question.query, question.probe, question.typing, how


def _told_by_wake_up(question: Question, scorecard: Scorecard) -> Verdict | None:
    """The verdict on a release that only the wake-up asked for; None where it did not come."""
    if not isinstance(question.key, ReleaseKey) or not scorecard.wake_up:
        return None
    told = [reply for reply in scorecard.wake_up if reply.url.endswith("/healthz")]
    if not told or told[-1].failure is not None:
        return None
    # Without the reply: a start from sleep says nothing of how fast questions are answered.
    return Verdict(question, judge(question, told[-1]))


def _judged(question: Question, before: Verdict | None, so_far: list[Verdict]) -> Verdict | None:
    if names := missing(question, so_far):
        return replace(skipped(question, names), replies=before.replies if before else ())
    if before is None:
        return None
    if before.reply is not None:
        judgement = _judgement(question, before, so_far)
        if before.judgement.cause is Cause.CACHE:
            judgement = of_a_cache(judgement, asked_again=True)
        # How long is too long was decided when it was asked.
        degraded = before.degraded and judgement.outcome is Outcome.RIGHT
        return Verdict(question, judgement, before.replies, degraded)
    # It was skipped for what is right now: nobody knows what the answer would have been.
    return None if before.outcome is Outcome.SKIPPED else replace(before, question=question)


def _judgement(question: Question, before: Verdict, so_far: list[Verdict]) -> Judgement:
    """What the stored replies are worth now.

    Whether a bot protection stood in the way was found out when the app was asked: that stands,
    unless the answer is right.
    """
    judgement = judge(question, *before.replies, earlier=so_far)
    if is_blocked(before.judgement):
        return judgement if judgement.outcome is Outcome.RIGHT else before.judgement
    return judge(question, *before.replies) if is_blocked(judgement) else judgement
