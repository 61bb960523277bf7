"""What fresh connections met, decided without asking anybody."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from grader.delivery.gate import Decision
from grader.delivery.gate.releases import CONNECTIONS, Met, is_lost, met, release, remarks
from grader.model import Reply
from grader.outcomes import Outcome

PROMOTE, HOLD, REJECT = Decision.PROMOTE, Decision.HOLD, Decision.REJECT
OLD, NEW = "a" * 40, "b" * 40
ALL = CONNECTIONS


def seen(commits: dict[str, int], answers: dict[str, int] | None = None) -> Met:
    return Met(Counter(commits), Counter({"83": ALL} if answers is None else answers))


@pytest.mark.parametrize(
    ("candidate", "baseline", "expected", "decision"),
    [
        (seen({NEW: ALL}), None, "", PROMOTE),
        (seen({NEW: ALL}), None, NEW, PROMOTE),
        (seen({NEW: ALL}), None, NEW[:7], PROMOTE),
        (seen({NEW[:7]: ALL}), None, NEW, PROMOTE),
        (seen({OLD: ALL}), None, NEW, REJECT),
        (seen({NEW: ALL - 1, OLD: 1}), None, "", REJECT),
        (seen({NEW: ALL - 1, OLD: 1}), None, NEW, REJECT),
        # An old server that does not know /healthz yet.
        (seen({NEW: ALL - 1, "": 1}), None, "", REJECT),
        (seen({NEW: ALL - 1, "": 1}), None, NEW, REJECT),
        (seen({"": ALL}), None, "", PROMOTE),
        (seen({"": ALL}), None, NEW, HOLD),
        (seen({}), None, "", PROMOTE),
        (seen({}), None, NEW, HOLD),
        (seen({NEW: ALL}, {"83": ALL - 1, "84": 1}), seen({OLD: ALL}), "", REJECT),
        (seen({NEW: ALL}, {"1": 30, "2": 22}), seen({OLD: ALL}, {"3": 30, "4": 22}), "", PROMOTE),
        (seen({NEW: 40, OLD: 12}), seen({NEW: 12, OLD: 40}), "", PROMOTE),
        (seen({NEW: 40, OLD: 12}), seen({NEW: 12, OLD: 40}), NEW, REJECT),
        (seen({NEW: ALL - 1}), None, "", HOLD),
        (seen({NEW: ALL}, {"83": 3}), None, "", HOLD),
        (seen({NEW: ALL}, {}), None, "", HOLD),
    ],
)
def test_one_commit_and_one_answer(
    candidate: Met, baseline: Met | None, expected: str, decision: Decision
) -> None:
    found = release(candidate, baseline, expected)
    assert found.decision is decision, found.words


def test_fifty_two_connections_miss_one_server_of_eight_once_in_a_thousand_times() -> None:
    assert (7 / 8) ** CONNECTIONS <= 0.001 < (7 / 8) ** (CONNECTIONS - 1)


def reply(path: str, status: int | None, text: str = "", failure: Outcome | None = None) -> Reply:
    return Reply(f"http://x{path}", datetime.now(UTC), status=status, text=text, failure=failure)


def test_replies_are_counted() -> None:
    healthz = '{"status": "ok", "release": {"commit": "%s"}}'
    replies = [
        *[reply("/healthz", 200, healthz % NEW)] * 3,
        *[reply("/healthz", 404)] * 2,
        *[reply("/healthz", 500)] * 4,
        *[reply("/api?q=1", 200, " 83. ")] * 2,
        reply("/api?q=1", 200, "83"),
        reply("/api?q=1", 404),
        reply("/api?q=1", None, failure=Outcome.UNREACHABLE),
    ]
    found = met(replies)
    assert found.commits == {NEW: 3, "": 2}
    assert found.answers == {"83": 3, "status 404": 1}
    assert (found.failed, found.compared, found.is_mixed) == (5, 4, True)
    assert [is_lost(each) for each in replies] == [False] * 5 + [True] * 4 + [False] * 4 + [True]


def test_remarks_say_what_nobody_can_know() -> None:
    assert list(remarks(seen({NEW: ALL}), told_by_baseline=True)) == []
    assert "does not" in "".join(remarks(seen({"": ALL}), told_by_baseline=True))
    assert "Neither side" in "".join(remarks(seen({"": ALL}), told_by_baseline=False))
