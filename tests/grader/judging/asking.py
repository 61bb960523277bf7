"""Questions and replies to judge."""

from datetime import UTC, datetime

from hypothesis import settings

from grader.judging import judge
from grader.model import Judgement, Key, ProbeKind, Question, Reply
from grader.outcomes import Outcome

# On a busy machine the time of one example says nothing.
unhurried = settings(deadline=None)


def question(key: Key, query: str = "What is asked?", probe: ProbeKind = ProbeKind.API) -> Question:
    return Question(family="any", query=query, key=key, points=10, probe=probe)


def reply(
    text: str = "",
    *,
    status: int | None = 200,
    content_type: str = "text/plain; charset=utf-8",
    final_url: str = "https://app.example/api?q=x",
    failure: Outcome | None = None,
    detail: str = "",
    text_box: bool | None = None,
) -> Reply:
    return Reply(
        url="https://app.example/api?q=x",
        asked_at=datetime(2026, 11, 2, 12, 0, tzinfo=UTC),
        status=status,
        text=text,
        content_type=content_type,
        final_url=final_url,
        failure=failure,
        detail=detail,
        text_box=text_box,
    )


def judged(key: Key, text: str, query: str = "What is asked?") -> Judgement:
    return judge(question(key, query), reply(text))


def outcome(key: Key, text: str, query: str = "What is asked?") -> Outcome:
    return judged(key, text, query).outcome
