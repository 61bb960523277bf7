"""Questions and replies to judge."""

from datetime import UTC, datetime
from typing import Any

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
    url: str = "https://app.example/api?q=x",
    final_url: str | None = None,
    failure: Outcome | None = None,
    **others: Any,
) -> Reply:
    return Reply(
        url=url,
        asked_at=others.pop("asked_at", datetime(2026, 11, 2, 12, 0, tzinfo=UTC)),
        status=status,
        text=text,
        content_type=content_type,
        final_url=url if final_url is None else final_url,
        failure=failure,
        **others,
    )


def judged(key: Key, text: str, query: str = "What is asked?") -> Judgement:
    return judge(question(key, query), reply(text))


def outcome(key: Key, text: str, query: str = "What is asked?") -> Outcome:
    return judged(key, text, query).outcome
