"""Whether a reply is right, by the rules of docs/architecture.md, "Outcomes" and "Judging"."""

from collections.abc import Sequence
from dataclasses import replace

from grader.judging import keys
from grader.judging.failures import judge_failure
from grader.judging.pages import is_html_page, judge_page, judge_shown
from grader.judging.releases import judge_consistency, judge_release, read_release
from grader.model import (
    AnythingKey,
    ApiKey,
    ChoiceKey,
    ConsistencyKey,
    FactKey,
    IdKey,
    Judgement,
    NumberKey,
    NumbersKey,
    PageKey,
    ProbeKind,
    Question,
    ReleaseKey,
    Reply,
    Verdict,
)
from grader.outcomes import Outcome
from grader.text.replies import normalize, without_query

_TextKey = NumberKey | NumbersKey | ChoiceKey | IdKey | FactKey | AnythingKey
_ContentKey = _TextKey | PageKey | ApiKey


def judge(question: Question, *replies: Reply, earlier: Sequence[Verdict] = ()) -> Judgement:
    """Judge the last reply: its failure decides first, then its status, then its text.

    This never raises, whatever the text is, and takes time linear in its length. There is at least
    one reply, and the newest is the last; a check of consistency compares all of them. `earlier`
    holds the verdicts on earlier questions to the same deployment.
    """
    reply = replies[-1]
    match question.key:
        case ReleaseKey() as key:
            return judge_release(key, reply)
        case ConsistencyKey() as key:
            return judge_consistency(key, replies)
        case key:
            return judge_failure(reply, earlier) or _judge_content(key, question, reply)


def _judge_content(key: _ContentKey, question: Question, reply: Reply) -> Judgement:
    match key:
        case PageKey():
            return judge_page(reply)
        case ApiKey():
            return _judge_api(reply)
    judgement = _judge_reply(key, question.query, reply)
    if question.probe is not ProbeKind.API:
        # Such a probe hands over the answer on the page, not the page.
        return judge_shown(key, judgement, reply)
    if is_html_page(reply) and judgement.outcome is Outcome.WRONG:
        return replace(judgement, reason=f"{judgement.reason}; it is an HTML page")
    return judgement


def _judge_reply(key: _TextKey, query: str, reply: Reply) -> Judgement:
    """Judge the text behind the query, if the text begins with the query, and the whole text."""
    text = normalize(reply.text)
    answer = without_query(text, query)
    judgement = _judge_text(key, answer or text, reply)
    if answer and judgement.outcome is not Outcome.RIGHT:
        # A query of a word or two may begin its answer: "Shakespeare was a poet".
        whole = _judge_text(key, text, reply)
        return whole if whole.outcome is Outcome.RIGHT else judgement
    return judgement


def _judge_text(key: _TextKey, text: str, reply: Reply) -> Judgement:
    match key:
        case AnythingKey():
            return keys.judge_anything(key, text)
        case _ if not text:
            return Judgement(Outcome.EMPTY, Outcome.EMPTY.rule.words)
        case NumberKey():
            return keys.judge_number(key, text, reply)
        case NumbersKey():
            return keys.judge_numbers(key, text, reply)
        case ChoiceKey():
            return keys.judge_choice(key, text, reply)
        case IdKey():
            return keys.judge_id(key, text, reply)
        case FactKey():
            return keys.judge_fact(key, text, reply)


def _judge_api(reply: Reply) -> Judgement:
    if is_html_page(reply):
        words = (
            "/api answered an HTML page, where plain text was expected: is there a route for "
            "/api, and does it answer the bare text?"
        )
        return Judgement(Outcome.WRONG, words)
    return Judgement(Outcome.RIGHT, f"/api answered with status {reply.status}")
