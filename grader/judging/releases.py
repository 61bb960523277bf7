"""What is really deployed: which release answers, and whether all instances agree."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from grader.judging.failures import judge_failure
from grader.model import COMMIT, ConsistencyKey, Judgement, Release, ReleaseKey, Reply
from grader.outcomes import Outcome
from grader.text.commits import is_same_commit, short
from grader.text.cutting import quoted
from grader.text.replies import normalize

_SHOWN = 4


def read_release(reply: Reply) -> Release | None:
    """Read the release, in short texts, from a stranger's `/healthz`; None if there is none."""
    if reply.status != 200 or reply.failure is not None:
        return None
    try:
        told = json.loads(reply.text)["release"]
        commit = told.get("commit")
        places = [told.get(name) for name in ("platform", "environment", "region")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    # JSON lets half of a surrogate pair through, which no file could hold.
    platform, environment, region = (
        place[:60].encode(errors="replace").decode() if isinstance(place, str) else None
        for place in places
    )
    known = isinstance(commit, str) and COMMIT.fullmatch(commit)
    return Release(commit if known else None, platform, environment, region)


def judge_release(key: ReleaseKey, reply: Reply) -> Judgement:
    """Whether `/healthz` tells a commit, and the one that is expected."""
    if failed := judge_failure(reply):
        if failed.outcome is not Outcome.CLIENT_ERROR:
            return failed
        reason = f"/healthz answered with status {reply.status}: nobody can tell which commit runs"
        return replace(failed, reason=reason)
    commit = _commit(reply)
    if commit is None:
        reason = (
            "/healthz tells no commit: a JSON object was expected, with 7 to 40 hexadecimal digits "
            "at release, commit"
        )
        return Judgement(Outcome.EMPTY, reason)
    if not is_same_commit(commit, key.commit):
        reason = f"commit {short(commit)} answers, not {short(key.commit)}"
        return Judgement(Outcome.WRONG, reason)
    return Judgement(Outcome.RIGHT, f"commit {short(commit)} answers")


def judge_consistency(key: ConsistencyKey, replies: Sequence[Reply]) -> Judgement:
    """Judge whether the last pass met one release and one answer on its fresh connections."""
    told = [reply for reply in replies if reply.is_healthz][-key.connections :]
    asked = [reply for reply in replies if not reply.is_healthz][-key.connections :]
    if failed := _failed_connection(told, asked):
        return failed
    releases = Counter(map(_told_release, told))
    answers = Counter(map(_answer, asked))
    met = f"{key.connections} fresh connections met"
    faults = []
    if len(releases) > 1:
        faults.append(f"different releases: {_counted(releases)}")
    if len(answers) > 1:
        faults.append(f"different answers: {_counted(Counter(map(quoted, answers.elements())))}")
    if faults or not told or not asked:
        return Judgement(Outcome.WRONG, f"{met} {'; and '.join(faults)}")
    return Judgement(Outcome.RIGHT, f"{met} one answer and one release, {next(iter(releases))}")


def _failed_connection(told: list[Reply], asked: list[Reply]) -> Judgement | None:
    """Judge a connection that failed; None if all of them can be compared."""
    for reply in (*told, *asked):
        failed = judge_failure(reply)
        # An instance that lacks a path may be the old one: a 4xx is an answer like any other.
        if failed and failed.outcome is not Outcome.CLIENT_ERROR:
            return replace(failed, reason=f"one of the fresh connections failed: {failed.reason}")
    # But if all of them answer the query with the same 4xx, there is no answer to compare.
    is_one_status = len({reply.status for reply in asked}) == 1
    return judge_failure(asked[-1]) if is_one_status else None


def _told_release(reply: Reply) -> str:
    commit = _commit(reply)
    return "no commit told" if commit is None else f"commit {short(commit)}"


def _answer(reply: Reply) -> str:
    return f"status {reply.status}" if judge_failure(reply) else normalize(reply.text)


def _counted(values: Counter[str]) -> str:
    shown = [f"{value} ({count})" for value, count in values.most_common(_SHOWN)]
    return ", ".join(shown if len(values) <= _SHOWN else [*shown, "and others"])


def _commit(reply: Reply) -> str | None:
    release = read_release(reply)
    return release.commit if release else None
